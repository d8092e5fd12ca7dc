//! One sandbox: a store with an adapter in it, loaded, initialised and ready for messages.

use std::time::Duration;

use model::ErrorInfo;
use wasmtime::component::Accessor;
use wasmtime::{Engine, Store};

use crate::adapter::Code;
use crate::context::Context;
use crate::cpu;
use crate::guest::{Control, Destination, Transmitter};

/// Longest time an adapter may take for `load` and `initialize`; messages are waiting.
const START: Duration = Duration::from_secs(10);

/// A running adapter.
pub(crate) struct Instance {
    pub(crate) store: Store<Context>,
    pub(crate) control: Control,
    pub(crate) transmitter: Transmitter,
}

/// What an instance is set up with.
#[derive(Clone, Copy)]
pub(crate) struct Setup<'a> {
    pub(crate) code: &'a Code,
    /// What `load` gets.
    pub(crate) handler_configuration: &'a [(String, String)],
    /// Where a transactional adapter sends.
    pub(crate) destination: &'a Destination,
}

/// A store under limits, with nothing in it yet.
pub(crate) fn new_store(engine: &Engine, context: Context) -> Store<Context> {
    let mut store = Store::new(engine, context);
    store.limiter(|context| &mut context.limits);
    cpu::guard(&mut store);
    store
}

/// Creates an instance: `load` with the handler configuration if the adapter wants it (B03, B04), then
/// `initialize`. Any failure ends it.
pub(crate) async fn start(
    engine: &Engine,
    context: Context,
    setup: Setup<'_>,
) -> Result<Instance, ErrorInfo> {
    let visits = context.cpu.visits();
    let starting = start_in(new_store(engine, context), setup);
    let starting = cpu::counting_visits(visits, starting);
    match tokio::time::timeout(START, starting).await {
        Ok(Ok(Ok(instance))) => Ok(instance),
        Ok(Ok(Err(error))) => Err(error),
        Ok(Err(trap)) => Err(trapped("start-trapped", &trap)),
        Err(_) => Err(ErrorInfo::new(
            "start-timeout",
            format!("load and initialize took longer than {START:?}"),
        )),
    }
}

async fn start_in(
    mut store: Store<Context>,
    setup: Setup<'_>,
) -> wasmtime::Result<Result<Instance, ErrorInfo>> {
    let code = setup.code;
    let instance = code.pre.instantiate_async(&mut store).await?;
    let bag = match &code.property_bag {
        Some(indices) => Some(indices.load(&mut store, &instance)?),
        None => None,
    };
    let exports = &code.exports;
    let (control, transmitter) = exports.load(&mut store, &instance, setup.destination)?;
    let prepare = async |accessor: &Accessor<Context>| {
        if let Some(bag) = bag {
            let loaded = bag
                .call_load(accessor, setup.handler_configuration.to_vec())
                .await?;
            if let Err(error) = loaded {
                return wasmtime::error::Ok(Err(refused("load", error.into())));
            }
        }
        let initialized = control.initialize(accessor).await?;
        Ok(initialized.map_err(|error| refused("initialize", error)))
    };
    let prepared = store.run_concurrent(prepare).await??;
    Ok(prepared.map(|()| Instance {
        store,
        control,
        transmitter,
    }))
}

fn refused(step: &str, error: ErrorInfo) -> ErrorInfo {
    let code = error
        .code
        .clone()
        .unwrap_or_else(|| format!("{step}-failed"));
    ErrorInfo {
        code: Some(code),
        text: format!("{step} failed: {}", error.text),
    }
}

/// A trap in words: the reason first, then where.
pub(crate) fn trapped(code: &str, trap: &wasmtime::Error) -> ErrorInfo {
    let reason = trap.root_cause();
    let place = trap.downcast_ref::<wasmtime::WasmBacktrace>();
    let place = place.map(|b| format!("\n{b}")).unwrap_or_default();
    ErrorInfo::new(code, format!("the adapter trapped: {reason}{place}"))
}
