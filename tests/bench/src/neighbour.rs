//! What a port notices of another one whose adapter does nothing but compute.
//!
//! A port of the HTTP adapter gets messages at a steady rate, alone, and beside a port with an instance on
//! every thread that spins. In turns, and what counts is how much longer the slowest messages take.

use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use adapter_runtime::Limits;
use anyhow::{Context, Result};
use model::transmit::{BatchFailure, BoxFuture, Delivery, OutcomeSink, TransmitterPool};
use model::{ErrorInfo, Message, MessageId, Outcome, Properties};

use crate::adapters::{Adapters, Shape};
use crate::measure::Report;
use crate::receiver::Receiver;
use crate::refill;

const THREADS: usize = 2;
/// A message every so often,
const EVERY: Duration = Duration::from_millis(2);
/// and so many in one round.
const MESSAGES: u64 = 2_000;
/// Longer than any round.
const ENDLESS: Duration = Duration::from_secs(3600);
/// A spinning guest is at its worst before it has been noticed, and that is no part of the steady state.
const SETTLE: Duration = Duration::from_millis(500);

/// Milliseconds from the hand-over to the outcome.
struct Latency {
    p50: f64,
    p99: f64,
}

pub(crate) fn run(components: &Path, report: &mut Report) -> Result<()> {
    let adapters = Adapters::new(components, THREADS)?;
    let receiver = Receiver::start()?;
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..report.runs {
        alone.push(round(&adapters, &receiver)?);
        let spinning = spin(&adapters)?;
        beside.push(round(&adapters, &receiver)?);
        // It is ended by force.
        drop(spinning);
    }
    let figures = |of: fn(&Latency) -> f64, rounds: &[Latency]| rounds.iter().map(of).collect();
    report.add("alone, p50", "ms", figures(|l| l.p50, &alone));
    report.add(
        "beside a spinning port, p50",
        "ms",
        figures(|l| l.p50, &beside),
    );
    report.add("alone, p99", "ms", figures(|l| l.p99, &alone));
    report.add(
        "beside a spinning port, p99",
        "ms",
        figures(|l| l.p99, &beside),
    );
    let ratios = alone.iter().zip(&beside).map(|(a, b)| b.p99 / a.p99);
    report.add("p99, beside/alone", "ratio", ratios.collect());
    Ok(())
}

/// One instance on each thread that spins until the pool is dropped.
fn spin(adapters: &Adapters) -> Result<Arc<dyn TransmitterPool>> {
    let shape = Shape {
        address: "probe://".to_owned(),
        instances: THREADS,
        open_calls: 1,
    };
    let limits = Limits {
        cpu_per_message: ENDLESS,
        ..Limits::default()
    };
    let (sink, _) = Timed::new(0);
    let pool = adapters.limited_pool("probe-adapter", &shape, limits, sink)?;
    wait(pool.start())?;
    let properties: Properties = [("probe", "spin")].into_iter().collect();
    let spin = |n| delivery(n, "probe://", properties.clone());
    pool.submit((0..THREADS as u64).map(spin).collect::<Result<_>>()?);
    std::thread::sleep(SETTLE);
    let busy = pool.status();
    anyhow::ensure!(busy.in_flight == THREADS, "it does not spin: {busy:?}");
    Ok(pool)
}

fn round(adapters: &Adapters, receiver: &Receiver) -> Result<Latency> {
    let url = receiver.url();
    let shape = Shape {
        address: url.clone(),
        instances: THREADS,
        open_calls: 64,
    };
    let (sink, done) = Timed::new(MESSAGES);
    let pool = adapters.pool("http-adapter", &shape, sink.clone())?;
    wait(pool.start())?;
    let start = Instant::now();
    for n in 0..MESSAGES {
        let due = start + EVERY * u32::try_from(n)?;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let delivery = delivery(n, &url, Properties::default())?;
        sink.handed_over(n);
        pool.submit(vec![delivery]);
    }
    done.recv_timeout(Duration::from_secs(60))
        .context("messages without an outcome")?;
    wait_for(pool.terminate(Duration::from_secs(5)))?;
    sink.latency()
}

