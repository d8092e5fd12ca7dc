//! The signals that end a host: the first one politely, the second one at once.

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::output;

/// What a shell says of a program that Ctrl-C ended: 128 + SIGINT.
const INTERRUPTED: i32 = 130;

/// SIGTERM and SIGINT, caught from the moment this exists.
#[derive(Debug)]
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(crate) fn catch() -> anyhow::Result<Self> {
        let catch = |kind| signal(kind).context("cannot catch signals");
        Ok(Self {
            terminate: catch(SignalKind::terminate())?,
            interrupt: catch(SignalKind::interrupt())?,
        })
    }

    /// Ends at the first signal.
    pub(crate) async fn first(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// From now on, the next signal ends the process at once: nothing is lost, the box is crash-safe.
    pub(crate) fn end_at_second(mut self) {
        tokio::spawn(async move {
            self.first().await;
            output::complain(
                "stopped at once; what was in flight is delivered again after the next start",
            );
            std::process::exit(INTERRUPTED);
        });
    }
}
