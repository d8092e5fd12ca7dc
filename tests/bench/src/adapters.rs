//! Pools of the null adapters, for the benchmarks that have no destination.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use adapter_runtime::{
    AdapterRuntime, Credentials, GrantedSecrets, Grants, Limits, PoolConfig, RuntimeConfig, Trust,
};
use anyhow::Result;
use model::PortName;
use model::transmit::{OutcomeSink, TransmitterPool};

/// A runtime and the components it may load.
pub(crate) struct Adapters {
    pub(crate) runtime: AdapterRuntime,
    directory: PathBuf,
    _cache: tempfile::TempDir,
}

impl Adapters {
    pub(crate) fn new(directory: &Path, threads: usize) -> Result<Self> {
        let cache = tempfile::tempdir()?;
        let config = RuntimeConfig {
            threads,
            cache_directory: cache.path().join("cache"),
            trust: Trust::default(),
            egress_log: None,
        };
        let runtime = AdapterRuntime::new(config)?;
        Ok(Self {
            runtime,
            directory: directory.to_owned(),
            _cache: cache,
        })
    }

    /// A pool of one adapter.
    pub(crate) fn pool(
        &self,
        component: &str,
        port: &Shape,
        sink: Arc<dyn OutcomeSink>,
    ) -> Result<Arc<dyn TransmitterPool>> {
        self.limited_pool(component, port, Limits::default(), sink)
    }

    /// The same under other limits than the default.
    pub(crate) fn limited_pool(
        &self,
        component: &str,
        port: &Shape,
        limits: Limits,
        sink: Arc<dyn OutcomeSink>,
    ) -> Result<Arc<dyn TransmitterPool>> {
        let adapter = self
            .runtime
            .load(&self.directory.join(component).with_extension("wasm"))?;
        let config = PoolConfig {
            port: PortName::new("bench")?,
            adapter,
            handler_configuration: Vec::new(),
            grants: Grants::default(),
            credentials: Credentials::default(),
            secrets: GrantedSecrets::default(),
            address: Arc::from(port.address.as_str()),
            configuration: Arc::default(),
            transaction_prefix: "bench:".to_owned(),
            instances: port.instances,
            open_calls: port.open_calls,
            linger: Duration::from_millis(2),
            delivery_timeout: Duration::from_secs(60),
            connections: 128,
            limits,
        };
        Ok(self.runtime.pool(config, sink)?)
    }
}

/// How a pool is laid out.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) address: String,
    pub(crate) instances: usize,
    pub(crate) open_calls: usize,
}
