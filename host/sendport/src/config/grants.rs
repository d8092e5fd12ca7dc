//! `grants = { … }`: what a port's adapters may touch besides the port's own address, and what they get
//! to know of the world.

mod directory;

use std::path::Path;

use adapter_runtime::{ClockGrant, RandomGrant};

use super::Placed;
use super::secrets::Reference;
use super::section::{Entry, Section};

pub(crate) use directory::{Directory, NamedDirectory};

pub(super) const KEYS: &[&str] = &[
    "http",
    "tcp",
    "networks",
    "directory",
    "directories",
    "environment",
    "clock",
    "random",
    "log",
    "secrets",
];
#[cfg(test)]
pub(super) use directory::KEYS as DIRECTORY_KEYS;

const CLOCKS: &[&str] = &["coarse", "fine", "none"];
const RANDOMS: &[&str] = &["system", "fixed"];

/// What a port's adapters may touch. Whether the texts are grants is known to the adapter runtime.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Grants {
    /// Beginnings of URLs.
    pub(crate) http: Vec<Placed<String>>,
    /// Hosts with their ports.
    pub(crate) tcp: Vec<Placed<String>>,
    /// Ranges of addresses that are not public.
    pub(crate) networks: Vec<Placed<String>>,
    /// The directory that adapters find as `.`.
    pub(crate) directory: Option<Placed<Directory>>,
    /// Those that they find by names, in the order of the file.
    pub(crate) directories: Vec<NamedDirectory>,
    /// Environment variables, in the order of the file.
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) clock: ClockGrant,
    pub(crate) random: RandomGrant,
    /// What the adapters write to the log is dropped.
    pub(crate) silent: bool,
    /// Secrets that the adapters may read themselves.
    pub(crate) secrets: Vec<Reference>,
}

impl Grants {
    pub(super) fn read(section: &Section<'_>, directory: &Path) -> Self {
        let Some(section) = section.get("grants").and_then(|entry| entry.section()) else {
            return Self::default();
        };
        section.refuse_others(KEYS);
        let texts = |name| section.get(name).and_then(|entry| entry.texts());
        let granted = section.get("directory").and_then(|entry| {
            let granted = Directory::read(&entry, directory)?;
            Some(Placed::new(granted, entry.place))
        });
        Self {
            http: texts("http").unwrap_or_default(),
            tcp: texts("tcp").unwrap_or_default(),
            networks: texts("networks").unwrap_or_default(),
            directory: granted,
            directories: directory::named(section.get("directories"), directory),
            environment: environment(section.get("environment")),
            clock: clock(section.get("clock")),
            random: random(section.get("random")),
            silent: !section.boolean_or("log", true),
            secrets: secrets(&section),
        }
    }
}

fn clock(entry: Option<Entry<'_>>) -> ClockGrant {
    match entry.and_then(|entry| entry.one_of(CLOCKS)) {
        Some("fine") => ClockGrant::Fine,
        Some("none") => ClockGrant::None,
        _ => ClockGrant::Coarse,
    }
}

fn random(entry: Option<Entry<'_>>) -> RandomGrant {
    match entry.and_then(|entry| entry.one_of(RANDOMS)) {
        Some("fixed") => RandomGrant::Fixed,
        _ => RandomGrant::System,
    }
}

/// Names and values as the adapter sees them. None of the host's own variables is ever among them.
fn environment(entry: Option<Entry<'_>>) -> Vec<(String, String)> {
    let section = entry.and_then(|entry| entry.section());
    let entries = section.map(|section| section.entries()).unwrap_or_default();
    let variable = |entry: &Entry<'_>| {
        if entry.name.is_empty() || entry.name.contains(['=', '\0']) {
            entry.name_mistake("the name of an environment variable is not empty and holds no '='");
            return None;
        }
        let value = entry.scalar()?;
        if value.contains('\0') {
            entry.mistake("the value of an environment variable holds no zero byte");
            return None;
        }
        Some((entry.name.to_owned(), value))
    };
    entries.iter().filter_map(variable).collect()
}

fn secrets(section: &Section<'_>) -> Vec<Reference> {
    let Some(entry) = section.get("secrets") else {
        return Vec::new();
    };
    let names = entry.texts().unwrap_or_default().into_iter();
    names
        .map(|name| Reference::of_list(&entry.path, name))
        .collect()
}
