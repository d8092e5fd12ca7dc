//! Loading all adapters of a configuration, and starting its ports with them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use adapter_runtime::{AdapterRuntime, Inspection, PoolConfig, RuntimeConfig};
use anyhow::Context as _;
use bytesize::ByteSize;
use dispatcher::Dispatcher;

use super::pools::PortPools;
use super::trust::{provenance, trust};
use super::{Facts, KnownAdapters, checks};
use crate::config::{Adapter, Config, Destination, Dynamic, Mistake, Port};
use crate::output;

/// One thread describes a component as well as many.
const INSPECTION_THREADS: usize = 1;

/// The adapters of a configuration, all of them usable by its ports.
#[derive(Debug)]
pub(crate) struct Adapters {
    runtime: AdapterRuntime,
    loaded: BTreeMap<String, adapter_runtime::Adapter>,
    known: KnownAdapters,
}

impl Adapters {
    /// Loads every adapter and checks everything the configuration says about it, telling all mistakes.
    pub(crate) fn load(config: &Config) -> anyhow::Result<Self> {
        let (trust, mut mistakes) = trust(config);
        if !mistakes.is_empty() {
            // Without its keys every component would be refused, which would say the same many times.
            return Err(config.error(mistakes).into());
        }
        let runtime = AdapterRuntime::new(RuntimeConfig {
            threads: config.host.threads,
            cache_directory: config.host.cache_directory.clone(),
            trust,
        })?;
        let (mut loaded, mut known) = (BTreeMap::new(), KnownAdapters::new());
        for adapter in &config.adapters {
            announce(adapter);
            // Compiling takes a while, and other tasks should not wait for it.
            let load = || runtime.load_from(&adapter.component, &provenance(adapter));
            match tokio::task::block_in_place(load) {
                Ok(component) => {
                    let info = component.info().clone();
                    let facts = Facts::new(adapter, info, component.world());
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
                loaded,
                known,
            })
        } else {
            Err(config.error(mistakes).into())
        }
    }

    /// What is known about them.
    pub(crate) fn known(&self) -> &KnownAdapters {
        &self.known
    }

    /// Enlists every port and starts it. `box_id` is that of the message box.
    pub(crate) async fn start(
        &self,
        config: &Config,
        dispatcher: &Dispatcher,
        box_id: u64,
    ) -> anyhow::Result<()> {
        let recalled = dispatcher.recall().await;
        recalled.context("cannot read from the message box which ports are stopped")?;
        for adapter in &config.adapters {
            if let Some(limit) = adapter.high_watermark {
                dispatcher.watermark(&adapter.name, limit);
            }
        }
        // All of them before the first is started: a port's failed messages may go to any other.
        let enlisted: Vec<_> = config
            .ports
            .iter()
            .map(|port| dispatcher.enlist(port.send_port(self.dynamic(port))))
            .collect();
        for (port, enlisted) in config.ports.iter().zip(enlisted) {
            let pools = self.pools(config, port, box_id);
            let pools = pools.with_context(|| format!("cannot start the port {}", port.name))?;
            enlisted.start(Arc::new(pools), self.is_eager(port))?;
        }
        Ok(())
    }

    fn pools(&self, config: &Config, port: &Port, box_id: u64) -> anyhow::Result<PortPools> {
        PortPools::new(port, box_id, self.runtime.clone(), |name| {
            let adapter = config.adapters.iter().find(|adapter| adapter.name == name);
            let loaded = self.loaded.get(name).zip(self.known.get(name));
            // Both are there: nothing is started unless every adapter was loaded.
            let (adapter, (loaded, facts)) = adapter.zip(loaded).context("it is not loaded")?;
            Ok((adapter, loaded, facts))
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
        let pools = self.pools(config, port, 0)?.into_configs();
        let Some(component) = instead else {
            return Ok(pools);
        };
        let load = || self.runtime.load(component);
        let adapter = tokio::task::block_in_place(load)?;
        let first = pools.into_iter().next();
        Ok(first
            .map(|way| PoolConfig { adapter, ..way })
            .into_iter()
            .collect())
    }

    /// What the messages of a dynamic port can choose from; nothing for a static one.
    fn dynamic(&self, port: &Port) -> Vec<model::DynamicAdapter> {
        let Destination::Dynamic(Dynamic { adapters, .. }) = &port.destination else {
            return Vec::new();
        };
        let facts = |name: &String| Some(self.known.get(name)?.dynamic(name));
        adapters.iter().filter_map(|a| facts(&a.value)).collect()
    }

    /// Whether the port's instances are there before its first message: those of a dynamic port when any
    /// of its adapters wants that. A backup's never are, since it may never be used.
    fn is_eager(&self, port: &Port) -> bool {
        let adapters = port.destination.primary_adapters();
        let eager = |name: &str| self.known.get(name).is_some_and(|f| f.info.start_eagerly);
        adapters.into_iter().any(|adapter| eager(&adapter.value))
    }
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
    })?;
    Ok(tokio::task::block_in_place(|| runtime.inspect(component))?)
}

/// The first start compiles, which takes long enough to wonder what is going on.
fn announce(adapter: &Adapter) {
    let size = std::fs::metadata(&adapter.component).map_or(0, |about| about.len());
    let name = &adapter.name;
    output::complain(&format!("loading adapter {name} ({})…", ByteSize(size)));
}
