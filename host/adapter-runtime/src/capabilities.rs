//! What an adapter can do, in plain words.
//!
//! A component can do nothing but call what it imports, so its imports are the most that it can do; what
//! of that it may do is said by its port's grants. Versions of interfaces do not matter here: a newer WASI
//! is not a new capability.

mod granted;
mod interfaces;

use std::collections::BTreeSet;
use std::fmt;

use crate::Adapter;

/// Something that a component may be able to do, and a port may have to grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Capability {
    /// HTTP requests, through the host's own client or through `wasi:http`.
    Http,
    /// TCP connections.
    Tcp,
    /// UDP, which no port grants.
    Udp,
    /// Asking which addresses a name has.
    NameLookup,
    /// Files and directories.
    Files,
    /// Environment variables; arguments, of which there are none.
    Environment,
    /// Secrets in the clear.
    Secrets,
    /// The date and the time of day.
    Date,
    /// Measuring time, and waiting.
    Timer,
    /// Random numbers.
    Random,
    /// Lines in the host's log, also by the standard output and error.
    Log,
}

/// What a component could do, if its port grants it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    found: BTreeSet<Capability>,
    /// Interfaces, without versions, that are none of the ones this host knows.
    unknown: BTreeSet<String>,
}

impl Capability {
    /// All of them, the most far-reaching first.
    pub const ALL: [Self; 11] = [
        Self::Http,
        Self::Tcp,
        Self::Udp,
        Self::NameLookup,
        Self::Files,
        Self::Environment,
        Self::Secrets,
        Self::Date,
        Self::Timer,
        Self::Random,
        Self::Log,
    ];

    /// A word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::NameLookup => "name-lookup",
            Self::Files => "files",
            Self::Environment => "environment",
            Self::Secrets => "secrets",
            Self::Date => "date",
            Self::Timer => "timer",
            Self::Random => "random",
            Self::Log => "log",
        }
    }

    /// What it is to have it: follows "it can" and "it cannot".
    pub fn deed(self) -> &'static str {
        match self {
            Self::Http => "send HTTP requests",
            Self::Tcp => "open TCP connections",
            Self::Udp => "use UDP",
            Self::NameLookup => "look up the addresses of names",
            Self::Files => "read and write files",
            Self::Environment => "read environment variables",
            Self::Secrets => "read secrets",
            Self::Date => "read the date",
            Self::Timer => "measure time and wait",
            Self::Random => "draw random numbers",
            Self::Log => "write lines to the host's log",
        }
    }

    /// Where that ends, whatever the component wants.
    pub fn bounds(self) -> &'static str {
        match self {
            Self::Http => "to the port's own address and those that the port grants",
            Self::Tcp => {
                "to the port's own address and those that the port grants; it never listens"
            }
            Self::Udp => "but no port grants it",
            Self::NameLookup => "where the port grants TCP connections",
            Self::Files => "in the directories that the port grants",
            Self::Environment => "those that the port grants; none of the host's own",
            Self::Secrets => "those that the port grants by name",
            Self::Date => "to the millisecond, unless the port grants more or less",
            Self::Timer => "to the millisecond, unless the port grants more",
            Self::Random => "unless the port fixes them",
            Self::Log => "unless the port silences it",
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Capabilities {
    /// Of a loaded adapter.
    pub fn of(adapter: &Adapter) -> Self {
        Self::of_imports(adapter.imports().iter().map(String::as_str))
    }

    /// Of a component with these imports, such as `wasi:http/client@0.3.0`.
    pub fn of_imports<'a>(imports: impl IntoIterator<Item = &'a str>) -> Self {
        let mut capabilities = Self::default();
        for import in imports {
            let interface = import.split_once('@').map_or(import, |(name, _)| name);
            match interfaces::capabilities(interface) {
                Some(found) => capabilities.found.extend(found),
                None => {
                    capabilities.unknown.insert(interface.to_owned());
                }
            }
        }
        capabilities
    }

    /// What these have that `other` has not: what an operator has to agree to before the one replaces the
    /// other. Empty when nothing is new.
    pub fn added_since(&self, other: &Self) -> Self {
        Self {
            found: &self.found - &other.found,
            unknown: &self.unknown - &other.unknown,
        }
    }

    /// True when there is nothing among them.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty() && self.unknown.is_empty()
    }

    /// True when this is among them.
    pub fn has(&self, capability: Capability) -> bool {
        self.found.contains(&capability)
    }

    /// Those that this host has a name for, the most far-reaching first.
    pub fn iter(&self) -> impl Iterator<Item = Capability> {
        self.found.iter().copied()
    }

    /// Imported interfaces, without versions, of which this host does not know what they are good for.
    pub fn unknown(&self) -> impl Iterator<Item = &str> {
        self.unknown.iter().map(String::as_str)
    }
}

/// One sentence per line, without a line end after the last: `send HTTP requests, to …`.
impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = self
            .iter()
            .map(|capability| format!("{}, {}", capability.deed(), capability.bounds()));
        let unknown = self
            .unknown()
            .map(|interface| format!("call {interface}, which this host does not know"));
        let lines: Vec<String> = known.chain(unknown).collect();
        f.write_str(&lines.join("\n"))
    }
}

#[cfg(test)]
mod tests;
