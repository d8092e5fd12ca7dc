//! The command line, as clap reads it.

mod adapter;
mod decide;
mod deploy;
mod value;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use model::{MessageId, PortName, Priority, Timestamp};

use crate::config::DEFAULT_PATH;

pub(crate) use adapter::{InspectArguments, KeygenArguments, SignArguments};
pub(crate) use decide::{DecideArguments, EditArguments, FilterArguments, SuspendedCommand};
pub(crate) use deploy::{
    DeployArguments, ReloadArguments, SwapArguments, SwapCommand, WhichArguments,
};

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
    /// Wait for the response to a message of a two-way port
    Response(ResponseArguments),
    /// Say how the ports and the message box are
    Status {
        /// Say what deliveries have cost: CPU time, time, memory, bytes
        #[arg(long)]
        bill: bool,
        #[command(flatten)]
        common: Common,
    },
    /// Look at suspended messages, and decide about them
    #[command(subcommand)]
    Suspended(SuspendedCommand),
    /// Start, stop and drain send ports
    #[command(subcommand)]
    Port(PortCommand),
    /// Look at adapters, sign them, and drain them
    #[command(subcommand)]
    Adapter(AdapterCommand),
    /// Look at the record of hot swaps
    #[command(subcommand)]
    Swap(SwapCommand),
    /// Have a running host read its configuration file again; one with a mistake changes nothing
    Reload(ReloadArguments),
    /// Make keys
    #[command(subcommand)]
    Secret(SecretCommand),
    /// Print a commented configuration file to start from
    Config,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SecretCommand {
    /// Print a new key to sign webhooks with (Standard Webhooks): whsec_…, which sender and receiver both have
    GenerateWebhookKey {
        /// A pair of keys instead: whsk_… for the sender, and on the second line whpk_… for the receiver
        #[arg(long)]
        asymmetric: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum PortCommand {
    /// Take messages and send them
    Start(PortArguments),
    /// Take messages and keep them until the port is started; it stays so over restarts
    Stop(PortArguments),
    /// Take no more messages and send none; it stays so over restarts
    Unenlist(PortArguments),
    /// Drain a port of a running host: wait for what is in flight, then take its adapter down. Starting it again, or the host, brings it back
    Terminate(TerminateArguments),
}

#[derive(Debug, Args)]
pub(crate) struct PortArguments {
    /// The send port
    #[arg(value_parser = value::port_name)]
    pub(crate) name: PortName,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AdapterCommand {
    /// Say what a component is and what it can do; with --port, what it may do there
    Inspect(InspectArguments),
    /// Sign a component, so that hosts with the public key load it
    Sign(SignArguments),
    /// Make a pair of keys to sign components with
    Keygen(KeygenArguments),
    /// Replace a port's adapter while messages flow; the proof that none was lost is printed and kept
    Deploy(DeployArguments),
    /// Go back to the component that was replaced last, or end a canary in favour of the old version
    Rollback(WhichArguments),
    /// End a canary in favour of the new version
    Promote(WhichArguments),
    /// Say how the two versions of a canary are doing
    Canary(PortArguments),
    /// Drain all ports of a running host that use an adapter
    Terminate(TerminateArguments),
}

#[derive(Debug, Args)]
pub(crate) struct TerminateArguments {
    /// Its name in the configuration
    pub(crate) name: String,
    /// How long messages in flight may take; what is left then is delivered again later
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = value::duration)]
    pub(crate) deadline: Duration,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// What most commands take.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) host: HostArguments,
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
    #[arg(value_parser = value::port_name)]
    pub(crate) port: PortName,
    /// The message's body; - reads the standard input
    pub(crate) file: PathBuf,
    /// Every line of the file is a message of its own, in JSON
    #[arg(long, conflicts_with = "content_type")]
    pub(crate) ndjson: bool,
    /// A property of the message; may be given several times
    #[arg(long = "property", value_name = "NAME=VALUE", value_parser = value::property)]
    pub(crate) properties: Vec<(String, String)>,
    /// 1 is sent first, 10 last
    #[arg(long, default_value = "5", value_parser = value::priority)]
    pub(crate) priority: Priority,
    /// The message is not delivered from this time on, for example 2026-01-31T18:00:00+01:00
    #[arg(long, value_name = "TIME", value_parser = value::time, conflicts_with = "time_to_live")]
    pub(crate) expires: Option<Timestamp>,
    /// The message is not delivered when this much time has passed, for example 30s
    #[arg(long, value_name = "TIME", value_parser = value::time_to_live)]
    pub(crate) time_to_live: Option<Duration>,
    /// On a port that orders by key, messages of the same key are delivered one after the other
    #[arg(long, value_name = "KEY", value_parser = value::ordering_key)]
    pub(crate) ordering_key: Option<String>,
    /// The same key for the same content publishes only once
    #[arg(long, value_name = "KEY", value_parser = value::idempotency_key)]
    pub(crate) idempotency_key: Option<String>,
    /// What the body is, for example application/json
    #[arg(long, value_name = "TYPE", value_parser = value::visible)]
    pub(crate) content_type: Option<String>,
    #[command(flatten)]
    pub(crate) host: HostArguments,
}

#[derive(Debug, Args)]
pub(crate) struct ResponseArguments {
    /// The message, as publish printed it
    pub(crate) id: MessageId,
    /// How long to wait for it
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = value::duration)]
    pub(crate) wait: Duration,
    /// Where the response's body goes; the standard output when not given
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(std::iter::once("sendport").chain(line.split(' ')))
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn bad_usage_is_refused() {
        for wrong in [
            "publish orders",
            "publish or/ders f",
            "publish orders f --priority 0",
            "publish orders f --ndjson --content-type text/plain",
            "publish orders f --expires tomorrow",
            "publish orders f --time-to-live 0s",
            "publish orders f --time-to-live 1m --expires 2026-01-31T18:00:00Z",
            "status --config a --url http://h",
            "run a b",
            "port start or/ders",
            "port terminate orders --deadline soon",
            "response 42",
            "adapter inspect",
            "adapter inspect a.wasm --port orders --against b.wasm",
            "adapter sign a.wasm",
            "adapter keygen a --algorithm rsa",
            "suspended show",
            "suspended resume",
            "suspended resume --all --port orders",
            "suspended resume 00000000-0001-8000-8000-00000000002a --all",
            "suspended terminate 00000000-0001-8000-8000-00000000002a --code http-400",
            "suspended edit 00000000-0001-8000-8000-00000000002a",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn good_usage_is_understood() {
        for right in [
            "publish orders f --time-to-live 30s --ordering-key customer-7",
            "publish orders f --expires 2026-01-31T18:00:00+01:00",
            "port unenlist orders --json",
            "adapter terminate http --deadline 5s --url http://h",
            "adapter inspect a.wasm --against b.wasm --json",
            "adapter inspect --port orders --config f",
            "adapter inspect a.wasm --port orders",
            "adapter inspect a.wasm --config f",
            "adapter sign a.wasm --key k --output a.sig",
            "adapter keygen release --algorithm ecdsa-p256",
            "response 00000000-0001-8000-8000-00000000002a --wait 30s --output -",
            "suspended list --port orders --code http-400 --since 2026-01-31T18:00:00Z",
            "suspended resume 00000000-0001-8000-8000-00000000002a",
            "suspended resume --all",
            "suspended terminate --resumable false --yes",
            "secret generate-webhook-key",
            "secret generate-webhook-key --asymmetric",
            "suspended edit 00000000-0001-8000-8000-00000000002a --unset a --property b=c --body f",
        ] {
            if let Err(error) = parse(right) {
                panic!("{right}: {error}");
            }
        }
    }
}
