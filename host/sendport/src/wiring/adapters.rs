//! Loading all adapters of a configuration, and what its ports are made of.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use adapter_runtime::{
    AdapterRuntime, EgressLog, Inspection, PoolConfig, Provenance, RuntimeConfig, Trust,
};
use anyhow::Context as _;
use bytesize::ByteSize;
use model::DynamicAdapter;

use super::blueprint::{Blueprint, Component, Components};
use super::pools::PortPools;
use super::trust::{provenance, trust};
use super::vault::Vault;
use super::{Facts, KnownAdapters, checks};
use crate::config::{Adapter, Config, Destination, Dynamic, Mistake, Port};
use crate::output;

/// One thread describes a component as well as many.
const INSPECTION_THREADS: usize = 1;

/// The adapters of a configuration, all of them usable by its ports.
#[derive(Debug)]
pub(crate) struct Adapters {
    runtime: AdapterRuntime,
    trust: Trust,
    loaded: BTreeMap<String, adapter_runtime::Adapter>,
    known: KnownAdapters,
    vault: Vault,
}

impl Adapters {
    /// Reads every secret, loads every adapter, and checks everything the configuration says about them,
    /// telling all mistakes. `egress_log` is told what they send out, if anybody wants to know.
    pub(crate) async fn load(
        config: &Config,
        egress_log: Option<Arc<dyn EgressLog>>,
    ) -> anyhow::Result<Self> {
        let trust = read_trust(config)?;
        let runtime = AdapterRuntime::new(RuntimeConfig {
            threads: config.host.threads,
            cache_directory: config.host.cache_directory.clone(),
            trust: trust.clone(),
            egress_log,
        })?;
        Self::load_in(runtime, trust, config).await
    }

    /// The adapters of another configuration, in the same runtime. Components that have not changed come
    /// from its cache.
    pub(crate) async fn load_again(&self, config: &Config) -> anyhow::Result<Self> {
        let trust = read_trust(config)?;
        self.runtime.set_trust(trust.clone());
        let loaded = Self::load_in(self.runtime.clone(), trust, config).await;
        if loaded.is_err() {
            self.keep();
        }
        loaded
    }

    /// These stay, and not those that were loaded again.
    pub(crate) fn keep(&self) {
        self.runtime.set_trust(self.trust.clone());
    }

    async fn load_in(
        runtime: AdapterRuntime,
        trust: Trust,
        config: &Config,
    ) -> anyhow::Result<Self> {
        let (vault, mut mistakes) = Vault::open(config).await;
        let (mut loaded, mut known) = (BTreeMap::new(), KnownAdapters::new());
        for adapter in &config.adapters {
            announce(adapter);
            // Compiling takes a while, and other tasks should not wait for it.
            let load = || runtime.load_from(&adapter.component, &provenance(adapter));
            match tokio::task::block_in_place(load) {
                Ok(component) => {
                    let facts = Facts::new(adapter, component.info().clone(), component.world());
                    known.insert(adapter.name.clone(), facts);
                    loaded.insert(adapter.name.clone(), component);
                }
                Err(error) => mistakes.push(Mistake {
                    place: adapter.component_place,
                    key: format!("adapters.{}.component", adapter.name),
                    problem: error.to_string(),
                }),
            }
        }
        mistakes.extend(checks::mistakes(config, &known));
        if mistakes.is_empty() {
            Ok(Self {
                runtime,
                trust,
                loaded,
                known,
                vault,
            })
        } else {
            Err(config.error(mistakes).into())
        }
    }

    /// What an operator should know about the secrets, one line each.
    pub(crate) fn notes(&self) -> &[String] {
        self.vault.notes()
    }

    /// What is known about them.
    pub(crate) fn known(&self) -> &KnownAdapters {
        &self.known
    }

