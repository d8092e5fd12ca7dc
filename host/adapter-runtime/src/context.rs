//! What one store carries: the instance's resources, limits and the way back to the engine.

use std::sync::Arc;
use std::time::Duration;

use model::transmit::OutcomeSink;
use model::{ErrorInfo, Outcome, PortName};
use tokio::sync::Notify;
use wasmtime::component::ResourceTable;
use wasmtime::{StoreLimits, StoreLimitsBuilder};
use wasmtime_wasi::sockets::WasiSocketsCtxView;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::cpu::CpuGuard;
use crate::egress::{EgressLog, Networks, Quota, Reporter};
use crate::grants::Grants;
use crate::guest_output::GuestOutput;
use crate::http::{Client, PooledHooks};
use crate::ledger::{self, Ledger};
use crate::sockets::{Names, TcpConnections};
use crate::{Credentials, Error, GrantedSecrets, HttpGrant, TcpGrant, wasi};

/// Limits and rights of an instance.
#[derive(Clone)]
pub(crate) struct Sandbox {
    pub(crate) port: PortName,
    pub(crate) grants: Grants,
    /// What the port may reach over HTTP: its own address and the grants.
    pub(crate) http: Arc<[HttpGrant]>,
    /// What it may reach over TCP.
    pub(crate) tcp: Arc<[TcpGrant]>,
    /// What it may reach of what is not public.
    pub(crate) networks: Networks,
    /// Connections it may use at once, over all its pools.
    pub(crate) quota: Quota,
    /// Name, version and digest of the adapter, for the record.
    pub(crate) adapter: Arc<str>,
    pub(crate) egress_log: Option<Arc<dyn EgressLog>>,
    /// What the host adds to requests.
    pub(crate) credentials: Credentials,
    /// What the guest may read.
    pub(crate) secrets: GrantedSecrets,
    /// Linear memory of all the instance's modules together, in bytes.
    pub(crate) memory_limit: usize,
    /// Guest CPU time without a break.
    pub(crate) cpu_limit: Duration,
}

/// The data of one store.
pub(crate) struct Context {
    pub(crate) table: ResourceTable,
    pub(crate) ledger: Ledger,
    pub(crate) sink: Arc<dyn OutcomeSink>,
    pub(crate) client: Client,
    pub(crate) http_grants: Arc<[HttpGrant]>,
    pub(crate) tcp_grants: Arc<[TcpGrant]>,
    pub(crate) tcp_connections: TcpConnections,
    pub(crate) reporter: Arc<Reporter>,
    pub(crate) credentials: Credentials,
    pub(crate) secrets: GrantedSecrets,
    pub(crate) port: PortName,
    pub(crate) output: GuestOutput,
    pub(crate) cpu: CpuGuard,
    pub(crate) limits: StoreLimits,
    /// Rung when the guest decided something outside a call's return, so that the driver looks.
    pub(crate) progress: Arc<Notify>,
    wasi: WasiCtx,
    wasi_http: WasiHttpCtx,
    hooks: PooledHooks,
}

impl Context {
    pub(crate) fn new(
        sandbox: &Sandbox,
        client: Client,
        sink: Arc<dyn OutcomeSink>,
    ) -> Result<Self, Error> {
        let output = GuestOutput::new(sandbox.port.clone(), sandbox.grants.silent);
        let reporter = Arc::new(Reporter::new(
            sandbox.port.clone(),
            sandbox.adapter.clone(),
            sandbox.egress_log.clone(),
        ));
        Ok(Self {
            table: ResourceTable::new(),
            ledger: Ledger::default(),
            sink,
            hooks: PooledHooks::new(
                client.clone(),
                sandbox.http.clone(),
                sandbox.credentials.clone(),
                reporter.clone(),
            ),
            client,
            http_grants: sandbox.http.clone(),
            tcp_grants: sandbox.tcp.clone(),
            tcp_connections: TcpConnections::new(sandbox.quota.clone()),
            credentials: sandbox.credentials.clone(),
            secrets: sandbox.secrets.clone(),
            port: sandbox.port.clone(),
            cpu: CpuGuard::new(sandbox.cpu_limit),
            limits: StoreLimitsBuilder::new()
                .memory_size(sandbox.memory_limit)
                .build(),
            progress: Arc::new(Notify::new()),
            wasi: wasi::context(sandbox, &output, &reporter)?,
            output,
            reporter,
            wasi_http: WasiHttpCtx::new(),
        })
    }

