//! What one store carries: the instance's resources, limits and the way back to the engine.

use std::sync::Arc;
use std::time::{Duration, Instant};

use model::PortName;
use model::transmit::OutcomeSink;
use tokio::sync::Notify;
use wasmtime::component::ResourceTable;
use wasmtime::{StoreLimits, StoreLimitsBuilder};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::cpu::CpuGuard;
use crate::grants::Grants;
use crate::guest_log::GuestLog;
use crate::http::{Client, PooledHooks};
use crate::ledger::Ledger;
use crate::{Error, HttpGrant};

/// Limits and rights of an instance.
#[derive(Clone)]
pub(crate) struct Sandbox {
    pub(crate) port: PortName,
    pub(crate) grants: Grants,
    /// What the port may reach over HTTP: its own address and the grants.
    pub(crate) http: Arc<[HttpGrant]>,
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
    pub(crate) port: PortName,
    pub(crate) log: GuestLog,
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
        Ok(Self {
            table: ResourceTable::new(),
            ledger: Ledger::default(),
            sink,
            hooks: PooledHooks::new(client.clone(), sandbox.http.clone()),
            client,
            http_grants: sandbox.http.clone(),
            port: sandbox.port.clone(),
            log: GuestLog::new(Instant::now()),
            cpu: CpuGuard::new(sandbox.cpu_limit),
            limits: StoreLimitsBuilder::new()
                .memory_size(sandbox.memory_limit)
                .build(),
            progress: Arc::new(Notify::new()),
            wasi: wasi(sandbox)?,
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
}

/// Nothing but what is granted: no arguments, no environment, no network, one directory or none.
fn wasi(sandbox: &Sandbox) -> Result<WasiCtx, Error> {
    let mut builder = WasiCtxBuilder::new();
    if let Some(directory) = &sandbox.grants.directory {
        builder.preopened_dir(directory, ".", FsPerms::ReadWrite).map_err(|e| {
            let reason = format!("cannot open the granted directory {}: {e:#}; create it or correct `address` or `grants.directory`", directory.display());
            Error::Grant { port: sandbox.port.to_string(), reason }
        })?;
    }
    Ok(builder.build())
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
        WasiHttpCtxView {
            ctx: &mut self.wasi_http,
            table: &mut self.table,
            hooks: &mut self.hooks,
        }
    }
}
