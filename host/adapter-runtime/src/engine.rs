//! The wasmtime engine of the process, and the thread that makes its clock tick.
//!
//! Instances are allocated on demand rather than from a pool of fixed slots: they live for thousands of
//! messages, so the 30 µs that slots would save at their birth do not matter, and slot sizes would have
//! to be guessed for every language's components. What a guest may take is bounded per store.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use wasmtime::{Config, Engine};

use crate::Error;

/// The length of an epoch: how long a guest may run before the host gets a say. Short, because the
/// instances of one thread take turns and the I/O of its ports waits meanwhile.
pub(crate) const EPOCH: Duration = Duration::from_millis(5);

/// The same while a guest has to be kept in check that computes for long: its slices are as short as the
/// system's timers can make them, and what else lives on its thread hardly notices.
const SHORT_EPOCH: Duration = Duration::from_millis(1);

/// How long short epochs last when nobody asks for more of them: longer than a guest steps aside.
const HASTE: Duration = Duration::from_millis(100);

/// Stack of one guest call; deep recursion ends in a trap.
const GUEST_STACK: usize = 512 * 1024;

/// The thread that makes epochs tick, as seen by those who want shorter ones. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Ticker(Arc<Haste>);

#[derive(Debug)]
struct Haste {
    begun: Instant,
    /// Milliseconds since then; until that time epochs are short.
    until: AtomicU64,
}

impl Ticker {
    /// Epochs are short for a while.
    pub(crate) fn hurry(&self, now: Instant) {
        let until = self.milliseconds(now + HASTE);
        self.0.until.store(until, Ordering::Relaxed);
    }

    fn epoch(&self) -> Duration {
        match self.milliseconds(Instant::now()) < self.0.until.load(Ordering::Relaxed) {
            true => SHORT_EPOCH,
            false => EPOCH,
        }
    }

    fn milliseconds(&self, at: Instant) -> u64 {
        let time = at.saturating_duration_since(self.0.begun);
        u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
    }
}

impl Default for Ticker {
    fn default() -> Self {
        Self(Arc::new(Haste {
            begun: Instant::now(),
            until: AtomicU64::new(0),
        }))
    }
}

/// The engine, with interruption, the component model and its async part switched on.
pub(crate) fn engine() -> Result<(Engine, Ticker), Error> {
    let mut config = Config::new();
    config.wasm_component_model(true);
    config.wasm_component_model_async(true);
    config.epoch_interruption(true);
    config.max_wasm_stack(GUEST_STACK);
    config.async_stack_size(2 * GUEST_STACK);
    let engine = Engine::new(&config).map_err(|e| Error::Start(format!("{e:#}")))?;
    let ticker = Ticker::default();
    start_ticker(&engine, ticker.clone())?;
    Ok((engine, ticker))
}

/// The ticker has an OS thread of its own: a guest that never yields can hold up every async timer in
/// the process, and then nothing but this thread could end it.
fn start_ticker(engine: &Engine, ticker: Ticker) -> Result<(), Error> {
    let engine = engine.weak();
    let tick = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(ticker.epoch());
        }
    };
    std::thread::Builder::new()
        .name("epoch-ticker".to_owned())
        .spawn(tick)
        .map(drop)
        .map_err(|e| Error::Start(format!("cannot start the epoch thread: {e}")))
}
