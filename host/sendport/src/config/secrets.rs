//! `[secrets.NAME]`: where secrets come from, and what names them. Their values are never part of a
//! configuration; [`crate::wiring`] reads them.

use std::path::Path;

use adapter_runtime::SecretSource;

use super::section::{Entry, Section};
use super::{Mistake, Place, Placed, Port, suggest};

pub(super) const KEYS: &[&str] = &["file", "env", "command"];

/// A secret, unread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Secret {
    pub(crate) name: String,
    pub(crate) source: SecretSource,
    /// The dotted key that says the source, and where that is.
    pub(crate) key: String,
    pub(crate) place: Place,
}

impl Secret {
    /// `None` when it is not clear where the secret comes from: the mistake is noted.
    pub(super) fn read(entry: &Entry<'_>, section: &Section<'_>, directory: &Path) -> Option<Self> {
        section.refuse_others(KEYS);
        if !is_name(entry.name) {
            entry.name_mistake(format!(
                "{:?} cannot name a secret: use 1 to 128 letters, digits, '-', '_' or '.'",
                entry.name
            ));
            return None;
        }
        let sources: Vec<_> = KEYS.iter().filter_map(|key| section.get(key)).collect();
        match sources.as_slice() {
            [source] => Some(Self {
                name: entry.name.to_owned(),
                key: source.path.clone(),
                place: source.place,
                source: self::source(source, directory)?,
            }),
            [] => {
                let hint = "or env = \"VARIABLE\", or command = [\"program\", \"argument\"]";
                section.require(
                    "file",
                    &format!("say where it comes from: file = \"…\", {hint}"),
                );
                None
            }
            [first, others @ ..] => {
                for other in others {
                    let first = first.name;
                    other.name_mistake(format!(
                        "a secret comes from one place: remove it, or '{first}'"
                    ));
                }
                None
            }
        }
    }
}

fn source(entry: &Entry<'_>, directory: &Path) -> Option<SecretSource> {
    match entry.name {
        "file" => Some(SecretSource::File(directory.join(entry.text()?))),
        "env" => Some(SecretSource::Environment(entry.text()?.to_owned())),
        _ => {
            let line = entry.texts()?;
            if line.is_empty() {
                entry.mistake("names no program: command = [\"program\", \"argument\"]");
                return None;
            }
            let words = line.into_iter().map(|word| word.value);
            Some(SecretSource::Command(words.collect()))
        }
    }
}

fn is_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=128).contains(&name.len()) && name.chars().all(allowed)
}

/// The name of a secret or of a file, and by which key it is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) name: String,
    /// The dotted key.
    pub(crate) key: String,
    pub(crate) place: Place,
}

impl Reference {
    pub(super) fn read(entry: &Entry<'_>) -> Option<Self> {
        Some(Self {
            name: entry.text()?.to_owned(),
            key: entry.path.clone(),
            place: entry.place,
        })
    }

    /// One of a list.
    pub(super) fn of_list(key: &str, name: Placed<String>) -> Self {
        Self {
            name: name.value,
            key: key.to_owned(),
            place: name.place,
        }
    }

    /// That something is wrong with what it names.
    pub(crate) fn mistake(&self, problem: impl Into<String>) -> Mistake {
        Mistake {
            place: self.place,
            key: self.key.clone(),
            problem: problem.into(),
        }
    }
}

/// Every secret that a port names and that there is not; `names` are all secrets of the file, also those
/// that have mistakes of their own.
pub(super) fn check(ports: &[Port], names: &[&str]) -> Vec<Mistake> {
    let named = ports.iter().flat_map(named);
    let unknown = named.filter(|secret| !names.contains(&secret.name.as_str()));
    unknown
        .map(|secret| secret.mistake(unknown_secret(&secret.name, names)))
        .collect()
}

fn unknown_secret(name: &str, names: &[&str]) -> String {
    match names {
        [] => format!(
            "there is no secret '{name}'; add a table [secrets.{name}] that says where it comes from"
        ),
        _ => format!(
            "there is no secret '{name}'{}",
            suggest(name, names.iter().copied())
        ),
    }
}

/// The secrets that a port names, each as often as it does.
fn named(port: &Port) -> Vec<&Reference> {
    let credentials = port.destination.credentials().into_iter();
    let named = credentials.flat_map(|(_, table)| table.secrets());
    named.chain(&port.grants.secrets).collect()
}
