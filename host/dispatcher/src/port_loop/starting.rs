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
pub(crate) struct Starting {
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
    pub(crate) fn new() -> Self {
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
    pub(super) fn start_pools(&mut self, route: usize) {
        self.routes[route].starting.phase = Phase::Underway;
        let starts = self.routes[route].pools.iter().map(|p| p.pool.start());
        let starts = futures::future::join_all(starts.collect::<Vec<_>>());
        self.begin(async move {
            let result = starts.await.into_iter().collect();
            Finished::Started(route, result)
        });
    }

    pub(super) fn restart_pools(&mut self, now: Instant) {
        for route in 0..self.routes.len() {
            let wake = self.routes[route].starting.wake();
            if wake.is_some_and(|wake| wake <= now) && self.drain.is_none() {
                self.start_pools(route);
            }
        }
    }

    pub(super) fn pools_started(&mut self, route: usize, result: Result<(), ErrorInfo>) {
        let port = &self.port.settings.name;
        let starting = &mut self.routes[route].starting;
        match result {
            Ok(()) => {
                starting.phase = Phase::Up;
                if starting.pauses.recovered() {
                    tracing::info!(%port, "the adapter is up after all");
                }
            }
            Err(error) => {
                // Seldom enough to need no throttle: the pauses double.
                tracing::error!(%port, %error, "the adapter does not start: messages wait, it is tried again");
                starting.pauses.failed(error.to_string(), Instant::now());
                starting.phase = Phase::Waiting;
                self.news = Some((clock::now(), error));
            }
        }
    }
}
