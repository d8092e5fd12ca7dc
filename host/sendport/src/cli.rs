//! The command line, as clap reads it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use model::{PortName, Priority};

use crate::config::DEFAULT_PATH;

/// Delivers messages durably, through adapters in WebAssembly sandboxes.
#[derive(Debug, Parser)]
#[command(name = "sendport", version, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// How log lines look; which are written is said by the variable SENDPORT_LOG (info, debug, dispatcher=trace, …)
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
}

/// The forms of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// One JSON object per line
    Json,
    /// For people
    Text,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a host until it is told to stop (SIGTERM, Ctrl-C)
    Run {
        /// The configuration file
        #[arg(default_value = DEFAULT_PATH)]
        config: PathBuf,
    },
    /// Say everything that is wrong with a configuration, without starting anything
    Check {
        /// The configuration file
        #[arg(default_value = DEFAULT_PATH)]
        config: PathBuf,
    },
    /// Publish a message, or many, and print their ids
    Publish(Publish),
    /// Say how the ports and the message box are
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        host: HostArguments,
    },
    /// Look at adapters
    #[command(subcommand)]
    Adapter(AdapterCommand),
    /// Print a commented configuration file to start from
    Config,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AdapterCommand {
    /// Say what a component is: world, imports, exports, configuration keys
    Inspect {
        /// The component's file
        component: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Which host is meant.
#[derive(Debug, Args)]
pub(crate) struct HostArguments {
    /// The configuration file of the host
    #[arg(long, value_name = "FILE", default_value = DEFAULT_PATH, conflicts_with = "url")]
    pub(crate) config: PathBuf,
    /// Where the host listens, instead of what its configuration says
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Publish {
    /// The send port
    #[arg(value_parser = port_name)]
    pub(crate) port: PortName,
    /// The message's body; - reads the standard input
    pub(crate) file: PathBuf,
    /// Every line of the file is a message of its own, in JSON
    #[arg(long, conflicts_with = "content_type")]
    pub(crate) ndjson: bool,
    /// A property of the message; may be given several times
    #[arg(long = "property", value_name = "NAME=VALUE", value_parser = property)]
    pub(crate) properties: Vec<(String, String)>,
    /// 1 is sent first, 10 last
    #[arg(long, default_value = "5", value_parser = priority)]
    pub(crate) priority: Priority,
    /// The same key for the same content publishes only once
    #[arg(long, value_name = "KEY", value_parser = idempotency_key)]
    pub(crate) idempotency_key: Option<String>,
    /// What the body is, for example application/json
    #[arg(long, value_name = "TYPE", value_parser = visible)]
    pub(crate) content_type: Option<String>,
    #[command(flatten)]
    pub(crate) host: HostArguments,
}

fn port_name(text: &str) -> Result<PortName, String> {
    PortName::new(text).map_err(|error| error.to_string())
}

fn priority(text: &str) -> Result<Priority, String> {
    let number = text
        .parse()
        .map_err(|_| "use a number from 1 (first) to 10 (last)".to_owned())?;
    Priority::new(number).map_err(|error| error.to_string())
}

/// Properties travel as HTTP headers, whose names know no capitals; the same rule holds when the box is
/// opened directly, so that a message does not depend on how it was published.
fn property(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("write NAME=VALUE, for example --property source-file-name=order.xml")?;
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b);
    if name.is_empty() || !name.bytes().all(allowed) {
        return Err(format!(
            "{name:?} cannot name a property: use lower-case letters, digits, '-', '_' or '.'"
        ));
    }
    Ok((name.to_owned(), visible(value)?))
}

fn idempotency_key(text: &str) -> Result<String, String> {
    match text.len() {
        1..=255 => visible(text),
        length => Err(format!("the key has {length} bytes; use 1 to 255")),
    }
}

/// A text that can stand in a header: no line breaks or other controls, no space around it.
fn visible(text: &str) -> Result<String, String> {
    if text.contains(char::is_control) || text.trim() != text {
        return Err(
            "line breaks, control characters and space around it are not allowed".to_owned(),
        );
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn properties_have_names_that_travel() {
        let pair = |name: &str, value: &str| Ok((name.to_owned(), value.to_owned()));
        assert_eq!(property("a=b=c"), pair("a", "b=c"));
        assert_eq!(property("source-file-name="), pair("source-file-name", ""));
        for wrong in ["a", "=b", "Name=x", "two words=x", "a=line\nbreak", "a= x"] {
            assert!(property(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn bad_usage_is_refused() {
        for wrong in [
            "publish orders",
            "publish or/ders f",
            "publish orders f --priority 0",
            "publish orders f --ndjson --content-type text/plain",
            "status --config a --url http://h",
            "run a b",
        ] {
            let arguments = std::iter::once("sendport").chain(wrong.split(' '));
            assert!(Cli::try_parse_from(arguments).is_err(), "{wrong}");
        }
    }
}
