//! `sendport status`: of the running host, or of its message box when none is running.

use std::fmt::Write as _;

use admin::{PortReport, Status};
use anyhow::{Context as _, bail};
use bytesize::ByteSize;

use crate::cli::HostArguments;
use crate::client::{Client, Target, empty};
use crate::config::Config;
use crate::table::Table;
use crate::{output, storage};

pub(crate) async fn status(json: bool, arguments: &HostArguments) -> anyhow::Result<()> {
    let status = match Target::find(arguments).await? {
        Target::Host(client) => over_http(&client).await?,
        Target::Nobody(config) => directly(&config).await?,
    };
    if json {
        let text = serde_json::to_string_pretty(&status).context("cannot write the status")?;
        return output::print(&format!("{text}\n"));
    }
    output::print(&as_text(&status))
}

async fn over_http(client: &Client) -> anyhow::Result<Status> {
    let request = client.request("GET", "/v1/status").body(empty())?;
    let answer = client.send(request).await?;
    serde_json::from_slice(&answer).context("the host's answer is not understood")
}

async fn directly(config: &Config) -> anyhow::Result<Status> {
    // Asking must not create a box.
    if !storage::exists(config) {
        let (url, directory) = (config.host.url(), config.host.data_directory.display());
        bail!(
            "no host answers at {url}, and there is no message box in {directory}; \
             start the host with 'sendport run {}'",
            config.file.display()
        );
    }
    let message_box = storage::open_without_host(config)?;
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
        "accepted {} = delivered {} + suspended {} + pending {}: {verdict}",
        audit.accepted, audit.delivered, audit.suspended, audit.pending
    )
    .expect("a String takes everything");
    text
}

fn row(port: &PortReport) -> [String; 9] {
    let stored = &port.stored;
    let running = port.running.as_ref();
    let state = running.map_or("not running", |running| running.state.as_str());
    let in_flight = running.map_or(0, |running| running.in_flight);
    let instances = running.map_or(0, |running| running.instances);
    [
        port.port.clone(),
        state.to_owned(),
        stored.pending.to_string(),
        stored.scheduled.to_string(),
        stored.suspended.to_string(),
        stored.delivered.to_string(),
        in_flight.to_string(),
        instances.to_string(),
        ByteSize(stored.bytes).to_string(),
    ]
}

/// What an operator should look at, port by port.
fn troubles(port: &PortReport) -> impl Iterator<Item = String> {
    let running = port.running.as_ref();
    let failing = running.and_then(|running| running.error.clone());
    let last = running.and_then(|running| running.last_error.as_ref());
    let last = last.map(|error| match &error.code {
        Some(code) => format!("last error at {}: {} ({code})", error.at, error.text),
        None => format!("last error at {}: {}", error.at, error.text),
    });
    failing.into_iter().chain(last)
}

#[cfg(test)]
mod tests {
    use admin::{Audit, LastError, Running, Stored};

    use super::*;

    #[test]
    fn the_status_for_people() {
        let running = Running {
            adapter: "http".to_owned(),
            address: "http://h/".to_owned(),
            state: "started".to_owned(),
            error: None,
            instances: 2,
            in_flight: 17,
            instances_lost: 0,
            unresolved: 20,
            high_watermark: 1024,
            delivered: 900,
            retried: 3,
            suspended: 1,
            returned: 0,
            ignored: 0,
            last_error: Some(LastError {
                at: "2025-01-02T03:04:05.678Z".to_owned(),
                code: Some("http-503".to_owned()),
                text: "the destination is busy".to_owned(),
            }),
            last_progress: None,
        };
        let stored = Stored {
            pending: 99,
            scheduled: 3,
            suspended: 1,
            bytes: 4096,
            oldest_pending: None,
            accepted: 1000,
            delivered: 900,
        };
        let report = |port: &str, running, stored| PortReport {
            port: port.to_owned(),
            running,
            stored,
        };
        let status = Status {
            version: "1".to_owned(),
            box_id: "2a".to_owned(),
            ports: vec![
                report("orders", Some(running), stored),
                report("old", None, Stored::default()),
            ],
            audit: Audit {
                accepted: 1000,
                delivered: 900,
                suspended: 1,
                pending: 99,
                holds: true,
            },
        };
        let expected = "\
port    state        pending  scheduled  suspended  delivered  in flight  instances  bytes
orders  started           99          3          1        900         17          2  4.0 KiB
old     not running        0          0          0          0          0          0  0 B
orders: last error at 2025-01-02T03:04:05.678Z: the destination is busy (http-503)
accepted 1000 = delivered 900 + suspended 1 + pending 99: the sum holds
";
        assert_eq!(as_text(&status), expected);
    }
}
