//! The commands about suspended messages, and how they are told which ones are meant.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use model::{MessageId, PortName, Timestamp};

use super::{Common, value};

#[derive(Debug, Subcommand)]
pub(crate) enum SuspendedCommand {
    /// List them, those suspended first first
    List {
        #[command(flatten)]
        filter: FilterArguments,
        /// Only those that come after this one in the list
        #[arg(long, value_name = "ID")]
        after: Option<MessageId>,
        /// At most so many
        #[arg(long, default_value_t = 100)]
        limit: usize,
        #[command(flatten)]
        common: Common,
    },
    /// Show everything that is known about a message
    Show {
        /// The message
        id: MessageId,
        /// Write its body to a file as well; - is the standard output, and nothing else is printed then
        #[arg(long, value_name = "FILE")]
        save_body: Option<PathBuf>,
        #[command(flatten)]
        common: Common,
    },
    /// Put messages back into their queues
    Resume(DecideArguments),
    /// Remove messages for good
    Terminate {
        #[command(flatten)]
        decide: DecideArguments,
        /// Do it: without this, messages chosen by a filter are only counted
        #[arg(long)]
        yes: bool,
    },
    /// Change a message before it is resumed; the original is kept
    Edit(EditArguments),
}

/// Messages by their ids, by a filter, or all of them.
#[derive(Debug, Args)]
#[command(group(
    ArgGroup::new("selection")
        .required(true)
        .multiple(true)
        .args(["ids", "all", "port", "code", "since", "until", "resumable"])
))]
pub(crate) struct DecideArguments {
    /// The messages
    #[arg(
        value_name = "ID",
        conflicts_with_all = ["all", "port", "code", "since", "until", "resumable"]
    )]
    pub(crate) ids: Vec<MessageId>,
    /// All suspended messages
    #[arg(long, conflicts_with_all = ["port", "code", "since", "until", "resumable"])]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) filter: FilterArguments,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct FilterArguments {
    /// Those of this port
    #[arg(long, value_parser = value::port_name)]
    pub(crate) port: Option<PortName>,
    /// Those suspended for an error with this code, for example http-400
    #[arg(long)]
    pub(crate) code: Option<String>,
    /// Those suspended at this time or later, for example 2026-01-31T18:00:00+01:00
    #[arg(long, value_name = "TIME", value_parser = value::time)]
    pub(crate) since: Option<Timestamp>,
    /// Those suspended before this time
    #[arg(long, value_name = "TIME", value_parser = value::time)]
    pub(crate) until: Option<Timestamp>,
    /// Those that can be resumed, or cannot
    #[arg(long, value_name = "true|false")]
    pub(crate) resumable: Option<bool>,
}

#[derive(Debug, Args)]
#[command(group(
    ArgGroup::new("change")
        .required(true)
        .multiple(true)
        .args(["properties", "unset", "body"])
))]
pub(crate) struct EditArguments {
    /// The message
    pub(crate) id: MessageId,
    /// Set a property; may be given several times
    #[arg(long = "property", value_name = "NAME=VALUE", value_parser = value::property)]
    pub(crate) properties: Vec<(String, String)>,
    /// Remove a property; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(crate) unset: Vec<String>,
    /// The new body; - reads the standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) body: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) common: Common,
}
