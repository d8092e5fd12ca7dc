//! `[adapters.NAME]`: a component and what all of its ports share.

use std::path::{Path, PathBuf};

use super::Place;
use super::section::{Entry, Section};

/// An adapter that ports can name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Adapter {
    pub(crate) name: String,
    /// The component's file.
    pub(crate) component: PathBuf,
    /// Start instances with the port; what the adapter says when absent.
    pub(crate) eager: Option<bool>,
    /// The handler configuration.
    pub(crate) config: Vec<Setting>,
    /// Where the component is named, or the adapter when it is not.
    pub(crate) component_place: Place,
    /// Where its configuration is, or the adapter when it has none.
    pub(crate) config_place: Place,
}

/// A name and a value for an adapter, checked against its schema once it is loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) name_place: Place,
    pub(crate) value_place: Place,
}

impl Adapter {
    pub(super) fn read(entry: &Entry<'_>, section: &Section<'_>, directory: &Path) -> Self {
        section.refuse_others(&["component", "eager", "config"]);
        let hint = "name the adapter's file: component = \"adapters/….wasm\"";
        let component = section.require("component", hint);
        let config = section.get("config");
        Self {
            name: entry.name.to_owned(),
            component_place: component.as_ref().map_or(section.place(), |c| c.place),
            component: directory.join(component.and_then(|c| c.text()).unwrap_or_default()),
            eager: section.get("eager").and_then(|eager| eager.boolean()),
            config_place: config.as_ref().map_or(section.place(), |c| c.name_place),
            config: settings(config),
        }
    }
}

/// The entries of a table `config`. TOML reads the key `header.x` as a table `header` with a key `x`;
/// to adapters it is one name.
pub(super) fn settings(config: Option<Entry<'_>>) -> Vec<Setting> {
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
