//! The configuration file: what it may say, and everything that is wrong with it, by line and key.
//!
//! Reads the file and nothing else; whether components, directories and destinations are there is
//! [`crate::check`]'s and [`crate::wiring`]'s business.

mod adapter;
mod breaker;
mod credentials;
mod destination;
mod dynamic;
mod egress_log;
mod error;
mod flow;
mod grants;
mod host;
mod instances;
mod limits;
mod notifications;
mod order;
mod port;
mod retry;
mod secrets;
mod section;
mod settings;
mod signatures;
mod target;
mod transport;
mod two_way;
mod value;
mod window;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use toml::de::DeTable;

pub(crate) use adapter::{Adapter, Overrides};
pub(crate) use credentials::{Authorization, ClientCertificate, Credentials};
pub(crate) use destination::Destination;
pub(crate) use dynamic::Dynamic;
pub(crate) use egress_log::EgressLog;
pub(crate) use error::{ConfigError, Mistake, Place, Placed, quoted, suggest};
pub(crate) use host::Host;
pub(crate) use port::Port;
pub(crate) use secrets::{Reference, Secret};
#[cfg(test)]
pub(crate) use settings::Setting;
pub(crate) use settings::Settings;
pub(crate) use signatures::Signatures;
pub(crate) use transport::Transport;
pub(crate) use value::{duration, written};
pub(crate) use window::Window;

use section::{Section, Source};

/// The commented file that `sendport config` prints.
pub(crate) const DEFAULT: &str = include_str!("../sendport.default.toml");

/// Where the configuration is looked for when nobody says.
pub(crate) const DEFAULT_PATH: &str = "sendport.toml";

/// A configuration file without mistakes of its own.
#[derive(Debug)]
pub(crate) struct Config {
    /// As given on the command line.
    pub(crate) file: PathBuf,
    pub(crate) host: Host,
    /// In the order of the file, as all of these.
    pub(crate) secrets: Vec<Secret>,
    pub(crate) adapters: Vec<Adapter>,
    pub(crate) ports: Vec<Port>,
}

impl Config {
    /// Reads and checks the file.
    pub(crate) fn load(file: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(file).map_err(|error| ConfigError::Unreadable {
            file: file.to_owned(),
            error,
        })?;
        Self::parse(file, &text)
    }

    /// Checks the text of a file; paths in it are relative to the file's directory.
    pub(crate) fn parse(file: &Path, text: &str) -> Result<Self, ConfigError> {
        let source = Source::new(text);
        let parsed = DeTable::parse(text).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            let place = source.place(offset);
            source.mistake(
                place,
                "",
                format!("not TOML: {}", one_line(error.message())),
            );
        });
        let read = parsed.map(|table| Self::read(file, &Section::root(&source, table.get_ref())));
        match (read, source.into_mistakes()) {
            (Ok(config), mistakes) if mistakes.is_empty() => Ok(config),
            (_, mistakes) => Err(ConfigError::mistaken(file.to_owned(), mistakes)),
        }
    }

    fn read(file: &Path, root: &Section<'_>) -> Self {
        root.refuse_others(&["host", "secrets", "adapters", "ports"]);
        let directory = file.parent().unwrap_or(Path::new(""));
        let host = root.get("host").and_then(|entry| entry.section());
        let host = Host::read(host.as_ref(), directory);
        let is_signed = !host.signatures.keys.is_empty();
        let secrets = tables(root, "secrets", |name, table| {
            Secret::read(name, table, directory)
        });
        let adapters = tables(root, "adapters", |name, table| {
            Adapter::read(name, table, directory, is_signed)
        });
        let names: Vec<_> = adapters
            .iter()
            .map(|adapter| adapter.name.as_str())
            .collect();
        let ports = tables(root, "ports", |name, table| {
            Port::read(name, table, directory, &names, host.threads)
        });
        let ports: Vec<Port> = ports.into_iter().flatten().collect();
        let targets = target::check(&ports, &root.names("ports"));
        let unknown_secrets = secrets::check(&ports, &root.names("secrets"));
        for mistake in targets.into_iter().chain(unknown_secrets) {
            root.note(mistake);
        }
        Self {
            file: file.to_owned(),
            host,
            secrets: secrets.into_iter().flatten().collect(),
            adapters,
            ports,
        }
    }

    /// An error about this file that only turned up later.
    pub(crate) fn error(&self, mistakes: Vec<Mistake>) -> ConfigError {
        ConfigError::mistaken(self.file.clone(), mistakes)
    }

    /// A file that it names: relative to its own directory.
    pub(crate) fn beside(&self, file: &str) -> PathBuf {
        self.file.parent().unwrap_or(Path::new("")).join(file)
    }

    /// The port of that name, or which there are.
    pub(crate) fn port(&self, name: &str) -> anyhow::Result<&Port> {
        let found = self.ports.iter().find(|port| port.name.as_str() == name);
        found.with_context(|| {
            let names = self.ports.iter().map(|port| port.name.as_str());
            let hint = suggest(name, names);
            format!("{} has no port '{name}'{hint}", self.file.display())
        })
    }
}

/// Reads every table in the table `name`.
fn tables<T>(
    root: &Section<'_>,
    name: &str,
    mut read: impl FnMut(&section::Entry<'_>, &Section<'_>) -> T,
) -> Vec<T> {
    let Some(all) = root.get(name).and_then(|entry| entry.section()) else {
        return Vec::new();
    };
    let entries = all.entries();
    let tables = entries
        .iter()
        .filter_map(|entry| Some(read(entry, &entry.section()?)));
    tables.collect()
}

/// TOML's messages come with line breaks; ours are one line each, so that `FILE:LINE:COLUMN` lines up.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
