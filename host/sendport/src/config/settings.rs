//! `config` tables: names and values for adapters, which only the adapters' schemas can judge.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use model::EndpointConfiguration;

use super::Place;
use super::section::{Entry, Section};

/// A name and a value for an adapter, checked against its schema once it is loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) name_place: Place,
    pub(crate) value_place: Place,
}

/// A table `config` and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Its dotted key.
    pub(crate) path: String,
    /// The table, or the one that it is missing from.
    pub(crate) place: Place,
    pub(crate) list: Vec<Setting>,
}

impl Settings {
    /// The table `config` of a section; empty when it has none.
    pub(super) fn read(section: &Section<'_>) -> Self {
        let config = section.get("config");
        Self {
            path: format!("{}.config", section.path()),
            place: config.as_ref().map_or(section.place(), |c| c.name_place),
            list: settings(config),
        }
    }

    /// Names and values without their places.
    pub(crate) fn pairs(&self) -> Vec<(String, String)> {
        let pair = |setting: &Setting| (setting.name.clone(), setting.value.clone());
        self.list.iter().map(pair).collect()
    }

    /// As an adapter reads them with every message.
    pub(crate) fn endpoint(&self) -> EndpointConfiguration {
        let entries = self.pairs();
        // Adapters only compare the version for equality, within one run.
        let mut hasher = DefaultHasher::new();
        entries.hash(&mut hasher);
        EndpointConfiguration {
            version: hasher.finish(),
            entries,
        }
    }
}

/// The entries of a table `config`. TOML reads the key `header.x` as a table `header` with a key `x`;
/// to adapters it is one name.
fn settings(config: Option<Entry<'_>>) -> Vec<Setting> {
    let mut settings = Vec::new();
    if let Some(section) = config.and_then(|config| config.section()) {
        collect(&section, "", &mut settings);
    }
    settings
}

fn collect(section: &Section<'_>, prefix: &str, settings: &mut Vec<Setting>) {
    for entry in section.entries() {
        let name = format!("{prefix}{}", entry.name);
        if entry.is_table() {
            if let Some(section) = entry.section() {
                collect(&section, &format!("{name}."), settings);
            }
        } else if let Some(value) = entry.scalar() {
            settings.push(Setting {
                name,
                value,
                name_place: entry.name_place,
                value_place: entry.place,
            });
        }
    }
}
