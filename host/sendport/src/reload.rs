//! `sendport reload`: have a running host read its configuration file again.

use admin::{PortChange, Reloaded};
use serde::Serialize;

use crate::cli::ReloadArguments;
use crate::client::with_query;
use crate::config::written;
use crate::deploying::host;
use crate::{output, swaps};

#[derive(Debug, Serialize)]
struct Query {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    accept: bool,
    deadline: String,
}

pub(crate) async fn reload(arguments: ReloadArguments) -> anyhow::Result<()> {
    let ReloadArguments {
        accept,
        deadline,
        common,
    } = arguments;
    let client = host(&common).await?;
    let query = Query {
        accept,
        deadline: written(deadline),
    };
    let reloaded: Reloaded = client
        .ask("POST", &with_query("/v1/reload", &query)?)
        .await?;
    if common.json {
        return output::print_json(&reloaded);
    }
    output::print(&describe(&reloaded))
}

/// What was changed, also for the host's own output.
pub(crate) fn describe(reloaded: &Reloaded) -> String {
    let mut text: String = reloaded.ports.iter().map(port).collect();
    text += &format!("{} ports are as they were\n", reloaded.unchanged);
    for key in &reloaded.need_restart {
        text += &format!("note: {key} has changed, which needs a restart\n");
    }
    text
}

fn port(change: &PortChange) -> String {
    let PortChange {
        port,
        change,
        swap,
        failed,
    } = change;
    let mut text = match failed {
        None => format!("{port} was {change}\n"),
        Some(reason) => format!("{port} could not be {change}: {reason}\n"),
    };
    text.extend(swap.iter().map(swaps::describe));
    text
}
