//! The signals that end a host: the first one politely, the second one at once. And the one that has it
//! read its configuration again.

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::output;

/// What a shell says of a program that Ctrl-C ended: 128 + SIGINT.
const INTERRUPTED: i32 = 130;

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Stop,
    Reload,
}

/// SIGTERM, SIGINT and SIGHUP, caught from the moment this exists.
#[derive(Debug)]
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    pub(crate) fn catch() -> anyhow::Result<Self> {
        let catch = |kind| signal(kind).context("cannot catch signals");
        Ok(Self {
            terminate: catch(SignalKind::terminate())?,
            interrupt: catch(SignalKind::interrupt())?,
            hang_up: catch(SignalKind::hangup())?,
        })
    }

    /// Waits for the next signal.
    pub(crate) async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::Stop,
            _ = self.interrupt.recv() => Asked::Stop,
            _ = self.hang_up.recv() => Asked::Reload,
        }
    }

    /// From now on, the next signal to stop ends the process at once: nothing is lost, the box is crash-safe.
    pub(crate) fn end_at_second(mut self) {
        tokio::spawn(async move {
            while self.next().await != Asked::Stop {}
            output::complain(
                "stopped at once; what was in flight is delivered again after the next start",
            );
            std::process::exit(INTERRUPTED);
        });
    }
}
