//! `cargo xtask`: what contributors and CI run. Builds adapters, tests, the demo and the benchmarks.
//!
//! Never depends on the host's crates or on wasmtime: it must compile in a minute on a fresh machine.

#![forbid(unsafe_code)]

mod adapters;
mod cargo;
mod checks;
mod demo;
mod fuzz;
mod toolchain;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use workspace::Workspace;

/// Tasks of the sendport workspace.
#[derive(Debug, Parser)]
#[command(name = "xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Build every adapter and test guest as a component in target/adapters
    Adapters,
    /// Run all tests, or those whose names contain one of the filters
    Test {
        /// Parts of test names
        filters: Vec<String>,
    },
    /// Check formatting, lints and documentation
    Lint,
    /// Send real messages through a host of your own to a receiver that checks them
    Demo(demo::Options),
    /// Run the benchmarks; results go to target/bench
    Bench {
        /// Handed on: names of benchmarks, and whatever `cargo xtask bench -- --help` lists
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Feed made-up inputs to the host for a while, and see that nothing breaks
    Fuzz(fuzz::Options),
}

fn main() -> ExitCode {
    if let Some(result) = fuzz::instrument::compile() {
        return result.unwrap_or_else(complain);
    }
    match carry_out(Cli::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(error),
    }
}

fn complain(error: anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}");
    ExitCode::FAILURE
}

fn carry_out(task: Task) -> Result<()> {
    let workspace = Workspace::load()?;
    match task {
        Task::Adapters => adapters::build(&workspace).map(drop),
        Task::Test { filters } => checks::test(&workspace, &filters),
        Task::Lint => checks::lint(&workspace),
        Task::Demo(options) => demo::run(&workspace, &options),
        Task::Bench { arguments } => checks::bench(&workspace, &arguments),
        Task::Fuzz(options) => fuzz::run(&workspace, &options),
    }
}
