//! The pools of one port: made when it starts, and again when it is started after a termination.

use std::sync::Arc;

use adapter_runtime::{
    AdapterRuntime, Credentials, DirectoryGrant, Grants, HttpGrant, Network, PoolConfig, TcpGrant,
};
use anyhow::Context as _;
use dispatcher::{CanaryBoard, PoolFactory, Pools};
use model::transmit::{OutcomeSink, TransmitterPool};
use model::{CanaryShare, EndpointConfiguration, ErrorInfo};

use super::Facts;
use super::checks::reach;
use super::vault::Vault;
use crate::config::{Adapter, Destination, Dynamic, Port, Transport};

/// Everything that is needed to make a port's pools.
#[derive(Clone, Debug)]
pub(crate) struct PortPools {
    runtime: AdapterRuntime,
    /// One; on a dynamic port one per adapter that its messages may name.
    primary: Vec<PoolConfig>,
    backup: Option<PoolConfig>,
}

/// An adapter of the configuration, its code, and what is known about it.
type Found<'a> = (&'a Adapter, &'a adapter_runtime::Adapter, &'a Facts);

impl PortPools {
    /// `find` finds the adapters by name.
    pub(super) fn new<'a>(
        port: &Port,
        box_id: u64,
        runtime: AdapterRuntime,
        vault: &Vault,
        find: impl Fn(&str) -> anyhow::Result<Found<'a>>,
    ) -> anyhow::Result<Self> {
        let plan = Plan {
            port,
            box_id,
            vault,
        };
        let transport = |transport: &Transport| {
            let found = find(&transport.adapter.value)?;
            plan.of_transport(transport, &found)
        };
        let (primary, backup) = match &port.destination {
            Destination::Static { primary, backup } => (
                vec![transport(primary)?],
                backup.as_ref().map(transport).transpose()?,
            ),
            Destination::Dynamic(dynamic) => {
                let pools = dynamic.adapters.iter().map(|adapter| {
                    let found = find(&adapter.value)?;
                    plan.of_any_address(dynamic, &found)
                });
                (pools.collect::<anyhow::Result<_>>()?, None)
            }
        };
        Ok(Self {
            runtime,
            primary,
            backup,
        })
    }

    /// How they are configured: the primary ones, then the backup.
    pub(crate) fn configs(&self) -> impl Iterator<Item = &PoolConfig> {
        self.primary.iter().chain(&self.backup)
    }

    fn pool(
        &self,
        config: &PoolConfig,
        sink: Arc<dyn OutcomeSink>,
    ) -> Result<Arc<dyn TransmitterPool>, ErrorInfo> {
        let pool = self.runtime.pool(config.clone(), sink);
        pool.map_err(|error| ErrorInfo::new("adapter", error.to_string()))
    }
}

/// The same pools, whoever makes them.
impl PartialEq for PortPools {
    fn eq(&self, other: &Self) -> bool {
        (&self.primary, &self.backup) == (&other.primary, &other.backup)
    }
}

impl PoolFactory for PortPools {
    fn pools(&self, sink: Arc<dyn OutcomeSink>) -> Result<Pools, ErrorInfo> {
        let pool = |config: &PoolConfig| self.pool(config, sink.clone());
        Ok(Pools {
            primary: self.primary.iter().map(pool).collect::<Result<_, _>>()?,
            backup: self.backup.as_ref().map(pool).transpose()?,
        })
    }
}

/// Makes the pools of a port that two versions of an adapter serve together.
#[derive(Debug)]
pub(crate) struct CanaryPools {
    pub(crate) old: PortPools,
    pub(crate) new: PortPools,
    pub(crate) share: CanaryShare,
    pub(crate) board: CanaryBoard,
}

impl CanaryPools {
    /// One pool where both are the same, else one of both.
    fn pool(
        &self,
        old: &PoolConfig,
        new: &PoolConfig,
        sink: &Arc<dyn OutcomeSink>,
    ) -> Result<Arc<dyn TransmitterPool>, ErrorInfo> {
        if old == new {
            return self.new.pool(new, sink.clone());
        }
        let before = self.old.pool(old, self.board.old_sink(sink.clone()))?;
        let after = self.new.pool(new, self.board.new_sink(sink.clone()))?;
        Ok(self.board.pool(self.share, before, after))
    }
}

