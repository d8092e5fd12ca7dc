//! One way out of a static port: the port's own keys, or those of its table `backup`.

use std::sync::Arc;

use model::{BreakerPolicy, RetryPolicy};

use super::breaker::breaker;
use super::credentials::{Credentials, credentials};
use super::retry::retry;
use super::section::Section;
use super::settings::Settings;
use super::window::{Window, window};
use super::{Placed, suggest};

/// The keys of a backup; a port has them too.
pub(super) const KEYS: &[&str] = &[
    "adapter",
    "address",
    "retry",
    "window",
    "circuit-breaker",
    "credentials",
    "config",
];

/// Which adapter, where to, how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Transport {
    /// The dotted key of the table that it is in.
    pub(crate) path: String,
    /// One of the configuration's adapters.
    pub(crate) adapter: Placed<String>,
    pub(crate) address: Placed<Arc<str>>,
    pub(crate) retry: RetryPolicy,
    /// Always open when absent.
    pub(crate) window: Option<Window>,
    pub(crate) breaker: Option<BreakerPolicy>,
    /// What the host adds to requests.
    pub(crate) credentials: Option<Credentials>,
    pub(crate) config: Settings,
}

impl Transport {
    /// `None` when the adapter or the address is wrong: the mistake is noted.
    pub(super) fn read(section: &Section<'_>, adapters: &[&str]) -> Option<Self> {
        let adapter = adapter(section, adapters);
        let address = address(section);
        let retry = retry(section.get("retry"));
        let window = window(section.get("window"));
        let breaker = breaker(section.get("circuit-breaker"));
        let credentials = credentials(section.get("credentials"), true);
        let config = Settings::read(section);
        // Only now, so that one mistake does not hide the others.
        Some(Self {
            path: section.path().to_owned(),
            adapter: adapter?,
            address: address?,
            retry,
            window,
            breaker,
            credentials,
            config,
        })
    }

    /// As the dispatcher wants it.
    pub(crate) fn model(&self) -> model::Transport {
        model::Transport {
            adapter: self.adapter.value.clone(),
            address: self.address.value.clone(),
            retry: self.retry,
            configuration: Arc::new(self.config.endpoint()),
            window: self.window.as_ref().map(|window| window.hours.clone()),
            breaker: self.breaker,
        }
    }
}

fn address(section: &Section<'_>) -> Option<Placed<Arc<str>>> {
    let entry = section.require("address", "say where messages go: address = \"…\"")?;
    Some(Placed::new(entry.text()?.into(), entry.place))
}

fn adapter(section: &Section<'_>, adapters: &[&str]) -> Option<Placed<String>> {
    let entry = section.require("adapter", "name one of the adapters: adapter = \"…\"")?;
    let name = entry.text()?;
    match unknown(name, adapters) {
        None => Some(Placed::new(name.to_owned(), entry.place)),
        Some(problem) => {
            entry.mistake(problem);
            None
        }
    }
}

/// What to say when there is no adapter of that name.
pub(super) fn unknown(name: &str, adapters: &[&str]) -> Option<String> {
    if adapters.contains(&name) {
        return None;
    }
    let hint = suggest(name, adapters.iter().copied());
    Some(if adapters.is_empty() {
        format!("there is no adapter '{name}'; add a table [adapters.{name}] with its component")
    } else {
        format!("there is no adapter '{name}'{hint}")
    })
}
