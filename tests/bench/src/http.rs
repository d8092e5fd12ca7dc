//! End to end: the real host, published to over HTTP, delivering over HTTP to a receiver process.
//!
//! Messages of 1 KiB are published as NDJSON, every answer 202 after its fsync, and are counted where
//! they arrive. First as many as go through; then at a fixed rate, to see how long one takes.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use futures::future::try_join_all;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::machine::{cpu_seconds, scratch};
use crate::measure::Report;
use crate::receiver::{PUBLISHED, Receiver, micros};
use crate::refill::BODY;

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
            let host = Host::start(components, component)?;
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

/// A host with one port, and its destination.
struct Host {
    process: Child,
    url: String,
    receiver: Receiver,
    client: Client<HttpConnector, Full<Bytes>>,
    _directory: tempfile::TempDir,
}

impl Host {
    fn start(components: &Path, component: &str) -> Result<Self> {
        let receiver = Receiver::start()?;
        let directory = scratch()?;
        let component = components
            .canonicalize()?
            .join(component)
            .with_extension("wasm");
        let config = format!(
            "[host]\ndata-directory = \"data\"\nlisten = \"127.0.0.1:0\"\n\
             [adapters.http]\ncomponent = {component:?}\n\
             [ports.bench]\nadapter = \"http\"\naddress = {:?}\n",
            receiver.url()
        );
        let file = directory.path().join("sendport.toml");
        std::fs::write(&file, config)?;
        let program = std::env::current_exe()?.with_file_name("sendport");
        let mut process = Command::new(&program)
            .arg("run")
            .arg(&file)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let output = BufReader::new(process.stdout.take().context("the host has no output")?);
        let mut lines = output.lines().map_while(Result::ok);
        let listening = lines.find_map(|l| Some(l.strip_prefix("listening on ")?.to_owned()));
        let address = listening.context("the host did not start: `sendport run` says why")?;
        let url = format!("{address}/v1/ports/bench/messages");
        let client = Client::builder(TokioExecutor::new()).build_http();
        Ok(Self {
            process,
            url,
            receiver,
            client,
            _directory: directory,
        })
    }

    fn cpu(&self) -> f64 {
        cpu_seconds(&self.process.id().to_string())
    }

    /// Publishes so many lines; they are on disk when it returns.
    async fn publish(&self, lines: usize) -> Result<()> {
        let request = Request::post(&self.url)
            .header("content-type", "application/x-ndjson")
            .body(Full::new(ndjson(lines)))?;
        let answer = self.client.request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        if status != 202 {
            bail!(
                "published and got {status}: {}",
                String::from_utf8_lossy(&body)
            );
        }
        Ok(())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // The box is thrown away: there is nothing to drain for.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

const FILLING: &str = match std::str::from_utf8(&[b'x'; BODY]) {
    Ok(text) => text,
    Err(_) => unreachable!(),
};

fn ndjson(lines: usize) -> Bytes {
    let mut text = String::with_capacity(lines * (BODY + 1));
    for _ in 0..lines {
        let start = text.len();
        text.push_str(&format!("{PUBLISHED}{},\"order\":\"", micros()));
        let filling = BODY - (text.len() - start) - 2;
        text.push_str(&FILLING[..filling]);
        text.push_str("\"}\n");
    }
    text.into()
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
