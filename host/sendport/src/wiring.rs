//! Adapters: loaded, checked against what the configuration says about them, and started.
//!
//! The only file of the program that knows the adapter runtime's API, but for the schema types.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use adapter_runtime::{
    AdapterRuntime, Grants, HttpGrant, Inspection, PoolConfig, RuntimeConfig, World,
};
use anyhow::Context as _;
use bytesize::ByteSize;
use dispatcher::Dispatcher;

use crate::config::{Adapter, Config, Mistake, Place, Port, pairs};
use crate::{output, schema};

/// The transport type whose address names a directory the adapter has to reach.
const FILE: &str = "FILE";

/// One thread describes a component as well as many.
const INSPECTION_THREADS: usize = 1;

/// The adapters of a configuration, all of them usable by its ports.
#[derive(Debug)]
pub(crate) struct Adapters {
    runtime: AdapterRuntime,
    loaded: BTreeMap<String, adapter_runtime::Adapter>,
}

impl Adapters {
    /// Loads every adapter and checks everything the configuration says about it, telling all mistakes.
    pub(crate) fn load(config: &Config) -> anyhow::Result<Self> {
        let runtime = AdapterRuntime::new(RuntimeConfig {
            threads: config.host.threads,
            cache_directory: config.host.cache_directory.clone(),
        })?;
        let mut mistakes = Vec::new();
        let mut loaded = BTreeMap::new();
        for adapter in &config.adapters {
            announce(adapter);
            // Compiling takes a while, and other tasks should not wait for it.
            match tokio::task::block_in_place(|| runtime.load(&adapter.component)) {
                Ok(component) => {
                    loaded.insert(adapter.name.clone(), component);
                }
                Err(error) => mistakes.push(Mistake {
                    place: adapter.component_place,
                    key: format!("adapters.{}.component", adapter.name),
                    problem: error.to_string(),
                }),
            }
        }
        let adapters = Self { runtime, loaded };
        mistakes.extend(
            config
                .adapters
                .iter()
                .flat_map(|a| adapters.check_adapter(a)),
        );
        mistakes.extend(
            config
                .ports
                .iter()
                .flat_map(|port| adapters.check_port(port)),
        );
        if mistakes.is_empty() {
            Ok(adapters)
        } else {
            Err(config.error(mistakes).into())
        }
    }

    fn check_adapter(&self, adapter: &Adapter) -> Vec<Mistake> {
        // One that could not be loaded has been told already.
        let Some(loaded) = self.loaded.get(&adapter.name) else {
            return Vec::new();
        };
        let keys = &loaded.info().handler_schema;
        let path = format!("adapters.{}.config", adapter.name);
        schema::check(keys, &adapter.config, &path, adapter.config_place)
    }

    fn check_port(&self, port: &Port) -> Vec<Mistake> {
        let Some(loaded) = self.loaded.get(&port.adapter) else {
            return Vec::new();
        };
        let info = loaded.info();
        let path = format!("ports.{}.config", port.name);
        let mut mistakes = schema::check(&info.port_schema, &port.config, &path, port.config_place);
        let mut mistake = |place, key: &str, problem| {
            let key = format!("ports.{}.{key}", port.name);
            mistakes.push(Mistake {
                place,
                key,
                problem,
            });
        };
        let prefixes = &info.address_prefixes;
        let answers = |prefix: &String| begins_with(&port.address, prefix);
        if !prefixes.is_empty() && !prefixes.iter().any(answers) {
            let prefixes = prefixes.join("', '");
            let problem = format!(
                "the adapter '{}' ({}) answers to addresses that begin with '{prefixes}'",
                port.adapter, info.name
            );
            mistake(port.address_place, "address", problem);
        }
        for (url, place) in &port.grants.http {
            if let Err(error) = HttpGrant::parse(url) {
                mistake(*place, "grants.http", error.to_string());
            }
        }
        match self.directory(port) {
            Some((directory, place)) if !directory.is_dir() => {
                let problem = format!(
                    "there is no directory {}; create it, or name another",
                    directory.display()
                );
                let key = if port.grants.directory.is_some() {
                    "grants.directory"
                } else {
                    "address"
                };
                mistake(place, key, problem);
            }
            _ => {}
        }
        mistakes
    }

