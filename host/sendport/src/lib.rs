//! The program `sendport`: command line, configuration file, wiring, signals.
//!
//! Everything a test would want to call is in the libraries beside it; what is here connects them. It is a
//! library only so that fuzzers can hand it configurations; the program is `main.rs`.

#![forbid(unsafe_code)]

mod check;
mod cli;
mod client;
mod config;
mod deploying;
mod egress_log;
mod examination;
mod input;
mod inspect;
mod limits;
mod logging;
mod operator;
mod output;
mod port_control;
mod publish;
mod reload;
mod response;
mod run;
mod save;
mod schema;
mod secret;
mod signals;
mod signing;
mod status;
mod storage;
mod suspended;
mod swaps;
mod table;
mod wiring;

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;

use cli::{AdapterCommand, Cli, Command, SecretCommand, SwapCommand};
use config::ConfigError;

pub use examination::{Complaint, examine};

/// What the exit code says: nothing went wrong, something did, the question was wrong.
const FAILURE: u8 = 1;
const BAD_INPUT: u8 = 2;

/// Even on one core, a guest that computes must not stop the socket.
const LEAST_WORKERS: usize = 2;

/// Carries out what the command line says; what comes back is the program's exit code.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match start(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Mistakes in a file begin with their place, as compilers write them, so that editors find it.
            let prefix = match error.downcast_ref() {
                Some(ConfigError::Mistaken { .. }) => "",
                _ => "error: ",
            };
            output::complain(&format!("{prefix}{error:#}"));
            let bad_input = error.is::<ConfigError>();
            ExitCode::from(if bad_input { BAD_INPUT } else { FAILURE })
        }
    }
}

fn start(cli: Cli) -> anyhow::Result<()> {
    logging::init(cli.log_format)?;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.max(LEAST_WORKERS))
        .thread_name("sendport")
        .enable_all()
        .build()
        .context("cannot start the threads of the program")?
        .block_on(carry_out(cli.command))
}

async fn carry_out(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Run { config } => run::run(&config).await,
        Command::Check { config } => check::check(&config).await,
        Command::Publish(publish) => publish::publish(publish).await,
        Command::Response(arguments) => response::response(arguments).await,
        Command::Status { bill, common } => status::status(bill, &common).await,
        Command::Suspended(command) => suspended::suspended(command).await,
        Command::Port(command) => port_control::port(command).await,
        Command::Adapter(AdapterCommand::Inspect(arguments)) => inspect::inspect(&arguments).await,
        Command::Adapter(AdapterCommand::Sign(arguments)) => signing::sign(&arguments),
        Command::Adapter(AdapterCommand::Keygen(arguments)) => signing::keygen(&arguments),
        Command::Adapter(AdapterCommand::Terminate(adapter)) => {
            port_control::terminate_adapter(adapter).await
        }
        Command::Adapter(AdapterCommand::Deploy(arguments)) => deploying::deploy(arguments).await,
        Command::Adapter(AdapterCommand::Rollback(which)) => deploying::roll_back(which).await,
        Command::Adapter(AdapterCommand::Promote(which)) => deploying::promote(which).await,
        Command::Adapter(AdapterCommand::Canary(port)) => deploying::canary(port).await,
        Command::Reload(arguments) => reload::reload(arguments).await,
        Command::Swap(SwapCommand::Show(arguments)) => swaps::show(arguments).await,
        Command::Secret(SecretCommand::GenerateWebhookKey { asymmetric }) => {
            secret::generate_webhook_key(asymmetric)
        }
        Command::Config => output::print(config::DEFAULT),
    }
}
