//! Getting the pool up: at once for an eager port, and again after each failure.

use std::time::Duration;

use tokio::time::Instant;

use model::ErrorInfo;

use super::{Finished, PortLoop};
use crate::backoff::Backoff;
use crate::clock;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Where the start of the pool stands.
#[derive(Debug)]
pub(super) struct Starting {
    phase: Phase,
    pauses: Backoff,
}

#[derive(Debug, PartialEq)]
enum Phase {
    /// Messages may be submitted.
    Up,
    /// The pool was told to start.
    Underway,
    /// It failed to; it is told again after the pause.
    Waiting,
}

impl Starting {
    /// A pool that starts by itself with its first message.
    pub(super) fn new() -> Self {
        Self {
            phase: Phase::Up,
            pauses: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE),
        }
    }

    pub(super) fn is_up(&self) -> bool {
        self.phase == Phase::Up
    }

    pub(super) fn error(&self) -> Option<&str> {
        self.pauses.error()
    }

    pub(super) fn wake(&self) -> Option<Instant> {
        let is_waiting = self.phase == Phase::Waiting;
        self.pauses.retry_at().filter(|_| is_waiting)
    }
}

impl PortLoop {
    pub(super) fn start_pool(&mut self) {
        self.starting.phase = Phase::Underway;
        let start = self.pool.start();
        self.begin(async move { Finished::Started(start.await) });
    }

    pub(super) fn restart_pool(&mut self, now: Instant) {
        let is_due = self.starting.wake().is_some_and(|wake| wake <= now);
        if is_due && self.drain.is_none() {
            self.start_pool();
        }
    }

    pub(super) fn pool_started(&mut self, result: Result<(), ErrorInfo>) {
        let port = &self.port.settings.name;
        match result {
            Ok(()) => {
                self.starting.phase = Phase::Up;
                if self.starting.pauses.recovered() {
                    tracing::info!(%port, "the adapter is up after all");
                }
            }
            Err(error) => {
                // Seldom enough to need no throttle: the pauses double.
                tracing::error!(%port, %error, "the adapter does not start: messages wait, it is tried again");
                let pauses = &mut self.starting.pauses;
                pauses.failed(error.to_string(), Instant::now());
                self.starting.phase = Phase::Waiting;
                self.news = Some((clock::now(), error));
            }
        }
    }
}
