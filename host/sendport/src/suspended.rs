//! `sendport suspended`: the messages that wait for a person, through the running host or straight from
//! its message box.

mod decide;
mod edit;
mod list;
mod show;

use admin::message::MessageReport;
use admin::suspended::{Page, Suspended};
use admin::time::rfc3339;
use admin::{message, suspended};
use message_box::MessageBox;
use model::MessageId;

use crate::cli::{FilterArguments, HostArguments, SuspendedCommand};
use crate::client::{Client, Target, with_query};
use crate::config::Config;
use crate::storage;

pub(crate) async fn suspended(command: SuspendedCommand) -> anyhow::Result<()> {
    match command {
        SuspendedCommand::List {
            filter,
            after,
            limit,
            common,
        } => {
            let page = Page {
                after: after.map(|id| id.to_string()),
                limit: Some(limit),
                ..page(&filter)
            };
            list::list(&page, &common).await
        }
        SuspendedCommand::Show {
            id,
            save_body,
            common,
        } => show::show(id, save_body.as_deref(), &common).await,
        SuspendedCommand::Resume(choice) => decide::resume(&choice).await,
        SuspendedCommand::Terminate { decide, yes } => decide::terminate(&decide, yes).await,
        SuspendedCommand::Edit(edit) => edit::edit(edit).await,
    }
}

/// Where the messages are: with a running host, or in a box that nobody else has open.
enum Queue {
    Host(Client),
    Box(MessageBox, Config),
}

impl Queue {
    async fn open(arguments: &HostArguments) -> anyhow::Result<Self> {
        match Target::find(arguments).await? {
            Target::Host(client) => Ok(Self::Host(client)),
            Target::Nobody(config) => Ok(Self::Box(storage::open_existing(&config)?, config)),
        }
    }

    async fn list(&self, page: &Page) -> anyhow::Result<Suspended> {
        match self {
            Self::Host(client) => {
                let path = with_query("/v1/messages/suspended", page)?;
                client.ask("GET", &path).await
            }
            Self::Box(message_box, _) => Ok(suspended::list(message_box, page).await?),
        }
    }

    async fn show(&self, id: MessageId) -> anyhow::Result<MessageReport> {
        match self {
            Self::Host(client) => client.ask("GET", &format!("/v1/messages/{id}")).await,
            Self::Box(message_box, _) => Ok(message::show(message_box, id).await?),
        }
    }

    /// Gives a box free in good order.
    async fn close(self) -> anyhow::Result<()> {
        match self {
            Self::Host(_) => Ok(()),
            Self::Box(message_box, _) => Ok(message_box.close().await?),
        }
    }
}

/// A filter as the host reads it.
fn page(filter: &FilterArguments) -> Page {
    Page {
        port: filter.port.as_ref().map(ToString::to_string),
        code: filter.code.clone(),
        since: filter.since.map(rfc3339),
        until: filter.until.map(rfc3339),
        resumable: filter.resumable,
        ..Page::default()
    }
}

/// A text of any origin on one line.
fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
