//! `sendport suspended resume` and `terminate`.

use admin::suspended;
use admin::suspended::{Choice, Page, Refused, Resumed, Terminated};
use anyhow::bail;

use super::{Queue, page};
use crate::cli::DecideArguments;
use crate::output;

/// Messages counted with one request: as many as the host gives out at once.
const PAGE: usize = 10_000;

pub(super) async fn resume(arguments: &DecideArguments) -> anyhow::Result<()> {
    let queue = Queue::open(&arguments.common.host).await?;
    let choice = choice(arguments);
    let resumed: Resumed = match &queue {
        Queue::Host(client) => {
            let path = "/v1/messages/suspended/resume";
            client.tell("POST", path, &choice).await?
        }
        Queue::Box(message_box, _) => suspended::resume(message_box, &choice).await?,
    };
    queue.close().await?;
    if arguments.common.json {
        output::print_json(&resumed)?;
    } else {
        output::print(&resumed_text(&resumed))?;
    }
    complain_of(&resumed.refused, "resumed")
}

pub(super) async fn terminate(arguments: &DecideArguments, yes: bool) -> anyhow::Result<()> {
    let queue = Queue::open(&arguments.common.host).await?;
    // Whoever writes ids down has counted them.
    if arguments.ids.is_empty() && !yes {
        let count = count(&queue, arguments).await?;
        queue.close().await?;
        bail!(not_yet(count));
    }
    let choice = choice(arguments);
    let terminated: Terminated = match &queue {
        Queue::Host(client) => {
            let path = "/v1/messages/suspended/terminate";
            client.tell("POST", path, &choice).await?
        }
        Queue::Box(message_box, _) => suspended::terminate(message_box, &choice).await?,
    };
    queue.close().await?;
    if arguments.common.json {
        output::print_json(&terminated)?;
    } else {
        let text = format!("{} terminated\n", messages(terminated.terminated));
        output::print(&text)?;
    }
    complain_of(&terminated.refused, "terminated")
}

fn choice(arguments: &DecideArguments) -> Choice {
    let filter = page(&arguments.filter);
    let ids = &arguments.ids;
    Choice {
        ids: (!ids.is_empty()).then(|| ids.iter().map(ToString::to_string).collect()),
        all: arguments.all,
        port: filter.port,
        code: filter.code,
        since: filter.since,
        until: filter.until,
        resumable: filter.resumable,
    }
}

async fn count(queue: &Queue, arguments: &DecideArguments) -> anyhow::Result<u64> {
    let mut page = Page {
        limit: Some(PAGE),
        ..page(&arguments.filter)
    };
    let mut count = 0;
    loop {
        let suspended = queue.list(&page).await?;
        count += suspended.messages.len() as u64;
        match suspended.next {
            Some(next) => page.after = Some(next),
            None => return Ok(count),
        }
    }
}

fn not_yet(count: u64) -> String {
    match count {
        0 => "no suspended message fits; nothing was done".to_owned(),
        _ => format!(
            "this would remove {} for good; nothing was done. Repeat the command with --yes to do it",
            messages(count)
        ),
    }
}

fn resumed_text(resumed: &Resumed) -> String {
    let done = messages(resumed.resumed);
    match resumed.skipped {
        0 => format!("{done} resumed\n"),
        skipped => format!(
            "{done} resumed, {skipped} passed over: they cannot be resumed, only terminated\n"
        ),
    }
}

fn messages(count: u64) -> String {
    match count {
        1 => "1 message".to_owned(),
        count => format!("{count} messages"),
    }
}

/// Messages that were asked for by id and not touched: the command has failed, in part at least.
fn complain_of(refused: &[Refused], what: &str) -> anyhow::Result<()> {
    for refused in refused {
        output::complain(&format!("message {} {}", refused.id, refused.reason));
    }
    match refused.len() as u64 {
        0 => Ok(()),
        count => bail!("{} could not be {what}", messages(count)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_is_counted() {
        let mut resumed = Resumed {
            resumed: 1,
            skipped: 0,
            refused: Vec::new(),
        };
        assert_eq!(resumed_text(&resumed), "1 message resumed\n");
        resumed.resumed = 12;
        resumed.skipped = 3;
        assert!(resumed_text(&resumed).starts_with("12 messages resumed, 3 passed over"));
    }

    #[test]
    fn removing_by_filter_has_to_be_said_twice() {
        assert!(not_yet(12).contains("12 messages for good") && not_yet(12).contains("--yes"));
        assert!(!not_yet(0).contains("--yes"));
    }

    #[test]
    fn refused_messages_make_the_command_fail() {
        let refused = Refused {
            id: "00000000-0001-8000-8000-00000000002a".to_owned(),
            code: "not-suspended".to_owned(),
            reason: "is not suspended".to_owned(),
        };
        let error = complain_of(&[refused], "resumed").unwrap_err();
        assert_eq!(error.to_string(), "1 message could not be resumed");
        assert!(complain_of(&[], "resumed").is_ok());
    }
}