    /// The directory that a port's adapter may use, and what names it.
    fn directory(&self, port: &Port) -> Option<(PathBuf, Place)> {
        if port.grants.directory.is_some() {
            return port.grants.directory.clone();
        }
        let info = self.loaded.get(&port.adapter)?.info();
        let is_file = info.transport_type.eq_ignore_ascii_case(FILE);
        is_file.then(|| (address_directory(&port.address), port.address_place))
    }

    /// Enlists every port and starts it.
    pub(crate) fn start(&self, config: &Config, dispatcher: &Dispatcher) -> anyhow::Result<()> {
        for port in &config.ports {
            let failed = || format!("cannot start the port {}", port.name);
            let adapter = config.adapters.iter().find(|a| a.name == port.adapter);
            let adapter = adapter.with_context(failed)?;
            let loaded = self.loaded.get(&port.adapter).with_context(failed)?;
            let eager = adapter.eager.unwrap_or(loaded.info().start_eagerly);
            let pool_config = self
                .pool_config(port, adapter, loaded)
                .with_context(failed)?;
            let enlisted = dispatcher.enlist(port.send_port());
            let pool = self.runtime.pool(pool_config, enlisted.sink());
            enlisted.start(pool.with_context(failed)?, eager);
        }
        Ok(())
    }

    fn pool_config(
        &self,
        port: &Port,
        adapter: &Adapter,
        loaded: &adapter_runtime::Adapter,
    ) -> anyhow::Result<PoolConfig> {
        let http = port
            .grants
            .http
            .iter()
            .map(|(url, _)| HttpGrant::parse(url));
        Ok(PoolConfig {
            port: port.name.clone(),
            adapter: loaded.clone(),
            handler_configuration: pairs(&adapter.config),
            grants: Grants {
                http: http.collect::<Result<_, _>>()?,
                directory: self.directory(port).map(|(directory, _)| directory),
            },
            address: port.address.clone(),
            instances: port.instances,
            open_calls: port.open_calls,
            linger: port.linger,
            delivery_timeout: port.delivery_timeout,
            memory_limit: port.memory_limit,
            cpu_limit: port.cpu_limit,
        })
    }

    /// What kind of adapter that is, for people: its own name, version and world.
    pub(crate) fn describe(&self, name: &str) -> Option<(&str, &str, World)> {
        let adapter = self.loaded.get(name)?;
        let info = adapter.info();
        Some((&info.name, &info.version, adapter.world()))
    }
}

/// Looks at a component without keeping anything of it.
pub(crate) fn inspect(component: &Path) -> anyhow::Result<Inspection> {
    let scratch = tempfile::tempdir().context("cannot make a temporary directory")?;
    let runtime = AdapterRuntime::new(RuntimeConfig {
        threads: INSPECTION_THREADS,
        cache_directory: scratch.path().to_owned(),
    })?;
    Ok(tokio::task::block_in_place(|| runtime.inspect(component))?)
}

/// The first start compiles, which takes long enough to wonder what is going on.
fn announce(adapter: &Adapter) {
    let size = std::fs::metadata(&adapter.component).map_or(0, |about| about.len());
    let name = &adapter.name;
    output::complain(&format!("loading adapter {name} ({})…", ByteSize(size)));
}

/// Schemes are the same in capitals; whatever follows them is not.
fn begins_with(address: &str, prefix: &str) -> bool {
    let beginning = address.get(..prefix.len());
    beginning.is_some_and(|beginning| beginning.eq_ignore_ascii_case(prefix))
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

    #[test]
    fn prefixes_match_in_any_case() {
        assert!(begins_with("HTTP://host/", "http://"));
        assert!(!begins_with("https://host/", "http://"));
        assert!(!begins_with("ht", "http://"));
        assert!(!begins_with("ünicode", "http"));
    }
}
