//! `sendport check`: everything that `run` would find wrong, without opening the message box; and when
//! nothing is, what the configuration means. Secrets are read for it, their commands run, and none is shown.

pub(crate) mod credentials;
mod port;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::path::Path;
use std::time::SystemTime;

use model::Timestamp;

use crate::config::Config;
use crate::output::{self, visible};
use crate::wiring::{Adapters, KnownAdapters, notes};

pub(crate) use port::{instances, limits, sandbox};

pub(crate) async fn check(file: &Path) -> anyhow::Result<()> {
    let config = Config::load(file)?;
    let adapters = Adapters::load(&config, None).await?;
    let now = Timestamp::from_system(SystemTime::now());
    let mut report = report(&config, adapters.known(), now);
    for note in adapters.notes() {
        line(&mut report, note);
    }
    output::print(&report)
}

fn line(report: &mut String, note: &str) {
    writeln!(report, "note: {}", visible(note)).expect("a String takes everything");
}

/// What a configuration without mistakes means; windows are told as they are `now`.
pub(crate) fn report(config: &Config, known: &KnownAdapters, now: Timestamp) -> String {
    let mut report = String::new();
    for port in &config.ports {
        report.push_str(&port::describe(port, known, now));
        report.push('\n');
    }
    let host = &config.host;
    write!(
        report,
        "message box {}, listening on {}\n{} is in order\n",
        visible(&host.data_directory.to_string_lossy()),
        host.listen,
        visible(&config.file.to_string_lossy())
    )
    .expect("a String takes everything");
    let mut notes = notes(config, known);
    if !host.listen.ip().is_loopback() {
        let exposed =
            "everybody who reaches that address may publish; sendport does not ask who it is";
        notes.push(exposed.to_owned());
    }
    for note in notes {
        line(&mut report, &note);
    }
    report
}
