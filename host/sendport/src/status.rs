//! `sendport status`: of the running host, or of its message box when none is running.

mod bill;
mod trouble;

use std::fmt::Write as _;

use admin::{PortReport, Status};
use bytesize::ByteSize;

use crate::cli::Common;
use crate::client::Target;
use crate::config::Config;
use crate::table::Table;
use crate::{output, storage};

use trouble::troubles;

pub(crate) async fn status(bill: bool, common: &Common) -> anyhow::Result<()> {
    let status = match Target::find(&common.host).await? {
        Target::Host(client) => client.ask("GET", "/v1/status").await?,
        Target::Nobody(config) => directly(&config).await?,
    };
    if common.json {
        return output::print_json(&status);
    }
    match bill {
        true => output::print(&bill::as_text(&status)),
        false => output::print(&as_text(&status)),
    }
}

async fn directly(config: &Config) -> anyhow::Result<Status> {
    let message_box = storage::open_existing(config)?;
    let status = Status::read(env!("CARGO_PKG_VERSION"), Vec::new(), &message_box).await?;
    message_box.close().await?;
    output::complain("no host is running: this is what its message box holds");
    Ok(status)
}

fn as_text(status: &Status) -> String {
    let mut table = Table::new(&[
        "port",
        "state",
        "pending",
        "scheduled",
        "suspended",
        "delivered",
        "in flight",
        "instances",
        "bytes",
    ]);
    for port in &status.ports {
        table.row(row(port));
    }
    let mut text = table.render();
    for port in &status.ports {
        for trouble in troubles(port) {
            writeln!(text, "{}: {trouble}", port.port).expect("a String takes everything");
        }
    }
    let audit = &status.audit;
    let verdict = if audit.holds {
        "the sum holds"
    } else {
        "THE SUM DOES NOT HOLD"
    };
    writeln!(
        text,
        "accepted {} = delivered {} + routed {} + terminated {} + suspended {} + pending {}: {verdict}",
        audit.accepted,
        audit.delivered,
        audit.routed,
        audit.terminated,
        audit.suspended,
        audit.pending
    )
    .expect("a String takes everything");
    text
}

fn row(port: &PortReport) -> [String; 9] {
    let stored = &port.stored;
    let running = port.running.as_ref();
    let in_flight = running.map_or(0, |running| running.in_flight);
    let instances = running.map_or(0, |running| running.instances);
    [
        port.port.clone(),
        state(port),
        stored.pending.to_string(),
        stored.scheduled.to_string(),
        stored.suspended.to_string(),
        stored.delivered.to_string(),
        in_flight.to_string(),
        instances.to_string(),
        ByteSize(stored.bytes).to_string(),
    ]
}

/// What it is doing; what its operator wants when that explains more.
fn state(port: &PortReport) -> String {
    let state = match &port.running {
        None => "not running",
        Some(running) => running.state.as_str(),
    };
    let enlistment = port.enlistment.as_str();
    match (state, enlistment) {
        (state, "started") => state.to_owned(),
        ("stopped", enlistment) => enlistment.to_owned(),
        (state, enlistment) => format!("{state}, {enlistment}"),
    }
}

#[cfg(test)]
mod tests {
    use admin::{Audit, LastError, Running, Stored};

    use super::trouble::tests::running;
    use super::*;

    fn report(port: &str, running: Option<Running>, stored: Stored) -> PortReport {
        PortReport {
            port: port.to_owned(),
            enlistment: "started".to_owned(),
            running,
            stored,
        }
    }

    #[test]
    fn the_status_for_people() {
        let running = Running {
            instances: 2,
            in_flight: 17,
            delivered: 900,
            last_error: Some(LastError {
                at: "2025-01-02T03:04:05.678Z".to_owned(),
                code: Some("http-503".to_owned()),
                text: "the destination is busy".to_owned(),
            }),
            ..running()
        };
        let stored = Stored {
            pending: 99,
            scheduled: 3,
            suspended: 1,
            bytes: 4096,
            oldest_pending: None,
            accepted: 1000,
            delivered: 897,
            routed: 2,
            terminated: 1,
        };
        let status = Status {
            version: "1".to_owned(),
            box_id: "2a".to_owned(),
            ports: vec![
                report("orders", Some(running), stored),
                report("old", None, Stored::default()),
            ],
            adapters: Vec::new(),
            audit: Audit {
                accepted: 1000,
                delivered: 897,
                routed: 2,
                terminated: 1,
                suspended: 1,
                pending: 99,
                holds: true,
            },
        };
        let expected = "\
port    state        pending  scheduled  suspended  delivered  in flight  instances  bytes
orders  started           99          3          1        897         17          2  4.0 KiB
old     not running        0          0          0          0          0          0  0 B
orders: last error at 2025-01-02T03:04:05.678Z: the destination is busy (http-503)
accepted 1000 = delivered 897 + routed 2 + terminated 1 + suspended 1 + pending 99: the sum holds
";
        assert_eq!(as_text(&status), expected);
    }

    #[test]
    fn what_the_operator_wants_is_shown_when_it_explains_the_state() {
        for (is_running, now, wanted, expected) in [
            (true, "started", "started", "started"),
            (true, "stopped", "stopped", "stopped"),
            (true, "stopped", "unenlisted", "unenlisted"),
            (true, "terminated", "stopped", "terminated, stopped"),
            (false, "", "started", "not running"),
            (false, "", "unenlisted", "not running, unenlisted"),
        ] {
            let running = is_running.then(|| Running {
                state: now.to_owned(),
                ..running()
            });
            let mut port = report("orders", running, Stored::default());
            port.enlistment = wanted.to_owned();
            assert_eq!(state(&port), expected);
        }
    }
}
