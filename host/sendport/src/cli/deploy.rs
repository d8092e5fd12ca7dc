//! What the commands about hot swaps take.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use model::PortName;

use super::{Common, value};

#[derive(Debug, Args)]
pub(crate) struct DeployArguments {
    #[command(flatten)]
    pub(crate) which: WhichArguments,
    /// The component's file; a signature beside it, with '.sig' added to its name, is brought along
    pub(crate) component: PathBuf,
    /// Agree to what the component can do and the running one cannot
    #[arg(long)]
    pub(crate) accept: bool,
    /// Only so many messages in a hundred go to the new version; it is rolled back by itself when it does worse
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(1..=99))]
    pub(crate) canary: Option<u8>,
    /// The first so many messages go to the new version; when it does no worse, it takes over by itself
    #[arg(long, value_name = "MESSAGES", conflicts_with = "canary", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) canary_first: Option<u64>,
}

/// A port's adapter on a running host.
#[derive(Debug, Args)]
pub(crate) struct WhichArguments {
    /// The send port
    #[arg(value_parser = value::port_name)]
    pub(crate) port: PortName,
    /// The adapter's name in the configuration, for a port that has several
    #[arg(long, value_name = "NAME")]
    pub(crate) adapter: Option<String>,
    /// How long messages in flight may take; what is left then is handed to the new version
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = value::duration)]
    pub(crate) deadline: Duration,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SwapCommand {
    /// Say what took the place of what, and prove that nothing was lost; the newest first
    Show(SwapArguments),
}

#[derive(Debug, Args)]
pub(crate) struct SwapArguments {
    /// Of this port only
    #[arg(value_parser = value::port_name)]
    pub(crate) port: Option<PortName>,
    /// At most so many
    #[arg(long, default_value = "20", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) limit: u16,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct ReloadArguments {
    /// Agree to what changed components can do and the running ones cannot
    #[arg(long)]
    pub(crate) accept: bool,
    /// How long messages in flight may take, on each port that is replaced
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = value::duration)]
    pub(crate) deadline: Duration,
    #[command(flatten)]
    pub(crate) common: Common,
}
