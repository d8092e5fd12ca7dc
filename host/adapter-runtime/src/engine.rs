//! The wasmtime engine of the process, and the thread that makes its clock tick.
//!
//! Instances are allocated on demand rather than from a pool of fixed slots: they live for thousands of
//! messages, so the 30 µs that slots would save at their birth do not matter, and slot sizes would have
//! to be guessed for every language's components. What a guest may take is bounded per store.

use std::time::Duration;

use wasmtime::{Config, Engine};

use crate::Error;

/// The length of an epoch: how long a guest may run before the host gets a say. Short, because the
/// instances of one thread take turns and the I/O of its ports waits meanwhile.
pub(crate) const EPOCH: Duration = Duration::from_millis(5);

/// Stack of one guest call; deep recursion ends in a trap.
const GUEST_STACK: usize = 512 * 1024;

/// The engine, with interruption, the component model and its async part switched on.
pub(crate) fn engine() -> Result<Engine, Error> {
    let mut config = Config::new();
    config.wasm_component_model(true);
    config.wasm_component_model_async(true);
    config.epoch_interruption(true);
    config.max_wasm_stack(GUEST_STACK);
    config.async_stack_size(2 * GUEST_STACK);
    let engine = Engine::new(&config).map_err(|e| Error::Start(format!("{e:#}")))?;
    start_ticker(&engine)?;
    Ok(engine)
}

/// The ticker has an OS thread of its own: a guest that never yields can hold up every async timer in
/// the process, and then nothing but this thread could end it.
fn start_ticker(engine: &Engine) -> Result<(), Error> {
    let engine = engine.weak();
    let tick = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(EPOCH);
        }
    };
    std::thread::Builder::new()
        .name("epoch-ticker".to_owned())
        .spawn(tick)
        .map(drop)
        .map_err(|e| Error::Start(format!("cannot start the epoch thread: {e}")))
}
