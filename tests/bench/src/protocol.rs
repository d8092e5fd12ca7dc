//! What the contract itself costs: null adapters, no store, one instance on one core.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::adapters::{Adapters, Shape};
use crate::measure::Report;
use crate::refill::Refill;

/// Messages per run.
const MESSAGES: usize = 200_000;
/// Messages in flight.
const WINDOW: usize = 256;

pub(crate) fn run(components: &Path, report: &mut Report) -> Result<()> {
    let adapters = Adapters::new(components, 1)?;
    let cases = [
        ("transmitted: the call answers at once", "null-adapter"),
        (
            "pending: reported by transport batch",
            "null-pending-adapter",
        ),
        ("batch: one transmitter batch per 64", "null-batch-adapter"),
    ];
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); cases.len()];
    for _ in 0..report.runs {
        for ((_, component), times) in cases.iter().zip(&mut times) {
            times.push(one_run(&adapters, component)?);
        }
    }
    for ((name, _), times) in cases.iter().zip(times) {
        report.add(name, "µs/message", times);
    }
    Ok(())
}

/// Microseconds per message.
fn one_run(adapters: &Adapters, component: &str) -> Result<f64> {
    let (sink, done) = Refill::new("null://", MESSAGES)?;
    let shape = Shape {
        address: "null://".to_owned(),
        instances: 1,
        open_calls: WINDOW,
    };
    let pool = adapters.pool(component, &shape, sink.clone())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    runtime
        .block_on(pool.start())
        .map_err(|e| anyhow::anyhow!("{component}: {e}"))?;
    let start = Instant::now();
    sink.begin(&pool, WINDOW);
    let failed = done.recv()?;
    let took = start.elapsed();
    anyhow::ensure!(failed == 0, "{failed} messages failed");
    runtime.block_on(pool.terminate(Duration::from_secs(5)));
    Ok(took.as_secs_f64() * 1e6 / MESSAGES as f64)
}
