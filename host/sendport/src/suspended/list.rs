//! `sendport suspended list`.

use std::fmt::Write as _;

use admin::suspended::{Page, Suspended, SuspendedEntry};
use bytesize::ByteSize;

use super::{Queue, one_line};
use crate::cli::Common;
use crate::output;
use crate::table::Table;

pub(super) async fn list(page: &Page, common: &Common) -> anyhow::Result<()> {
    let queue = Queue::open(&common.host).await?;
    let suspended = queue.list(page).await?;
    queue.close().await?;
    if common.json {
        return output::print_json(&suspended);
    }
    output::print(&as_text(&suspended))
}

fn as_text(suspended: &Suspended) -> String {
    if suspended.messages.is_empty() {
        return "no suspended message\n".to_owned();
    }
    let mut table = Table::new(&["id", "port", "suspended", "attempts", "size", "why"]);
    for message in &suspended.messages {
        table.row([
            message.id.clone(),
            message.port.clone(),
            message.suspended.clone(),
            message.attempts.to_string(),
            ByteSize(message.size).to_string(),
            why(message),
        ]);
    }
    let mut text = table.render();
    if let Some(next) = &suspended.next {
        writeln!(text, "there may be more: --after {next}").expect("a String takes everything");
    }
    text
}

fn why(message: &SuspendedEntry) -> String {
    let mut why = one_line(&message.text);
    if let Some(code) = &message.code {
        write!(why, " ({code})").expect("a String takes everything");
    }
    if message.edited {
        why.push_str(", edited");
    }
    if !message.resumable {
        why.push_str(", cannot be resumed");
    }
    why
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_for_people() {
        let entry = SuspendedEntry {
            id: "00000000-0001-8000-8000-00000000002a".to_owned(),
            port: "orders".to_owned(),
            accepted: "2026-01-31T17:00:00.000Z".to_owned(),
            suspended: "2026-01-31T18:00:00.000Z".to_owned(),
            transport: "primary".to_owned(),
            adapter: None,
            attempts: 4,
            code: Some("http-400".to_owned()),
            text: "no such\ncustomer".to_owned(),
            resumable: true,
            edited: false,
            size: 6,
        };
        let other = SuspendedEntry {
            code: None,
            resumable: false,
            edited: true,
            ..entry.clone()
        };
        let suspended = Suspended {
            messages: vec![entry.clone(), other],
            next: Some(entry.id),
        };
        let expected = "\
id                                    port    suspended                 attempts  size  why
00000000-0001-8000-8000-00000000002a  orders  2026-01-31T18:00:00.000Z         4  6 B   no such customer (http-400)
00000000-0001-8000-8000-00000000002a  orders  2026-01-31T18:00:00.000Z         4  6 B   no such customer, edited, cannot be resumed
there may be more: --after 00000000-0001-8000-8000-00000000002a
";
        assert_eq!(as_text(&suspended), expected);
    }
}
