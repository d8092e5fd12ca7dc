//! Reads an adapter's description from a throw-away instance with no rights at all.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use model::transmit::{BatchFailure, BatchFailureReason, BoxFuture, OutcomeSink};
use model::{ErrorInfo, MessageId, Outcome, PortName};
use wasmtime::Engine;
use wasmtime::component::Accessor;

use crate::adapter::Code;
use crate::context::{Context, Sandbox};
use crate::cpu::{self, CpuBudget};
use crate::egress::{Networks, Quota};
use crate::engine::Ticker;
use crate::http::Client;
use crate::instance::new_store;
use crate::{Credentials, Error, GrantedSecrets, Grants, Limits, TransportInfo};

/// A description is a handful of constants. The other limits are those of a port that says nothing.
const TIME: Duration = Duration::from_secs(5);

/// Calls `transport.describe`.
pub(crate) async fn describe(
    engine: &Engine,
    ticker: Ticker,
    code: &Code,
    path: &Path,
) -> Result<TransportInfo, Error> {
    let failed = |reason: String| Error::Describe {
        path: path.to_owned(),
        reason,
    };
    match tokio::time::timeout(TIME, describe_in(engine, ticker, code)).await {
        Ok(result) => result.map_err(|e| failed(format!("{e:#}"))),
        Err(_) => Err(failed(format!("it took longer than {TIME:?}"))),
    }
}

async fn describe_in(
    engine: &Engine,
    ticker: Ticker,
    code: &Code,
) -> wasmtime::Result<TransportInfo> {
    let limits = Limits::default();
    let sandbox = Sandbox {
        port: PortName::new("describe").map_err(wasmtime::Error::new)?,
        grants: Grants::default(),
        http: Arc::from([]),
        tcp: Arc::from([]),
        networks: Networks::default(),
        quota: Quota::new(1),
        adapter: Arc::from("describe"),
        egress_log: None,
        credentials: Credentials::default(),
        secrets: GrantedSecrets::default(),
        cpu: CpuBudget::new(&limits, ticker),
        limits,
    };
    let context = Context::new(&sandbox, Client::new(), Arc::new(Nowhere), Arc::default())
        .map_err(wasmtime::Error::new)?;
    let pulse = context.cpu.pulse();
    let mut store = new_store(engine, context);
    let describing = async {
        let instance = code.pre.instantiate_async(&mut store).await?;
        let transport = code.transport.load(&mut store, &instance)?;
        let read = async |accessor: &Accessor<Context>| transport.call_describe(accessor).await;
        store.run_concurrent(read).await?
    };
    Ok(cpu::counting_visits(&pulse, describing).await?.into())
}

/// The sink of an instance that gets no messages.
struct Nowhere;

impl OutcomeSink for Nowhere {
    fn resolved(&self, _: Vec<(MessageId, Outcome)>) {}

    fn settle(&self, _: Vec<(MessageId, Outcome)>) -> BoxFuture<Result<(), BatchFailure>> {
        Box::pin(async { Err(nothing()) })
    }

    fn decide_transaction(
        &self,
        _: String,
        _: Vec<MessageId>,
    ) -> BoxFuture<Result<(), BatchFailure>> {
        Box::pin(async { Err(nothing()) })
    }

    fn decided_transactions(&self) -> BoxFuture<Result<Vec<String>, ErrorInfo>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn finish_transaction(&self, _: String) -> BoxFuture<Result<(), ErrorInfo>> {
        Box::pin(async { Ok(()) })
    }

    fn error(&self, _: ErrorInfo) {}
}

fn nothing() -> BatchFailure {
    BatchFailure {
        reason: BatchFailureReason::NotYours,
        text: "nothing is delivered while an adapter describes itself".to_owned(),
        culprits: Vec::new(),
    }
}
