//! `grants = { … }`: what a port's adapters may touch besides the port's own address.

use std::path::{Path, PathBuf};

use super::Placed;
use super::section::Section;

pub(super) const KEYS: &[&str] = &["http", "tcp", "directory"];

/// What a port's adapters may touch. Whether the texts are grants is known to the adapter runtime.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Grants {
    /// Beginnings of URLs.
    pub(crate) http: Vec<Placed<String>>,
    /// Hosts with their ports.
    pub(crate) tcp: Vec<Placed<String>>,
    pub(crate) directory: Option<Placed<PathBuf>>,
}

impl Grants {
    pub(super) fn read(section: &Section<'_>, directory: &Path) -> Self {
        let Some(section) = section.get("grants").and_then(|entry| entry.section()) else {
            return Self::default();
        };
        section.refuse_others(KEYS);
        let texts = |name| section.get(name).and_then(|entry| entry.texts());
        let granted = section.get("directory").and_then(|entry| {
            let granted = directory.join(entry.text()?);
            Some(Placed::new(granted, entry.place))
        });
        Self {
            http: texts("http").unwrap_or_default(),
            tcp: texts("tcp").unwrap_or_default(),
            directory: granted,
        }
    }
}
