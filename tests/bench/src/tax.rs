//! The sandbox's price: the same HTTP logic in a component and linked natively, to the same receiver.
//!
//! Twice: without a store, where nothing but the adapter's path is measured, and behind the dispatcher on
//! a real message box, which is what a user gets.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use model::transmit::{OutcomeSink, TransmitterPool};

use crate::adapters::{Adapters, Shape};
use crate::machine::cpu_seconds;
use crate::measure::Report;
use crate::native::{Native, NativePool};
use crate::receiver::Receiver;
use crate::refill::Refill;
use crate::walk::Walk;

const THREADS: usize = 2;
/// Messages in flight on each thread.
const OPEN: usize = 64;
const MESSAGES: usize = 60_000;

/// What sends.
#[derive(Clone, Copy, Debug)]
enum Side {
    Native { batch: usize },
    Component(&'static str),
}

const SIDES: [(&str, Side); 4] = [
    ("native single", Side::Native { batch: 1 }),
    ("http-adapter", Side::Component("http-adapter")),
    ("native batch of 64", Side::Native { batch: 64 }),
    ("http-batch-adapter", Side::Component("http-batch-adapter")),
];

/// Messages a second, and CPU microseconds of this process for each.
#[derive(Clone, Copy, Debug)]
struct Cost {
    rate: f64,
    cpu: f64,
}

/// Runs one side without a store, for a profiler to look at.
pub(crate) fn run_side(components: &Path, name: &str) -> Result<()> {
    let bench = Bench::new(components)?;
    let known = || SIDES.map(|(name, _)| name).join(", ");
    let side = SIDES.iter().find(|(side, _)| *side == name);
    let (_, side) = side.with_context(|| format!("there is no side {name:?}, but {}", known()))?;
    let Cost { rate, cpu } = bench.without_store(*side)?;
    println!("  {name}: {rate:.0} messages/s, {cpu:.1} µs of CPU each");
    Ok(())
}

pub(crate) fn run(components: &Path, report: &mut Report) -> Result<()> {
    let bench = Bench::new(components)?;
    compare(report, "no store", |side| bench.without_store(side))?;
    compare(report, "with store", |side| bench.with_store(side))
}

/// All sides in turns, then the ratios of their medians.
fn compare(report: &mut Report, what: &str, run: impl Fn(Side) -> Result<Cost>) -> Result<()> {
    let mut costs: [Vec<Cost>; 4] = [const { Vec::new() }; 4];
    for _ in 0..report.runs {
        for ((_, side), costs) in SIDES.iter().zip(&mut costs) {
            costs.push(run(*side)?);
        }
    }
    let mut medians = Vec::new();
    for ((name, _), costs) in SIDES.iter().zip(&costs) {
        let rates = costs.iter().map(|c| c.rate).collect();
        let rate = report.add(&format!("{what}: {name}"), "messages/s", rates);
        let cpu = costs.iter().map(|c| c.cpu).collect();
        let cpu = report.add(&format!("{what}: {name}, CPU"), "µs/message", cpu);
        medians.push((rate, cpu));
    }
    for (name, native, component) in [("single", 0, 1), ("batch", 2, 3)] {
        let (n, c): ((f64, f64), (f64, f64)) = (medians[native], medians[component]);
        report.add(
            &format!("{what}: {name}, component/native rate"),
            "ratio",
            vec![c.0 / n.0],
        );
        report.add(
            &format!("{what}: {name}, native/component CPU"),
            "ratio",
            vec![n.1 / c.1],
        );
    }
    Ok(())
}

struct Bench {
    adapters: Adapters,
    receiver: Receiver,
}

impl Bench {
    fn new(components: &Path) -> Result<Self> {
        Ok(Self {
            adapters: Adapters::new(components, THREADS)?,
            receiver: Receiver::start()?,
        })
    }

    fn pool(&self, side: Side, sink: Arc<dyn OutcomeSink>) -> Result<Arc<dyn TransmitterPool>> {
        let url = self.receiver.url();
        match side {
            Side::Native { batch } => {
                let native = Native {
                    threads: THREADS,
                    open: OPEN,
                    batch,
                };
                Ok(NativePool::new(native, &url, sink)?)
            }
            Side::Component(name) => {
                let shape = Shape {
                    address: url,
                    instances: THREADS,
                    open_calls: OPEN,
                };
                self.adapters.pool(name, &shape, sink)
            }
        }
    }

    fn without_store(&self, side: Side) -> Result<Cost> {
        let (sink, done) = Refill::new(&self.receiver.url(), MESSAGES)?;
        let pool = self.pool(side, sink.clone())?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime
            .block_on(pool.start())
            .map_err(|e| anyhow::anyhow!("{side:?}: {e}"))?;
        let (start, cpu) = (Instant::now(), cpu_seconds("self"));
        sink.begin(&pool, THREADS * OPEN);
        let failed = done.recv()?;
        let cost = cost(start.elapsed(), cpu_seconds("self") - cpu);
        anyhow::ensure!(failed == 0, "{side:?}: {failed} messages failed");
        runtime.block_on(self.check())?;
        runtime.block_on(pool.terminate(Duration::from_secs(5)));
        Ok(cost)
    }

    fn with_store(&self, side: Side) -> Result<Cost> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let walk = Walk::new(&self.receiver.url(), 2 * THREADS * OPEN)?;
            let pool = self.pool(side, walk.sink())?;
            let walk = walk.start(pool)?;
            let (start, cpu) = (Instant::now(), cpu_seconds("self"));
            walk.publish_and_wait(MESSAGES).await?;
            let cost = cost(start.elapsed(), cpu_seconds("self") - cpu);
            self.check().await?;
            walk.end().await?;
            Ok(cost)
        })
    }

    /// Counted where it matters.
    async fn check(&self) -> Result<()> {
        let arrived = self
            .receiver
            .arrivals()
            .await
            .context("asking the receiver")?
            .count;
        anyhow::ensure!(
            arrived == MESSAGES,
            "{arrived} of {MESSAGES} messages arrived"
        );
        Ok(())
    }
}

fn cost(took: Duration, cpu: f64) -> Cost {
    let messages = MESSAGES as f64;
    Cost {
        rate: messages / took.as_secs_f64(),
        cpu: cpu * 1e6 / messages,
    }
}
