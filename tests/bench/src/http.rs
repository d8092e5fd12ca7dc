//! End to end: the real host, published to over HTTP, delivering over HTTP to a receiver process.
//!
//! Messages of 1 KiB are published as NDJSON, every answer 202 after its fsync, and are counted where
//! they arrive. First as many as go through; then at a fixed rate, to see how long one takes.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use futures::future::try_join_all;

use crate::host::Host;
use crate::measure::Report;

/// Messages of a run at full speed.
const MESSAGES: usize = 100_000;
/// Messages in one request.
const LINES: usize = 128;
/// Requests under way at once.
const PUBLISHERS: usize = 4;
/// Messages accepted and not arrived, at most.
const BACKLOG: usize = 8192;
/// Messages a second at the fixed rate, and for how long.
const RATE: usize = 2_000;
const SECONDS: usize = 5;

pub(crate) fn run(components: &Path, report: &mut Report) -> Result<()> {
    for (port, component) in [("single", "http-adapter"), ("batch", "http-batch-adapter")] {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (mut rates, mut cpu, mut p50, mut p99) = (vec![], vec![], vec![], vec![]);
        for _ in 0..report.runs {
            let host = Host::with_port(components, component)?;
            let (rate, used) = runtime.block_on(full_speed(&host))?;
            rates.push(rate);
            cpu.push(used);
            let mut latencies = runtime.block_on(fixed_rate(&host))?;
            latencies.sort_unstable();
            p50.push(percentile(&latencies, 50));
            p99.push(percentile(&latencies, 99));
        }
        report.add(&format!("{port}: delivered"), "messages/s", rates);
        report.add(&format!("{port}: CPU of the host"), "s/million", cpu);
        report.add(
            &format!("{port}: publish to arrival at {RATE}/s, p50"),
            "ms",
            p50,
        );
        report.add(
            &format!("{port}: publish to arrival at {RATE}/s, p99"),
            "ms",
            p99,
        );
    }
    Ok(())
}

fn percentile(sorted: &[u32], percent: usize) -> f64 {
    let place = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted
        .get(place)
        .map_or(f64::NAN, |micros| f64::from(*micros) / 1000.0)
}

/// Messages a second, and CPU seconds of the host per million.
async fn full_speed(host: &Host) -> Result<(f64, f64)> {
    let arrived = std::cell::Cell::new(0);
    let published = std::cell::Cell::new(0);
    let (start, cpu) = (Instant::now(), host.cpu());
    let publish = async || {
        while published.get() < MESSAGES {
            if published.get() - arrived.get() > BACKLOG {
                tokio::time::sleep(Duration::from_millis(1)).await;
                continue;
            }
            published.set(published.get() + LINES);
            host.publish(LINES).await?;
        }
        anyhow::Ok(())
    };
    let watch = async {
        while arrived.get() < MESSAGES {
            tokio::time::sleep(Duration::from_millis(10)).await;
            arrived.set(arrived.get() + host.receiver.arrivals().await?.count);
        }
        anyhow::Ok(())
    };
    let publishers: Vec<_> = (0..PUBLISHERS).map(|_| publish()).collect();
    let (published_all, watched) = futures::future::join(try_join_all(publishers), watch).await;
    published_all?;
    watched?;
    let count = arrived.get() as f64;
    let rate = count / start.elapsed().as_secs_f64();
    // What is still on its way must not arrive in the next measurement.
    while arrived.get() < published.get() {
        tokio::time::sleep(Duration::from_millis(10)).await;
        arrived.set(arrived.get() + host.receiver.arrivals().await?.count);
    }
    Ok((rate, (host.cpu() - cpu) * 1e6 / count))
}

/// Microseconds from publish to arrival, of every message.
async fn fixed_rate(host: &Host) -> Result<Vec<u32>> {
    let lines = RATE / 100;
    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    for _ in 0..SECONDS * 100 {
        ticks.tick().await;
        host.publish(lines).await?;
    }
    let mut latencies = Vec::new();
    while latencies.len() < SECONDS * 100 * lines {
        tokio::time::sleep(Duration::from_millis(10)).await;
        latencies.extend(host.receiver.arrivals().await?.latencies);
    }
    Ok(latencies)
}
