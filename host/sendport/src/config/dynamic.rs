//! `dynamic = true`: a port whose messages say themselves where they go.

use model::{DynamicAdapter, RetryPolicy};

use super::credentials::{Credentials, credentials};
use super::retry::retry;
use super::section::{Entry, Section};
use super::transport::unknown;
use super::window::{Window, window};
use super::{Place, Placed};

/// Keys that mean nothing without an address that is known beforehand, and why.
const STATIC_ONLY: &[(&[&str], &str)] = &[
    (
        &["adapter"],
        "a dynamic port has no adapter of its own: remove it, or name all that messages may use: \
         adapters = [\"…\"]",
    ),
    (
        &["address"],
        "every message of a dynamic port brings its own address, in its property 'address'; remove it",
    ),
    (
        &["backup"],
        "a dynamic port has no backup transport: there is no address that would stand in for all; \
         remove it",
    ),
    (
        &["config"],
        "messages of a dynamic port go without settings of the port: put them into [adapters.….config]",
    ),
    (
        &["circuit-breaker"],
        "a dynamic port has many destinations, and one that fails must not hold up the others; remove it",
    ),
];

/// What a dynamic port has in place of a transport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dynamic {
    /// The configuration's adapters that its messages may name; never empty. Each is where it is named,
    /// or where the port is said to be dynamic when all are meant.
    pub(crate) adapters: Vec<Placed<String>>,
    pub(crate) retry: RetryPolicy,
    /// Always open when absent.
    pub(crate) window: Option<Window>,
    /// What the host adds to requests for the URLs that they name.
    pub(crate) credentials: Option<Credentials>,
}

impl Dynamic {
    /// `None` when there is no adapter: the mistake is noted.
    pub(super) fn read(
        section: &Section<'_>,
        dynamic: &Entry<'_>,
        adapters: &[&str],
    ) -> Option<Self> {
        for (keys, problem) in STATIC_ONLY {
            section.refuse(keys, problem);
        }
        let retry = retry(section.get("retry"));
        let window = window(section.get("window"));
        let credentials = credentials(section.get("credentials"), false);
        let adapters = match section.get("adapters") {
            Some(entry) => named(&entry, adapters),
            None => all(dynamic, adapters),
        };
        Some(Self {
            adapters: adapters?,
            retry,
            window,
            credentials,
        })
    }

    /// Enough to take messages in; to send them, more is known once the adapters are loaded.
    pub(crate) fn unloaded(&self) -> Vec<DynamicAdapter> {
        let adapter = |adapter: &Placed<String>| DynamicAdapter {
            name: adapter.value.clone(),
            transport_type: String::new(),
            prefixes: Vec::new(),
        };
        self.adapters.iter().map(adapter).collect()
    }
}

fn all(dynamic: &Entry<'_>, adapters: &[&str]) -> Option<Vec<Placed<String>>> {
    if adapters.is_empty() {
        dynamic.mistake("there is no adapter: add a table [adapters.…] with a component");
        return None;
    }
    let place: Place = dynamic.place;
    let adapter = |name: &&str| Placed::new((*name).to_owned(), place);
    Some(adapters.iter().map(adapter).collect())
}

fn named(entry: &Entry<'_>, adapters: &[&str]) -> Option<Vec<Placed<String>>> {
    let names = entry.texts()?;
    if names.is_empty() {
        entry.mistake("names no adapter; leave it out to allow all of them");
        return None;
    }
    let mut right = true;
    for (nth, name) in names.iter().enumerate() {
        let twice = names[..nth].iter().any(|other| other.value == name.value);
        let twice = twice.then(|| format!("'{}' is named twice", name.value));
        if let Some(problem) = twice.or_else(|| unknown(&name.value, adapters)) {
            entry.item_mistake(name.place, problem);
            right = false;
        }
    }
    right.then_some(names)
}
