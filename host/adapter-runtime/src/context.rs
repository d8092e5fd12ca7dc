//! What one store carries: the instance's resources, limits and the way back to the engine.

use std::sync::Arc;

use model::transmit::OutcomeSink;
use model::{Bill, ErrorInfo, Outcome, PortName};
use tokio::sync::Notify;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::sockets::WasiSocketsCtxView;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::bill::{Board, Traffic, Usage};
use crate::cpu::{CpuBudget, CpuGuard};
use crate::egress::{EgressLog, Networks, Quota, Reporter};
use crate::grants::Grants;
use crate::guest_output::GuestOutput;
use crate::http::{Client, PooledHooks};
use crate::ledger::{self, Answer, Ledger, Ticket};
use crate::limits::{self, Exceeded, Growth, HostMemory, Limits};
use crate::sockets::{Names, TcpConnections};
use crate::transport_batch::Cancelled;
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
    pub(crate) limits: Limits,
    pub(crate) cpu: CpuBudget,
}

/// The data of one store.
pub(crate) struct Context {
    pub(crate) table: ResourceTable,
    ledger: Ledger,
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
    pub(crate) limits: Limits,
    pub(crate) growth: Growth,
    pub(crate) host_memory: HostMemory,
    /// Counts what goes over the instance's connections; clones of it go along with them.
    pub(crate) traffic: Traffic,
    /// Bytes whose message is known.
    moved: Usage,
    board: Arc<Board>,
    /// What instances before this one left on the board.
    before: Bill,
    /// Rung when the guest decided something outside a call's return, so that the driver looks.
    pub(crate) progress: Arc<Notify>,
    /// Messages that are being committed and that the guest has stopped waiting for.
    pub(crate) cancelled: Cancelled,
    wasi: WasiCtx,
    wasi_http: WasiHttpCtx,
    hooks: PooledHooks,
}

impl Context {
    pub(crate) fn new(
        sandbox: &Sandbox,
        client: Client,
        sink: Arc<dyn OutcomeSink>,
        board: Arc<Board>,
    ) -> Result<Self, Error> {
        let limits = sandbox.limits.clone();
        let output = GuestOutput::new(sandbox.port.clone(), sandbox.grants.silent, &limits);
        let reporter = Arc::new(Reporter::new(
            sandbox.port.clone(),
            sandbox.adapter.clone(),
            sandbox.egress_log.clone(),
        ));
        let traffic = Traffic::default();
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        let mut wasi_http = WasiHttpCtx::new();
        wasi_http.set_field_size_limit(limits::FIELDS);
        Ok(Self {
            table,
            ledger: Ledger::default(),
            sink,
            hooks: PooledHooks::new(
                client.clone(),
                sandbox.http.clone(),
                sandbox.credentials.clone(),
                reporter.clone(),
                traffic.clone(),
            ),
            client,
            http_grants: sandbox.http.clone(),
            tcp_grants: sandbox.tcp.clone(),
            tcp_connections: TcpConnections::new(sandbox.quota.clone()),
            credentials: sandbox.credentials.clone(),
            secrets: sandbox.secrets.clone(),
            port: sandbox.port.clone(),
            cpu: CpuGuard::new(sandbox.cpu.clone()),
            growth: Growth::new(limits.memory),
            host_memory: HostMemory::new(limits.host_memory),
            limits,
            traffic,
            moved: Usage::default(),
            before: board.bill(),
            board,
            progress: Arc::new(Notify::new()),
            cancelled: Cancelled::new(),
            wasi: wasi::context(sandbox, &output, &reporter)?,
            output,
            reporter,
            wasi_http,
        })
    }

    /// The messages, after what has been used so far has been charged to those that it was used for.
    #[inline]
    pub(crate) fn ledger(&mut self) -> &mut Ledger {
        let (received, sent) = self.traffic.bytes();
        let sums = Usage {
            cpu: self.cpu.used(),
            ..Usage::bytes(received, sent)
        };
        self.ledger.charge(sums, self.growth.memory());
        &mut self.ledger
    }

    /// The guest is busy with this message.
    #[inline]
    pub(crate) fn touch(&mut self, ticket: Ticket) {
        match self.ledger.focused() {
            Some(before) if before == ticket => {}
            Some(_) => self.ledger().focus(ticket),
            None => self.ledger.focus(ticket),
        }
    }

    /// The call that was made for one message has returned.
    pub(crate) fn answered(&mut self, ticket: Ticket, answer: Answer) {
        self.touch(ticket);
        self.ledger().answered(ticket, answer);
    }

    /// Bytes that came in or went out for a message.
    pub(crate) fn moved(&mut self, ticket: Ticket, bytes_in: usize, bytes_out: usize) {
        let bytes = Usage::bytes(bytes_in as u64, bytes_out as u64);
        self.moved += bytes;
        self.ledger.moved(ticket, bytes);
    }

    /// The event loop turned: a step of the guest is over.
    pub(crate) fn turned(&mut self) {
        self.ledger().unfocus();
        self.cpu.turned();
        self.report();
    }

    /// Whether no message has used more CPU time than one may. Looks at all of them.
    pub(crate) fn check_messages(&mut self) -> Result<(), Exceeded> {
        let (limit, used) = (self.limits.cpu_per_message, self.ledger().largest_cpu());
        match used > limit {
            true => Err(Exceeded::CpuMessage { used, limit }),
            false => Ok(()),
        }
    }

    /// What this instance has cost.
    fn bill(&self) -> Bill {
        let (received, sent) = self.traffic.bytes();
        let (deliveries, wall) = self.ledger.deliveries();
        Bill {
            deliveries,
            cpu: self.cpu.used(),
            wall,
            peak_memory: self.growth.memory() as u64,
            bytes_in: self.moved.bytes_in + received,
            bytes_out: self.moved.bytes_out + sent,
        }
    }

    /// Tells the engine what has been decided since the last time, and shows what it has cost.
    pub(crate) fn report(&mut self) {
        while let Some(ticket) = self.cancelled.next() {
            self.ledger.released(ticket);
        }
        let mut bill = self.before;
        bill += self.bill();
        self.board.show(&bill);
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
        let held = self.ledger().abandon();
        self.report();
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
    use crate::engine::Ticker;
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
            limits: Limits::default(),
            cpu: CpuBudget::new(&Limits::default(), Ticker::default()),
        };
        let board = Arc::default();
        Context::new(&sandbox, Client::new(), sink.clone(), board).expect("no grants to fail at")
    }

    #[test]
    fn what_a_store_held_comes_back_when_it_is_dropped() {
        let sink = Arc::new(RecordingSink::default());
        let mut context = context(&sink);
        context.ledger().lend(Arc::new(delivery(1)), Instant::now());
        drop(context);
        assert_eq!(sink.take(), [(MessageId::new(1, 1), Outcome::Returned)]);
    }

    #[test]
    fn a_fault_of_the_host_is_treated_as_a_trap() {
        let sink = Arc::new(RecordingSink::default());
        let fault = catch_unwind(AssertUnwindSafe(|| {
            let mut context = context(&sink);
            context.ledger().lend(Arc::new(delivery(1)), Instant::now());
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