impl PoolFactory for CanaryPools {
    fn pools(&self, sink: Arc<dyn OutcomeSink>) -> Result<Pools, ErrorInfo> {
        let pool = |(old, new)| self.pool(old, new, &sink);
        let primary = self.old.primary.iter().zip(&self.new.primary);
        let backup = self.old.backup.as_ref().zip(self.new.backup.as_ref());
        Ok(Pools {
            primary: primary.map(pool).collect::<Result<_, _>>()?,
            backup: backup.map(pool).transpose()?,
        })
    }
}

/// What all pools of a port have in common.
struct Plan<'a> {
    port: &'a Port,
    box_id: u64,
    vault: &'a Vault,
}

impl Plan<'_> {
    fn of_transport(&self, transport: &Transport, found: &Found<'_>) -> anyhow::Result<PoolConfig> {
        let directory = reach::directory(self.port, transport, found.2);
        let working = directory.map(|found| DirectoryGrant::working(found.path, found.access));
        let mut pool = self.pool(found, working)?;
        pool.address = transport.address.value.clone();
        pool.configuration = Arc::new(transport.config.endpoint());
        pool.credentials = self.vault.credentials(transport.credentials.as_ref());
        pool.transaction_prefix = self.transaction_prefix();
        Ok(pool)
    }

    /// For messages that bring their address along: it grants nothing, since anybody may write one.
    fn of_any_address(&self, dynamic: &Dynamic, found: &Found<'_>) -> anyhow::Result<PoolConfig> {
        let directory = self.port.grants.directory.as_ref();
        let working = directory.map(|granted| {
            DirectoryGrant::working(granted.value.path.clone(), granted.value.access)
        });
        let mut pool = self.pool(found, working)?;
        pool.credentials = self.vault.credentials(dynamic.credentials.as_ref());
        Ok(pool)
    }

    fn pool(
        &self,
        found: &Found<'_>,
        working: Option<DirectoryGrant>,
    ) -> anyhow::Result<PoolConfig> {
        let Port {
            name,
            instances,
            limits,
            flow,
            ..
        } = self.port;
        let (adapter, loaded, _) = found;
        Ok(PoolConfig {
            port: name.clone(),
            adapter: (*loaded).clone(),
            handler_configuration: adapter.config.pairs(),
            grants: self.grants(working)?,
            credentials: Credentials::default(),
            secrets: self.vault.granted(self.port),
            address: Arc::from(""),
            configuration: Arc::new(EndpointConfiguration::default()),
            transaction_prefix: String::new(),
            instances: instances.count,
            open_calls: instances.open_calls,
            linger: instances.linger,
            delivery_timeout: flow.delivery_timeout,
            connections: flow.connections,
            limits: limits.clone(),
        })
    }

    /// `working` is the directory that the adapter finds as `.`.
    fn grants(&self, working: Option<DirectoryGrant>) -> anyhow::Result<Grants> {
        let grants = &self.port.grants;
        let http = grants
            .http
            .iter()
            .map(|grant| HttpGrant::parse(&grant.value));
        let tcp = grants.tcp.iter().map(|grant| TcpGrant::parse(&grant.value));
        let networks = grants.networks.iter().map(|n| Network::parse(&n.value));
        let named = grants.directories.iter().map(|named| DirectoryGrant {
            guest: named.name.clone(),
            path: named.directory.path.clone(),
            access: named.directory.access,
        });
        Ok(Grants {
            http: http.collect::<Result<_, _>>().context("grants.http")?,
            tcp: tcp.collect::<Result<_, _>>().context("grants.tcp")?,
            networks: networks
                .collect::<Result<_, _>>()
                .context("grants.networks")?,
            directories: working.into_iter().chain(named).collect(),
            environment: grants.environment.clone(),
            clock: grants.clock,
            random: grants.random,
            silent: grants.silent,
        })
    }

    /// What the names of the port's transactions begin with: they are found again by it.
    fn transaction_prefix(&self) -> String {
        format!("sendport:{:012x}:{}:", self.box_id, self.port.name)
    }
}