    /// The adapter of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&adapter_runtime::Adapter> {
        self.loaded.get(name)
    }

    /// Those that have been loaded.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &adapter_runtime::Adapter> {
        self.loaded.values()
    }

    /// The same with their names in the configuration.
    pub(crate) fn iter_named(&self) -> impl Iterator<Item = (&str, &adapter_runtime::Adapter)> {
        let named = self.loaded.iter();
        named.map(|(name, adapter)| (name.as_str(), adapter))
    }

    /// Loads a component that is to serve in place of the one that the configuration names. Where that pins
    /// a digest, no other one may.
    pub(crate) fn load_instead(&self, adapter: &Adapter, path: &Path) -> anyhow::Result<Component> {
        let provenance = Provenance {
            digest: adapter.digest.clone(),
            signature: None,
        };
        let load = || self.runtime.load_from(path, &provenance);
        let loaded = tokio::task::block_in_place(load)?;
        let facts = Facts::new(adapter, loaded.info().clone(), loaded.world());
        Ok(Component { loaded, facts })
    }

    /// What a port is made of, with these components in place of those that the configuration names.
    pub(crate) fn blueprint(
        &self,
        config: &Config,
        port: &Port,
        box_id: u64,
        instead: &Components,
    ) -> anyhow::Result<Blueprint> {
        let (runtime, vault) = (self.runtime.clone(), &self.vault);
        let pools = PortPools::new(port, box_id, runtime, vault, |name| {
            let adapter = config.adapters.iter().find(|adapter| adapter.name == name);
            let found = self.loaded.get(name).zip(self.known.get(name));
            let found = instead.get(name).map(Component::parts).or(found);
            // Both are there: nothing is started unless every adapter was loaded.
            let (adapter, (loaded, facts)) = adapter.zip(found).context("it is not loaded")?;
            Ok((adapter, loaded, facts))
        });
        let facts = |name: &str| instead.get(name).map(|c| &c.facts).or(self.known.get(name));
        Ok(Blueprint {
            settings: port.send_port(dynamic(port, facts)),
            pools: pools.with_context(|| format!("cannot start the port {}", port.name))?,
            eager: is_eager(port, facts),
        })
    }

    /// The ways that a port's messages can go, as its pools are configured: the primary ones, then the
    /// backup. With a component, its primary adapter is replaced by that one.
    pub(crate) fn ways(
        &self,
        config: &Config,
        port: &Port,
        instead: Option<&Path>,
    ) -> anyhow::Result<Vec<PoolConfig>> {
        // Only transactions care about the box, and none is made.
        let blueprint = self.blueprint(config, port, 0, &Components::new())?;
        let ways = blueprint.pools.configs().cloned();
        let Some(component) = instead else {
            return Ok(ways.collect());
        };
        let load = || self.runtime.load(component);
        let adapter = tokio::task::block_in_place(load)?;
        Ok(ways
            .take(1)
            .map(|way| PoolConfig {
                adapter: adapter.clone(),
                ..way
            })
            .collect())
    }
}

fn read_trust(config: &Config) -> anyhow::Result<Trust> {
    let (trust, mistakes) = trust(config);
    if mistakes.is_empty() {
        return Ok(trust);
    }
    // Without its keys every component would be refused, which would say the same many times.
    Err(config.error(mistakes).into())
}

/// What the messages of a dynamic port can choose from; nothing for a static one.
fn dynamic<'a>(port: &Port, facts: impl Fn(&str) -> Option<&'a Facts>) -> Vec<DynamicAdapter> {
    let Destination::Dynamic(Dynamic { adapters, .. }) = &port.destination else {
        return Vec::new();
    };
    let named = adapters.iter();
    named
        .filter_map(|a| Some(facts(&a.value)?.dynamic(&a.value)))
        .collect()
}

/// Whether the port's instances are there before its first message: those of a dynamic port when any of its
/// adapters wants that. A backup's never are, since it may never be used.
fn is_eager<'a>(port: &Port, facts: impl Fn(&str) -> Option<&'a Facts>) -> bool {
    let adapters = port.destination.primary_adapters();
    let eager = |name: &str| facts(name).is_some_and(|facts| facts.info.start_eagerly);
    adapters.into_iter().any(|adapter| eager(&adapter.value))
}

/// Looks at a component without keeping anything of it. With a configuration, it has to be one that the
/// configuration's keys allow.
pub(crate) fn inspect(component: &Path, config: Option<&Config>) -> anyhow::Result<Inspection> {
    let (trust, mistakes) = config.map(trust).unwrap_or_default();
    if let Some(config) = config.filter(|_| !mistakes.is_empty()) {
        return Err(config.error(mistakes).into());
    }
    let scratch = tempfile::tempdir().context("cannot make a temporary directory")?;
    let runtime = AdapterRuntime::new(RuntimeConfig {
        threads: INSPECTION_THREADS,
        cache_directory: scratch.path().to_owned(),
        trust,
        egress_log: None,
    })?;
    Ok(tokio::task::block_in_place(|| runtime.inspect(component))?)
}

/// The first start compiles, which takes long enough to wonder what is going on.
fn announce(adapter: &Adapter) {
    let size = std::fs::metadata(&adapter.component).map_or(0, |about| about.len());
    let name = &adapter.name;
    output::complain(&format!("loading adapter {name} ({})…", ByteSize(size)));
}
