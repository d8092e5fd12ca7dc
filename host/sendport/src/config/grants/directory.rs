//! Directories in a port's grants: `"/srv/out"`, or `{ path = "/srv/out", access = "read" }`.

use std::path::{Path, PathBuf};

use adapter_runtime::Access;

use crate::config::Place;
use crate::config::section::Entry;

pub(in crate::config) const KEYS: &[&str] = &["path", "access"];

const ACCESS: &[&str] = &["read", "read-write"];

/// A directory of this machine, and what may be done in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Directory {
    pub(crate) path: PathBuf,
    pub(crate) access: Access,
}

/// One that adapters find by a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedDirectory {
    pub(crate) name: String,
    pub(crate) directory: Directory,
    pub(crate) place: Place,
}

impl Directory {
    /// Paths are relative to the file's directory, `base`.
    pub(super) fn read(entry: &Entry<'_>, base: &Path) -> Option<Self> {
        if entry.is_text() {
            let path = base.join(entry.text()?);
            let access = Access::ReadWrite;
            return Some(Self { path, access });
        }
        if !entry.is_table() {
            entry.expected("a path in quotes or a table");
            return None;
        }
        let section = entry.section()?;
        section.refuse_others(KEYS);
        let hint = "name the directory: path = \"/srv/…\"";
        let path = section.require("path", hint)?.text()?;
        let access = section.get("access").and_then(|entry| entry.one_of(ACCESS));
        Some(Self {
            path: base.join(path),
            access: match access {
                Some("read") => Access::Read,
                _ => Access::ReadWrite,
            },
        })
    }
}

/// The table `directories`: what adapters call a directory, and which one it is.
pub(super) fn named(entry: Option<Entry<'_>>, base: &Path) -> Vec<NamedDirectory> {
    let section = entry.and_then(|entry| entry.section());
    let entries = section.map(|section| section.entries()).unwrap_or_default();
    let named = |entry: &Entry<'_>| {
        if !is_name(entry.name) {
            entry.name_mistake(
                "adapters cannot find a directory by that name: write it as a path, without '.', '..' \
                 and empty parts, for example 'templates' or '/srv/templates'; what they find as '.' \
                 is 'directory'",
            );
            return None;
        }
        Some(NamedDirectory {
            name: entry.name.to_owned(),
            directory: Directory::read(entry, base)?,
            place: entry.place,
        })
    };
    entries.iter().filter_map(named).collect()
}

/// Guests find the directory whose name is the longest beginning of a path, so names are compared as they
/// are written, and each has one way to be written.
fn is_name(name: &str) -> bool {
    let relative = name.strip_prefix('/').unwrap_or(name);
    let is_part = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\\', '\0']);
    relative.split('/').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_plain_path() {
        for name in ["templates", "a/b", "/srv/out", "a.b", "..a"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "/", ".", "..", "./a", "a/../b", "a//b", "a/", "a\\b"] {
            assert!(!is_name(name), "{name}");
        }
    }
}