fn wait(starting: BoxFuture<Result<(), ErrorInfo>>) -> Result<()> {
    wait_for(starting)?.map_err(|error| anyhow::anyhow!("{error}"))
}

fn wait_for<T>(future: BoxFuture<T>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    Ok(runtime.block_on(future))
}

fn delivery(n: u64, address: &str, properties: Properties) -> Result<Delivery> {
    let template = refill::delivery(address)?;
    let message = Message {
        id: MessageId::new(1, n),
        properties,
        ..(*template.message).clone()
    };
    Ok(Delivery {
        message: Arc::new(message),
        ..template
    })
}

/// Notes when each message was handed over, and when it was resolved.
struct Timed {
    begun: Instant,
    /// By number, in nanoseconds since then.
    handed_over: Vec<AtomicU64>,
    took: Vec<AtomicU64>,
    open: AtomicUsize,
    failed: AtomicUsize,
    done: mpsc::Sender<()>,
}

impl Timed {
    fn new(messages: u64) -> (Arc<Self>, mpsc::Receiver<()>) {
        let (done, receiver) = mpsc::channel();
        let zeros = || (0..messages).map(|_| AtomicU64::new(0)).collect::<Vec<_>>();
        let sink = Self {
            begun: Instant::now(),
            handed_over: zeros(),
            took: zeros(),
            open: AtomicUsize::new(usize::try_from(messages).unwrap_or(usize::MAX)),
            failed: AtomicUsize::new(0),
            done,
        };
        (Arc::new(sink), receiver)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn handed_over(&self, n: u64) {
        self.handed_over[n as usize].store(self.now(), Ordering::Relaxed);
    }

    fn latency(&self) -> Result<Latency> {
        let failed = self.failed.load(Ordering::Relaxed);
        anyhow::ensure!(failed == 0, "{failed} messages failed");
        let took = self.took.iter().map(|took| took.load(Ordering::Relaxed));
        let mut took: Vec<u64> = took.collect();
        took.sort_unstable();
        let at = |percent: usize| took[took.len() * percent / 100] as f64 / 1e6;
        Ok(Latency {
            p50: at(50),
            p99: at(99),
        })
    }
}

impl OutcomeSink for Timed {
    fn resolved(&self, outcomes: Vec<(MessageId, Outcome)>) {
        for (id, outcome) in outcomes {
            let n = id.sequence() as usize;
            let Some(handed_over) = self.handed_over.get(n) else {
                continue;
            };
            let took = self.now() - handed_over.load(Ordering::Relaxed);
            self.took[n].store(took, Ordering::Relaxed);
            if outcome != Outcome::Delivered {
                self.failed.fetch_add(1, Ordering::Relaxed);
            }
            if self.open.fetch_sub(1, Ordering::AcqRel) == 1 {
                // The one who waits may have had enough.
                self.done.send(()).ok();
            }
        }
    }

    fn settle(&self, batch: Vec<(MessageId, Outcome)>) -> BoxFuture<Result<(), BatchFailure>> {
        self.resolved(batch);
        Box::pin(async { Ok(()) })
    }

    fn decide_transaction(
        &self,
        _: String,
        _: Vec<MessageId>,
    ) -> BoxFuture<Result<(), BatchFailure>> {
        Box::pin(async { Ok(()) })
    }

    fn decided_transactions(&self) -> BoxFuture<Result<Vec<String>, ErrorInfo>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn finish_transaction(&self, _: String) -> BoxFuture<Result<(), ErrorInfo>> {
        Box::pin(async { Ok(()) })
    }

    fn error(&self, error: ErrorInfo) {
        eprintln!("{error}");
    }
}
