//! One sandbox: a store with an adapter in it, loaded, initialised and ready for messages.

use std::time::Duration;

use model::ErrorInfo;
use wasmtime::component::Accessor;
use wasmtime::{Engine, Store};

use crate::adapter::Code;
use crate::context::Context;
use crate::cpu;
use crate::guest::{Control, Destination, Transmitter};
use crate::limits;

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
    let limits = context.limits.clone();
    let mut store = Store::new(engine, context);
    limits.apply(&mut store);
    cpu::watch(&mut store);
    store
}

/// Creates an instance: `load` with the handler configuration if the adapter wants it (B03, B04), then
/// `initialize`. Any failure ends it.
pub(crate) async fn start(
    engine: &Engine,
    context: Context,
    setup: Setup<'_>,
) -> Result<Instance, ErrorInfo> {
    let pulse = context.cpu.pulse();
    let mut store = new_store(engine, context);
    let starting = cpu::counting_visits(&pulse, start_in(&mut store, setup));
    match tokio::time::timeout(START, starting).await {
        Ok(Ok(Ok((control, transmitter)))) => Ok(Instance {
            store,
            control,
            transmitter,
        }),
        Ok(Ok(Err(error))) => Err(error),
        Ok(Err(trap)) => Err(trapped("start-trapped", &trap, store.data())),
        Err(_) => Err(ErrorInfo::new(
            "start-timeout",
            format!("load and initialize took longer than {START:?}"),
        )),
    }
}

async fn start_in(
    store: &mut Store<Context>,
    setup: Setup<'_>,
) -> wasmtime::Result<Result<(Control, Transmitter), ErrorInfo>> {
    let code = setup.code;
    let instance = code.pre.instantiate_async(&mut *store).await?;
    let bag = match &code.property_bag {
        Some(indices) => Some(indices.load(&mut *store, &instance)?),
        None => None,
    };
    let exports = &code.exports;
    let (control, transmitter) = exports.load(store, &instance, setup.destination)?;
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
    Ok(prepared.map(|()| (control, transmitter)))
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

/// A trap in words: the reason first, with the limit that is behind it if one is, then where.
pub(crate) fn trapped(code: &str, trap: &wasmtime::Error, context: &Context) -> ErrorInfo {
    let mut text = format!("the adapter trapped: {}", trap.root_cause());
    if let Some(limit) = limits::reason(trap, context) {
        text = format!("{text}; {limit}");
    }
    if let Some(place) = trap.downcast_ref::<wasmtime::WasmBacktrace>() {
        text = format!("{text}\n{place}");
    }
    ErrorInfo::new(code, text)
}
