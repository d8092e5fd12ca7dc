//! What a port's adapters have to reach: addresses that they answer to, grants, directories.

use std::path::{Path, PathBuf};

use adapter_runtime::{Access, HttpGrant, Network, TcpGrant};

use super::Check;
use crate::config::{Destination, Dynamic, Mistake, Place, Port, Transport};
use crate::wiring::Facts;

/// A directory that an adapter may use, and what names it.
pub(crate) struct Directory {
    pub(crate) path: PathBuf,
    pub(crate) access: Access,
    /// The dotted key.
    key: String,
    place: Place,
}

/// The directory of a transport: the one that the port grants, or the one that a file adapter's address
/// names.
pub(crate) fn directory(port: &Port, transport: &Transport, facts: &Facts) -> Option<Directory> {
    granted(port).or_else(|| {
        facts.is_file().then(|| Directory {
            path: address_directory(&transport.address.value),
            access: Access::ReadWrite,
            key: format!("{}.address", transport.path),
            place: transport.address.place,
        })
    })
}

fn granted(port: &Port) -> Option<Directory> {
    let directory = port.grants.directory.as_ref()?;
    Some(Directory {
        path: directory.value.path.clone(),
        access: directory.value.access,
        key: format!("ports.{}.grants.directory", port.name),
        place: directory.place,
    })
}

impl Check<'_> {
    pub(super) fn reach(&mut self) {
        self.grants();
        match &self.port.destination {
            Destination::Static { .. } => self.addresses(),
            Destination::Dynamic(dynamic) => self.any_address(dynamic),
        }
        self.directories();
    }

    fn grants(&mut self) {
        let grants = &self.port.grants;
        for grant in &grants.http {
            if let Err(error) = HttpGrant::parse(&grant.value) {
                self.mistake(grant.place, "grants.http", error.to_string());
            }
        }
        for grant in &grants.tcp {
            if let Err(error) = TcpGrant::parse(&grant.value) {
                self.mistake(grant.place, "grants.tcp", error.to_string());
            }
        }
        for network in &grants.networks {
            if let Err(error) = Network::parse(&network.value) {
                self.mistake(network.place, "grants.networks", error.to_string());
            }
        }
    }

    fn addresses(&mut self) {
        for transport in self.port.destination.transports() {
            let name = &transport.adapter.value;
            let Some(facts) = self.known.get(name) else {
                continue;
            };
            if !facts.answers_to(&transport.address.value) {
                let info = &facts.info;
                let prefixes = info.address_prefixes.join("', '");
                let problem = format!(
                    "the adapter '{name}' ({}) answers to addresses that begin with '{prefixes}'",
                    info.name
                );
                self.mistakes.push(Mistake {
                    place: transport.address.place,
                    key: format!("{}.address", transport.path),
                    problem,
                });
            }
        }
    }

    /// No address is known from which a directory could be granted.
    fn any_address(&mut self, dynamic: &Dynamic) {
        if self.port.grants.directory.is_some() {
            return;
        }
        for adapter in &dynamic.adapters {
            let name = &adapter.value;
            if self.known.get(name).is_some_and(Facts::is_file) {
                let problem = format!(
                    "the adapter '{name}' writes files, and a dynamic port's addresses grant nothing: \
                     name the directory that it may use, grants = {{ directory = \"…\" }}, \
                     or name the other adapters only: adapters = [\"…\"]"
                );
                self.mistake(adapter.place, "adapters", problem);
            }
        }
    }

    fn directories(&mut self) {
        let directories = self.all_directories();
        let missing = directories.iter().filter(|found| !found.path.is_dir());
        self.mistakes.extend(missing.map(|missing| {
            let path = missing.path.display();
            let problem = format!("there is no directory {path}; create it, or name another");
            missing.mistake(problem)
        }));
        for readable in directories.iter().filter(|d| d.access == Access::Read) {
            let around = directories.iter().find(|other| {
                other.access == Access::ReadWrite && lies_in(&readable.path, &other.path)
            });
            self.mistakes.extend(around.map(|around| {
                let problem = format!(
                    "it is granted for reading only, but lies in {}, where '{}' lets the adapter write; \
                     grant neighbouring directories",
                    around.path.display(),
                    around.key
                );
                readable.mistake(problem)
            }));
        }
    }

    /// Those of the grants, and those of addresses where nothing else is granted.
    fn all_directories(&self) -> Vec<Directory> {
        let port = self.port;
        let mut directories: Vec<_> = match granted(port) {
            // It is the same for all transports, and told once.
            Some(granted) => vec![granted],
            None => {
                let transports = port.destination.transports().into_iter();
                let named = transports
                    .filter_map(|t| directory(port, t, self.known.get(&t.adapter.value)?));
                named.collect()
            }
        };
        directories.extend(port.grants.directories.iter().map(|named| Directory {
            path: named.directory.path.clone(),
            access: named.directory.access,
            key: format!("ports.{}.grants.directories.{}", port.name, named.name),
            place: named.place,
        }));
        directories
    }
}

impl Directory {
    fn mistake(&self, problem: String) -> Mistake {
        Mistake {
            place: self.place,
            key: self.key.clone(),
            problem,
        }
    }
}

/// True when the one is the other or within it, whatever links lead there.
fn lies_in(path: &Path, around: &Path) -> bool {
    match (path.canonicalize(), around.canonicalize()) {
        (Ok(path), Ok(around)) => path.starts_with(around),
        // Missing ones are told elsewhere.
        _ => false,
    }
}

/// The directory that a file adapter's address names: a path or a `file://` URL, which may end in a
/// file name with macros.
fn address_directory(address: &str) -> PathBuf {
    let path = Path::new(address.strip_prefix("file://").unwrap_or(address));
    let last = path.file_name().unwrap_or_default();
    match path.parent() {
        Some(parent) if last.to_string_lossy().contains('%') => parent.to_owned(),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_address_names_a_directory() {
        for (address, directory) in [
            ("/srv/out", "/srv/out"),
            ("/srv/out/", "/srv/out/"),
            ("file:///srv/out", "/srv/out"),
            ("/srv/out/%MessageID%.xml", "/srv/out"),
            ("file:///srv/out/order-%MessageID%.xml", "/srv/out"),
        ] {
            assert_eq!(
                address_directory(address),
                Path::new(directory),
                "{address}"
            );
        }
    }
}