    /// Tells the engine what has been decided since the last time.
    pub(crate) fn report(&mut self) {
        let resolved = self.ledger.take_resolved();
        if !resolved.is_empty() {
            self.sink.resolved(resolved);
        }
    }

    /// What look-ups of names need.
    pub(crate) fn names(&mut self) -> Names<'_> {
        self.concern_reporter();
        Names {
            wasi: WasiSocketsCtxView {
                ctx: self.wasi.sockets(),
                table: &mut self.table,
            },
            grants: &self.tcp_grants,
            reporter: &self.reporter,
        }
    }

    /// The guest turns to the network: what is told of it is about the only message it has, if it has
    /// only one.
    pub(crate) fn concern_reporter(&self) {
        if self.reporter.listens() {
            self.reporter.concerns(self.ledger.only_message());
        }
    }
}

impl Drop for Context {
    /// Whatever ends the store, what it held comes back. Its seat has seen to that before, unless there
    /// is a fault in the host itself: then the messages are treated as if the adapter had trapped.
    fn drop(&mut self) {
        self.report();
        let held = self.ledger.abandon();
        if held.is_empty() {
            return;
        }
        self.sink.resolved(if std::thread::panicking() {
            let text = "the host failed while the adapter had the message; its log says more";
            ledger::blame(&held, &ErrorInfo::new("host-fault", text))
        } else {
            held.into_iter().map(|id| (id, Outcome::Returned)).collect()
        });
    }
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

impl WasiView for Context {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for Context {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        self.concern_reporter();
        if self.credentials.sign() {
            self.hooks.set_only_message(self.ledger.only_message());
        }
        WasiHttpCtxView {
            ctx: &mut self.wasi_http,
            table: &mut self.table,
            hooks: &mut self.hooks,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::time::Instant;

    use model::{Failure, MessageId};

    use super::*;
    use crate::Grants;
    use crate::ledger::tests::delivery;
    use crate::recording_sink::RecordingSink;

    /// A context without rights.
    pub(crate) fn context(sink: &Arc<RecordingSink>) -> Context {
        let sandbox = Sandbox {
            port: PortName::new("port").expect("a name"),
            grants: Grants::default(),
            http: Arc::from([]),
            tcp: Arc::from([]),
            networks: Networks::default(),
            quota: Quota::new(1),
            adapter: Arc::from("test 0"),
            egress_log: None,
            credentials: Credentials::default(),
            secrets: GrantedSecrets::default(),
            memory_limit: 1,
            cpu_limit: Duration::from_secs(1),
        };
        Context::new(&sandbox, Client::new(), sink.clone()).expect("no grants to fail at")
    }

    #[test]
    fn what_a_store_held_comes_back_when_it_is_dropped() {
        let sink = Arc::new(RecordingSink::default());
        let mut context = context(&sink);
        context.ledger.lend(Arc::new(delivery(1)), Instant::now());
        drop(context);
        assert_eq!(sink.take(), [(MessageId::new(1, 1), Outcome::Returned)]);
    }

    #[test]
    fn a_fault_of_the_host_is_treated_as_a_trap() {
        let sink = Arc::new(RecordingSink::default());
        let fault = catch_unwind(AssertUnwindSafe(|| {
            let mut context = context(&sink);
            context.ledger.lend(Arc::new(delivery(1)), Instant::now());
            panic!("a fault of the host, as a test");
        }));
        assert!(fault.is_err());
        let told = sink.take();
        let [(_, Outcome::Failed(Failure { error, .. }))] = told.as_slice() else {
            panic!("{told:?}");
        };
        assert_eq!(error.code.as_deref(), Some("host-fault"));
    }
}
