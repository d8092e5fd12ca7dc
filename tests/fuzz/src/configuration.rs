//! Any text as a configuration: it is refused, line by line, or means something that can be told.

use std::path::Path;

use adapter_runtime::{ConfigurationKey, TransportInfo, ValueKind, World};
use model::Timestamp;
use sendport::{Complaint, examine};

const FILE: &str = "etc/sendport.toml";

/// 2026-03-06T12:00:00Z.
const NOW: Timestamp = Timestamp(1_772_798_400_000);

/// The text is read and checked as `sendport check` does, against adapters that are made up.
pub fn fuzz(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let said = examine(Path::new(FILE), text, component, NOW);
    match &said {
        Ok(report) => check_report(report),
        Err(complaints) => {
            assert!(!complaints.is_empty(), "refused without a reason");
            for complaint in complaints {
                check_complaint(text, complaint);
            }
        }
    }
    let again = examine(Path::new(FILE), text, component, NOW);
    assert_eq!(said, again, "the same text means the same");
}

fn check_report(report: &str) {
    assert!(report.contains("etc/sendport.toml is in order"), "{report}");
    let tells = |c: char| c == '\n' || !c.is_control();
    assert!(report.chars().all(tells), "{report:?}");
}

/// It names a place in the text and a key, and is one line, whatever the text holds.
fn check_complaint(text: &str, complaint: &Complaint) {
    let Complaint {
        line,
        column,
        key,
        problem,
    } = complaint;
    let written = line
        .checked_sub(1)
        .and_then(|nth| text.split('\n').nth(nth));
    let written = written.unwrap_or_else(|| panic!("there is no such line: {complaint:?}"));
    let columns = 1..=written.chars().count() + 1;
    assert!(columns.contains(column), "no such column: {complaint:?}");
    let is_syntax = problem.starts_with("not TOML: ");
    assert_eq!(key.is_empty(), is_syntax, "{complaint:?}");
    assert!(!problem.is_empty(), "{complaint:?}");
    let one_line = |text: &str| !text.chars().any(char::is_control);
    assert!(one_line(key) && one_line(problem), "{complaint:?}");
}

/// An adapter for every name of a component that the default configuration or a case file uses.
fn component(path: &Path) -> Option<(TransportInfo, World)> {
    let (transport_type, prefixes, world): (_, &[&str], _) = match path.file_stem()?.to_str()? {
        "http" | "http-adapter" => ("HTTP", &["http://", "https://"], World::AsyncSendAdapter),
        "file" => ("FILE", &["file://", "/", "."], World::AsyncSendAdapter),
        "queue" => ("QUEUE", &[], World::AsyncBatchSendAdapter),
        "postgres" => (
            "POSTGRES",
            &["postgres://"],
            World::TransactionalBatchSendAdapter,
        ),
        "smtp" => ("SMTP", &["smtp://"], World::SendAdapter),
        "bulk" => ("BULK", &["bulk://"], World::BatchSendAdapter),
        _ => return None,
    };
    let info = TransportInfo {
        name: format!("{transport_type} adapter"),
        version: "1.0".to_owned(),
        description: String::new(),
        transport_type: transport_type.to_owned(),
        address_prefixes: prefixes.iter().map(|prefix| (*prefix).to_owned()).collect(),
        start_eagerly: false,
        ordered_delivery: world != World::AsyncBatchSendAdapter,
        two_way: world == World::AsyncSendAdapter,
        handler_schema: vec![key("limit", ValueKind::Number)],
        port_schema: schema(),
    };
    Some((info, world))
}

/// One key of every kind.
fn schema() -> Vec<ConfigurationKey> {
    let methods = ["POST", "PUT"].map(str::to_owned).to_vec();
    vec![
        key("limit", ValueKind::Number),
        key("method", ValueKind::OneOf(methods)),
        key("timeout", ValueKind::Duration),
        key("strict", ValueKind::Boolean),
        key("header.*", ValueKind::Text),
    ]
}

fn key(name: &str, kind: ValueKind) -> ConfigurationKey {
    ConfigurationKey {
        name: name.to_owned(),
        description: format!("what {name} is for"),
        kind,
        required: false,
        default: None,
    }
}
