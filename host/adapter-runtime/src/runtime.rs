//! The adapter runtime of a process: one engine, one linker, one cache, the instance threads.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, mpsc};

use futures::FutureExt;
use model::transmit::{OutcomeSink, TransmitterPool};
use wasmtime::Engine;
use wasmtime::component::Linker;

use crate::adapter::{Code, Loaded, load_code};
use crate::artefact::ArtefactCache;
use crate::context::{Context, Sandbox};
use crate::cpu::CpuBudget;
use crate::egress::{EgressLog, Networks, Quotas};
use crate::engine::Ticker;
use crate::pool::{Environment, Pool};
use crate::threads::InstanceThreads;
use crate::transactions::{LONGEST_PREFIX, Registry};
use crate::trust::{Provenance, Trust};
use crate::{
    Adapter, Error, HttpGrant, Inspection, PoolConfig, TcpGrant, TransportInfo, describe, engine,
    linker,
};

/// How the runtime is set up.
#[derive(Clone, Debug)]
pub struct RuntimeConfig {
    /// Instance threads; one per core is best.
    pub threads: usize,
    /// Where compiled adapters are kept. Only this host may write there: machine code is loaded from it.
    pub cache_directory: PathBuf,
    /// Which components may be loaded.
    pub trust: Trust,
    /// Who is told of everything that adapters send out or are denied; costs nothing when absent.
    pub egress_log: Option<Arc<dyn EgressLog>>,
}

/// Loads adapters and runs pools of them. Cheap to clone.
#[derive(Clone)]
pub struct AdapterRuntime(Arc<Inner>);

struct Inner {
    engine: Engine,
    ticker: Ticker,
    linker: Linker<Context>,
    cache: ArtefactCache,
    trust: RwLock<Trust>,
    threads: Arc<InstanceThreads>,
    transactions: Arc<Registry>,
    quotas: Quotas,
    egress_log: Option<Arc<dyn EgressLog>>,
}

impl AdapterRuntime {
    /// Starts the engine, its clock and the instance threads.
    pub fn new(config: RuntimeConfig) -> Result<Self, Error> {
        let (engine, ticker) = engine::engine()?;
        let linker = linker::linker(&engine)?;
        let cache = ArtefactCache::open(&config.cache_directory)?;
        let threads = Arc::new(InstanceThreads::start(config.threads)?);
        Ok(Self(Arc::new(Inner {
            engine,
            ticker,
            linker,
            cache,
            trust: RwLock::new(config.trust),
            threads,
            transactions: Arc::new(Registry::new()),
            quotas: Quotas::default(),
            egress_log: config.egress_log,
        })))
    }

    /// As [`Self::load_from`], of a component of which nothing is known beforehand.
    pub fn load(&self, path: &Path) -> Result<Adapter, Error> {
        self.load_from(path, &Provenance::default())
    }

    /// Loads an adapter: checks digest and signature, compiles it unless this engine has compiled it
    /// before, checks its world and its imports, reads its description. Nothing of it is compiled or run
    /// unless it is trusted. Blocks the thread; takes seconds for a large new component.
    pub fn load_from(&self, path: &Path, provenance: &Provenance) -> Result<Adapter, Error> {
        let inner = &self.0;
        let trust = inner.trust.read();
        // A copy, since compiling takes long; whoever changes it must not wait for that.
        let trust = trust.unwrap_or_else(PoisonError::into_inner).clone();
        let trust = (&trust, provenance);
        let (component, code) = load_code(&inner.engine, &inner.linker, &inner.cache, path, trust)?;
        let (info, code) = self.describe(path, code)?;
        Ok(Adapter(Arc::new(Loaded {
            component,
            info,
            code,
        })))
    }

    /// Says which components may be loaded from now on. Those that are loaded stay.
    pub fn set_trust(&self, trust: Trust) {
        let mut current = self.0.trust.write().unwrap_or_else(PoisonError::into_inner);
        *current = trust;
    }

    /// What can be said about a component without sending anything. Blocks like [`Self::load_from`].
    pub fn inspect(&self, path: &Path) -> Result<Inspection, Error> {
        Ok(Inspection::of(&self.load(path)?))
    }

    /// A pool for one of a port's transports. No instance is made yet, unless there are decided
    /// transactions to be committed.
    pub fn pool(
        &self,
        config: PoolConfig,
        sink: Arc<dyn OutcomeSink>,
    ) -> Result<Arc<dyn TransmitterPool>, Error> {
        check_prefix(&config)?;
        let sandbox = Sandbox {
            port: config.port.clone(),
            grants: config.grants.clone(),
            http: http_grants(&config),
            tcp: tcp_grants(&config),
            networks: Networks::new(&config.grants.networks),
            quota: self.0.quotas.of(&config.port, config.connections),
            adapter: config.adapter.version().into(),
            egress_log: self.0.egress_log.clone(),
            credentials: config.credentials.with_address(&config.address),
            secrets: config.secrets.clone(),
            limits: config.limits.clone(),
            cpu: CpuBudget::new(&config.limits, self.0.ticker.clone()),
        };
        let Inner {
            engine,
            threads,
            transactions,
            ..
        } = &*self.0;
        let environment = Environment {
            engine: engine.clone(),
            threads: threads.clone(),
            memory: transactions.memory(&config.transaction_prefix, &config.address),
        };
        Ok(Arc::new(Pool::new(config, sandbox, environment, sink)))
    }

    /// Runs `describe` on an instance thread and waits for it.
    fn describe(&self, path: &Path, code: Code) -> Result<(TransportInfo, Code), Error> {
        let (sender, result) = mpsc::channel();
        let (engine, path) = (self.0.engine.clone(), path.to_owned());
        let ticker = self.0.ticker.clone();
        let failed = path.clone();
        let job = async move {
            let described = describe::describe(&engine, ticker, &code, &path).await;
            // The receiver waits below; it is gone only if this process is.
            drop(sender.send(described.map(|info| (info, code))));
        };
        self.0.threads.spawn(0, move || job.boxed_local());
        result.recv().unwrap_or_else(|_| {
            let reason = "the instance thread has ended".to_owned();
            Err(Error::Describe {
                path: failed,
                reason,
            })
        })
    }
}

/// A transaction that cannot be told from others' would be ended by them, or end theirs.
fn check_prefix(config: &PoolConfig) -> Result<(), Error> {
    let prefix = &config.transaction_prefix;
    let is_allowed = (1..=LONGEST_PREFIX).contains(&prefix.len());
    if is_allowed || !config.adapter.world().is_transactional() {
        return Ok(());
    }
    Err(Error::TransactionPrefix {
        port: config.port.to_string(),
        prefix: prefix.clone(),
        longest: LONGEST_PREFIX,
    })
}

/// The port's own address, if it is a URL, and what is granted besides.
fn http_grants(config: &PoolConfig) -> Arc<[HttpGrant]> {
    let own = HttpGrant::parse(&config.address).ok();
    own.into_iter()
        .chain(config.grants.http.iter().cloned())
        .collect()
}

/// The same for TCP.
fn tcp_grants(config: &PoolConfig) -> Arc<[TcpGrant]> {
    let own = TcpGrant::of_address(&config.address);
    own.into_iter()
        .chain(config.grants.tcp.iter().cloned())
        .collect()
}

impl fmt::Debug for AdapterRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdapterRuntime")
            .field("threads", &self.0.threads)
            .finish_non_exhaustive()
    }
}
