//! Hot swap under load: two versions of the HTTP adapter take turns on a port that is kept busy. What is lost
//! and doubled is counted where messages arrive; the pauses are what the host records.

use std::cell::Cell;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bytes::Bytes;
use futures::future::{join, try_join_all};
use serde::Deserialize;

use crate::host::Host;
use crate::measure::Report;

const SWAPS: usize = 100;
/// From one swap to the next.
const EVERY: Duration = Duration::from_millis(100);
/// Messages in one request, requests under way at once, and messages accepted and not arrived, at most.
const LINES: usize = 128;
const PUBLISHERS: usize = 2;
const BACKLOG: usize = 4096;
/// Measured without swaps, before and after.
const CALM: Duration = Duration::from_secs(5);

#[derive(Debug, Deserialize)]
struct Deployed {
    swap: Swap,
}

#[derive(Debug, Deserialize)]
struct Swap {
    switched: Switched,
}

#[derive(Debug, Deserialize)]
struct Switched {
    lost: usize,
    perhaps_sent: Vec<String>,
    longest_pause_us: u32,
}

pub(crate) fn run(components: &Path, report: &mut Report) -> Result<()> {
    let bytes = std::fs::read(components.join("http-adapter.wasm"))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut figures = Figures::default();
    for _ in 0..report.runs {
        let host = Host::with_port(components, "http-adapter")?;
        runtime.block_on(measure(&host, &bytes, &mut figures))?;
    }
    report.add("lost, of all messages", "messages", figures.lost);
    report.add("doubled, of all messages", "messages", figures.doubled);
    report.add(
        "longest pause of a swap, median",
        "ms",
        figures.pause_median,
    );
    report.add("longest pause of all swaps", "ms", figures.pause_longest);
    report.add("swap, cached: asked to drained", "ms", figures.cached);
    report.add("first deployment, uncached", "ms", figures.uncached);
    report.add("delivered without swaps", "messages/s", figures.calm);
    report.add("delivered while swapping", "messages/s", figures.swapping);
    report.add("while swapping / without", "", figures.ratio);
    Ok(())
}

#[derive(Default)]
struct Figures {
    lost: Vec<f64>,
    doubled: Vec<f64>,
    pause_median: Vec<f64>,
    pause_longest: Vec<f64>,
    cached: Vec<f64>,
    uncached: Vec<f64>,
    calm: Vec<f64>,
    swapping: Vec<f64>,
    ratio: Vec<f64>,
}

/// The same component with another digest: a custom section says nothing to anybody.
fn version(component: &[u8], mark: u8) -> Bytes {
    let mut bytes = component.to_vec();
    bytes.extend([0, 3, 1, b'v', mark]);
    bytes.into()
}

async fn measure(host: &Host, component: &[u8], figures: &mut Figures) -> Result<()> {
    let versions = [version(component, b'1'), version(component, b'2')];
    let (published, arrived) = (Cell::new(0), Cell::new(0));
    let is_over = Cell::new(false);
    let publish = async || {
        while !is_over.get() {
            if published.get() > arrived.get() + BACKLOG {
                tokio::time::sleep(Duration::from_millis(1)).await;
                continue;
            }
            published.set(published.get() + LINES);
            host.publish(LINES).await?;
        }
        anyhow::Ok(())
    };
    let watch = async {
        while !is_over.get() || arrived.get() < published.get() {
            tokio::time::sleep(Duration::from_millis(5)).await;
            arrived.set(arrived.get() + host.receiver.arrivals().await?.count);
        }
        anyhow::Ok(())
    };
    let swap = async {
        let result = swaps(host, &versions, &arrived, figures).await;
        is_over.set(true);
        result
    };
    let publishers = try_join_all((0..PUBLISHERS).map(|_| publish()));
    let ((publishing, watching), swapping) = join(join(publishers, watch), swap).await;
    publishing?;
    watching?;
    let lost = swapping?;
    // What would come twice comes within this.
    tokio::time::sleep(Duration::from_millis(500)).await;
    arrived.set(arrived.get() + host.receiver.arrivals().await?.count);
    figures.lost.push(lost as f64);
    figures
        .doubled
        .push(arrived.get() as f64 - published.get() as f64);
    Ok(())
}

/// Messages a second that arrive meanwhile.
async fn rate<T>(arrived: &Cell<usize>, meanwhile: impl Future<Output = T>) -> (f64, T) {
    let (start, before) = (Instant::now(), arrived.get());
    let result = meanwhile.await;
    let count = (arrived.get() - before) as f64;
    (count / start.elapsed().as_secs_f64(), result)
}

/// Returns what the host says was lost.
async fn swaps(
    host: &Host,
    versions: &[Bytes; 2],
    arrived: &Cell<usize>,
    figures: &mut Figures,
) -> Result<usize> {
    tokio::time::sleep(Duration::from_secs(1)).await;
    for version in versions {
        let start = Instant::now();
        deploy(host, version).await?;
        figures.uncached.push(milliseconds(start.elapsed()));
    }
    let (before, ()) = rate(arrived, tokio::time::sleep(CALM)).await;
    let swapping = async {
        let (mut lost, mut pauses) = (0, Vec::new());
        let mut ticks = tokio::time::interval(EVERY);
        for nth in 0..SWAPS {
            ticks.tick().await;
            let start = Instant::now();
            let switched = deploy(host, &versions[nth % 2]).await?;
            figures.cached.push(milliseconds(start.elapsed()));
            lost += switched.lost + switched.perhaps_sent.len();
            pauses.push(f64::from(switched.longest_pause_us) / 1000.0);
        }
        anyhow::Ok((lost, pauses))
    };
    let (during, swapped) = rate(arrived, swapping).await;
    let (lost, mut pauses) = swapped?;
    let (after, ()) = rate(arrived, tokio::time::sleep(CALM)).await;
    pauses.sort_by(f64::total_cmp);
    figures.pause_median.push(pauses[pauses.len() / 2]);
    figures.pause_longest.push(pauses[pauses.len() - 1]);
    // Before and after, because a noisy machine changes its speed in half a minute.
    let calm = f64::midpoint(before, after);
    figures.calm.push(calm);
    figures.swapping.push(during);
    figures.ratio.push(during / calm);
    Ok(lost)
}

async fn deploy(host: &Host, component: &Bytes) -> Result<Switched> {
    let path = "/v1/ports/bench/adapter";
    let answer = host
        .post(path, "application/wasm", component.clone(), 200)
        .await?;
    let deployed: Deployed =
        serde_json::from_slice(&answer).context("the host says something else than expected")?;
    Ok(deployed.swap.switched)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
