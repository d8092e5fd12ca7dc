//! Where a port's messages go: to an address of the port, or each to its own.

use std::sync::Arc;

use model::EndpointConfiguration;

use super::Placed;
use super::credentials::Credentials;
use super::dynamic::Dynamic;
use super::section::{Entry, Section};
use super::transport::{self, Transport};

/// Where a port's messages go.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "one for every port, read once: a box would save nothing and be in the way"
)]
pub(crate) enum Destination {
    Static {
        primary: Transport,
        backup: Option<Transport>,
    },
    Dynamic(Dynamic),
}

impl Destination {
    /// `None` when it is not known where to: the mistakes are noted. `dynamic` is the key of that name
    /// when it says true.
    pub(super) fn read(
        section: &Section<'_>,
        dynamic: Option<&Entry<'_>>,
        adapters: &[&str],
    ) -> Option<Self> {
        if let Some(dynamic) = dynamic {
            return Dynamic::read(section, dynamic, adapters).map(Self::Dynamic);
        }
        let problem = "only a dynamic port has several; name one: adapter = \"…\", \
                       or add dynamic = true";
        section.refuse(&["adapters"], problem);
        let backup = backup(section, adapters);
        let primary = Transport::read(section, adapters)?;
        refuse_same(section, &primary, backup.as_ref());
        Some(Self::Static { primary, backup })
    }

    /// The adapters it uses: the primary, then the backup; or all that messages may name.
    pub(crate) fn adapters(&self) -> Vec<&Placed<String>> {
        match self {
            Self::Static { primary, backup } => std::iter::once(primary)
                .chain(backup)
                .map(|transport| &transport.adapter)
                .collect(),
            Self::Dynamic(dynamic) => dynamic.adapters.iter().collect(),
        }
    }

    /// As [`Self::adapters`], without the backup's.
    pub(crate) fn primary_adapters(&self) -> Vec<&Placed<String>> {
        match self {
            Self::Static { primary, .. } => vec![&primary.adapter],
            Self::Dynamic(_) => self.adapters(),
        }
    }

    /// The transports, which a dynamic port has none of.
    pub(crate) fn transports(&self) -> Vec<&Transport> {
        match self {
            Self::Static { primary, backup } => std::iter::once(primary).chain(backup).collect(),
            Self::Dynamic(_) => Vec::new(),
        }
    }

    /// The tables of credentials, with the address that each is for; a dynamic port's has none.
    pub(crate) fn credentials(&self) -> Vec<(&str, &Credentials)> {
        match self {
            Self::Static { .. } => {
                let transports = self.transports().into_iter();
                transports
                    .filter_map(|transport| {
                        let credentials = transport.credentials.as_ref()?;
                        Some((&*transport.address.value, credentials))
                    })
                    .collect()
            }
            Self::Dynamic(dynamic) => {
                let credentials = dynamic.credentials.iter();
                credentials.map(|credentials| ("", credentials)).collect()
            }
        }
    }

    /// The primary and the backup transport as the dispatcher wants them.
    pub(crate) fn model(&self) -> (model::Transport, Option<model::Transport>) {
        match self {
            Self::Static { primary, backup } => {
                (primary.model(), backup.as_ref().map(Transport::model))
            }
            // Address and configuration come with the message (B79: there is none).
            Self::Dynamic(dynamic) => {
                let primary = model::Transport {
                    adapter: String::new(),
                    address: Arc::from(""),
                    retry: dynamic.retry,
                    configuration: Arc::new(EndpointConfiguration::default()),
                    window: dynamic.window.as_ref().map(|window| window.hours.clone()),
                    breaker: None,
                };
                (primary, None)
            }
        }
    }
}

fn backup(section: &Section<'_>, adapters: &[&str]) -> Option<Transport> {
    let backup = section.get("backup")?.section()?;
    backup.refuse_others(transport::KEYS);
    Transport::read(&backup, adapters)
}

/// A second budget for the same destination is no backup.
fn refuse_same(section: &Section<'_>, primary: &Transport, backup: Option<&Transport>) {
    let same = backup.is_some_and(|backup| {
        backup.adapter.value == primary.adapter.value
            && backup.address.value == primary.address.value
    });
    let backup = section.get("backup").and_then(|entry| entry.section());
    if let Some(address) = backup.and_then(|backup| backup.get("address"))
        && same
    {
        address.mistake(
            "is where the port itself sends to: name another destination, or raise the count in 'retry'",
        );
    }
}
