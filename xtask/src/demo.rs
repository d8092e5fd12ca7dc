//! `cargo xtask demo`: real messages through a real host, and the proof that they arrived.
//!
//! Builds everything, starts a receiver and a host, publishes documents and a stream of orders through
//! all three adapters, breaks the receiver for a while, stops the host in the middle of a burst, and
//! then compares three accounts: what was published, what the message box says, what arrived.

mod api;
mod host;
mod ledger;
mod orders;
mod progress;
mod receiver;
mod report;
mod samples;
mod status;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::workspace::Workspace;
use crate::{adapters, checks};

use api::Api;
use host::Host;
use ledger::Ledger;
use progress::Progress;
use receiver::Receiver;
use report::Report;
use samples::Sample;

/// The port served by `http-adapter`.
const WEBHOOKS: &str = "webhooks";
/// The port served by `http-batch-adapter`.
const BULK: &str = "bulk";
/// The port served by `file-adapter`.
const FILES: &str = "files";
/// All of them, in the order of the report.
const PORTS: [&str; 3] = [WEBHOOKS, BULK, FILES];

/// How long the receiver refuses everything.
const OUTAGE: Duration = Duration::from_secs(2);
/// How long nothing may happen before the demo gives up.
const STALLED: Duration = Duration::from_secs(60);
/// How often the host is asked how far it is.
const POLL: Duration = Duration::from_millis(200);
/// What the receiver takes for one message while the host is being stopped, so that some are in flight.
const SLOW_ANSWER: Duration = Duration::from_millis(100);

/// Send real messages through a host of your own to a receiver that checks them.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Options {
    /// Orders in the stream to the fastest port; the other two get a share of it on top
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    messages: u32,
    /// Keep the temporary directory with configuration, message box, log and files
    #[arg(long)]
    keep: bool,
}

/// Runs the demo; an error if one message is not accounted for.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    checks::step("adapters", || adapters::build(workspace).map(drop))?;
    checks::step("host", || checks::build_host(workspace))?;
    let directory = tempfile::Builder::new()
        .prefix("sendport-demo-")
        .tempdir()
        .context("cannot create a temporary directory")?;
    let runtime = tokio::runtime::Runtime::new().context("cannot start threads")?;
    let result = checks::step("demo", || {
        runtime.block_on(demonstrate(workspace, options, directory.path()))
    });
    if options.keep || result.is_err() {
        let kept = directory.keep();
        eprintln!(
            "configuration, log, message box and files: {}",
            kept.display()
        );
    }
    result
}

async fn demonstrate(workspace: &Workspace, options: &Options, directory: &Path) -> Result<()> {
    let ledger = Arc::new(Ledger::default());
    let receiver = Receiver::start(Arc::clone(&ledger)).await?;
    let host = Host::start(workspace, directory, receiver.address()).await?;
    let demo = Demo {
        api: Api::new(host.address(), Arc::clone(&ledger)),
        samples: samples::load(&workspace.root, directory)?,
        streams: Streams::of(options.messages),
        receiver,
        ledger,
        host,
    };
    let report = demo.run().await?;
    println!("{report}");
    report.verdict()
}

/// How many orders go to each port.
#[derive(Clone, Copy, Debug)]
struct Streams {
    webhooks: u32,
    bulk: u32,
    files: u32,
    /// To each of the HTTP ports, while the host is being stopped.
    burst: u32,
}

impl Streams {
    fn of(messages: u32) -> Self {
        Self {
            webhooks: messages.div_ceil(5),
            bulk: messages,
            files: messages.div_ceil(20),
            burst: messages.div_ceil(10),
        }
    }
}

struct Demo {
    ledger: Arc<Ledger>,
    receiver: Receiver,
    host: Host,
    api: Api,
    samples: Vec<Sample>,
    streams: Streams,
}

impl Demo {
    async fn run(mut self) -> Result<Report> {
        let begin = Instant::now();
        self.publish_samples().await?;
        let streamed = Instant::now();
        self.publish_streams().await?;
        let accepting = streamed.elapsed();
        self.wait_until_resolved().await?;
        let resolving = begin.elapsed();
        let before = self.api.status().await?;

        println!(
            "stopping the host with {} more messages per HTTP port",
            self.streams.burst
        );
        self.burst().await?;
        let drain = self.host.terminate().await?;
        println!("{}", drain.trim_end());

        samples::check_files(&self.host.files(), &self.ledger)?;
        let status = self.host.stored_status().await?;
        Ok(Report {
            ports: PORTS.map(|port| (port, status.stored(port), self.ledger.summary(port))),
            holds: status.holds,
            retried: before.retried(),
            refused: self.receiver.refused(),
            streamed: self.streams.webhooks + self.streams.bulk + self.streams.files,
            accepting,
            resolved: before.resolved(),
            resolving,
        })
    }

    /// Every document through every adapter: the first of each kind by the command line, the rest over HTTP.
    async fn publish_samples(&self) -> Result<()> {
        for port in PORTS {
            for sample in &self.samples {
                if sample.is_first_of_its_kind {
                    self.ledger.announce(port, &[sample.digest()]);
                    let ids = self.host.publish(port, sample).await?;
                    self.ledger.accept(port, &ids, &[sample.digest()])?;
                } else {
                    self.api.document(port, sample).await?;
                }
            }
        }
        let n = self.samples.len() * PORTS.len();
        println!("published {n} documents from guest-adapters/samples");
        Ok(())
    }

    /// The streams, one after the other; the receiver fails from the first message on, for a while.
    async fn publish_streams(&self) -> Result<()> {
        self.receiver.refuse_for(OUTAGE);
        println!("the receiver answers 503 for {} s", OUTAGE.as_secs());
        let Streams {
            webhooks,
            bulk,
            files,
            ..
        } = self.streams;
        for (port, n) in [(BULK, bulk), (WEBHOOKS, webhooks), (FILES, files)] {
            self.api.orders(port, n).await?;
        }
        Ok(())
    }

    /// Until the host has nothing pending. Bounded by progress, not by time: a slow machine may take long.
    async fn wait_until_resolved(&mut self) -> Result<()> {
        let accepted = self.ledger.accepted();
        let progress = Progress::new(accepted);
        let mut last = (0, Instant::now());
        loop {
            self.host.check_alive()?;
            let status = self.api.status().await?;
            let resolved = status.resolved();
            progress.show(accepted, resolved);
            if resolved >= accepted && status.pending() == 0 {
                progress.finish();
                return Ok(());
            }
            if resolved > last.0 {
                last = (resolved, Instant::now());
            }
            if last.1.elapsed() > STALLED {
                bail!(
                    "{} messages are pending and nothing was delivered for {} s",
                    status.pending(),
                    STALLED.as_secs()
                );
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// More orders, to a receiver that takes its time.
    async fn burst(&self) -> Result<()> {
        self.receiver.answer_after(SLOW_ANSWER);
        for port in [WEBHOOKS, BULK] {
            self.api.orders(port, self.streams.burst).await?;
        }
        Ok(())
    }
}

/// Where the receiver takes a port's messages.
fn destination(receiver: SocketAddr, port: &str) -> String {
    format!("http://{receiver}/{port}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_port_gets_a_share() {
        let streams = Streams::of(1);
        let shares = [streams.webhooks, streams.bulk, streams.files, streams.burst];
        assert_eq!(shares, [1, 1, 1, 1]);
        assert_eq!(Streams::of(5_000).files, 250);
    }
}
