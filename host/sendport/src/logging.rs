//! Where log lines go: the standard error, filtered by the variable `SENDPORT_LOG`.

mod event;

use std::io::IsTerminal as _;

use anyhow::Context as _;
use tracing_subscriber::EnvFilter;

use crate::cli::LogFormat;
use event::Events;

const VARIABLE: &str = "SENDPORT_LOG";
const DEFAULT_FILTER: &str = "info";

/// Sets the log up for the whole process.
pub(crate) fn init(format: LogFormat) -> anyhow::Result<()> {
    let filter = std::env::var(VARIABLE).unwrap_or_else(|_| DEFAULT_FILTER.to_owned());
    let filter = EnvFilter::try_new(&filter).with_context(|| {
        format!(
            "{VARIABLE} is {filter:?}; use for example 'info', 'debug' or 'warn,dispatcher=trace'"
        )
    })?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(|| Events(std::io::stderr()));
    match format {
        LogFormat::Json => log.json().init(),
        LogFormat::Text => log.with_target(false).init(),
    }
    Ok(())
}
