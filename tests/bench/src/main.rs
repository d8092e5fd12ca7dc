//! Benchmarks that a stranger can run: `cargo xtask bench [NAME…]`.
//!
//! Every figure is the median of several runs in one process; what is compared is measured in turns, so
//! that a noisy machine disturbs both sides alike. Read the ratios, not the figures.

#![forbid(unsafe_code)]

mod adapters;
mod host;
mod http;
mod idle;
mod lifecycle;
mod machine;
mod measure;
mod native;
mod neighbour;
mod protocol;
mod receiver;
mod refill;
mod swap;
mod tax;
mod walk;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, ValueEnum};

use crate::measure::Report;

/// The host's allocator, so that both measure the same.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures sendport on this machine.
#[derive(Debug, Parser)]
struct Arguments {
    /// What to measure; everything when none is named.
    benchmarks: Vec<Benchmark>,
    /// Components of the adapters.
    #[arg(long, env = "SENDPORT_ADAPTERS", default_value = "target/adapters")]
    adapters: PathBuf,
    /// Where the results go, one file per benchmark.
    #[arg(long, default_value = "target/bench")]
    output: PathBuf,
    /// Be the destination of another process of this program.
    #[arg(long, hide = true)]
    receive: bool,
    /// Run one side of the benchmark `tax` once and nothing else, for a profiler to look at.
    #[arg(long)]
    side: Option<String>,
    /// Runs per figure.
    #[arg(long, default_value_t = 5)]
    runs: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Benchmark {
    /// The contract alone: null adapters, no store, one core.
    Protocol,
    /// Publish, claim, null adapter, settle on the embedded box, against the bare store.
    Lifecycle,
    /// The real host end to end, published to and delivering over HTTP.
    Http,
    /// The HTTP adapters in their sandbox against the same logic linked natively.
    Tax,
    /// Two versions of an adapter that take turns under load.
    Swap,
    /// A thousand ports with an idle instance each.
    Idle,
    /// A port under steady load beside one whose adapter spins, against the same port alone.
    Neighbour,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if arguments.receive {
        return receiver::receive();
    }
    if let Some(side) = &arguments.side {
        return tax::run_side(&arguments.adapters, side);
    }
    let all = Benchmark::value_variants();
    let chosen = if arguments.benchmarks.is_empty() {
        all
    } else {
        &arguments.benchmarks
    };
    for benchmark in chosen {
        let name = benchmark
            .to_possible_value()
            .map_or_else(String::new, |v| v.get_name().into());
        println!("{name}");
        let mut report = Report::new(&name, arguments.runs);
        match benchmark {
            Benchmark::Protocol => protocol::run(&arguments.adapters, &mut report)?,
            Benchmark::Lifecycle => lifecycle::run(&arguments.adapters, &mut report)?,
            Benchmark::Http => http::run(&arguments.adapters, &mut report)?,
            Benchmark::Tax => tax::run(&arguments.adapters, &mut report)?,
            Benchmark::Swap => swap::run(&arguments.adapters, &mut report)?,
            Benchmark::Idle => idle::run(&arguments.adapters, &mut report)?,
            Benchmark::Neighbour => neighbour::run(&arguments.adapters, &mut report)?,
        }
        report.write(&arguments.output)?;
    }
    Ok(())
}
