//! The instances of one port's adapter: how many, where, and which of them gets the next message.
//!
//! Instances are made at the first message, or at `start`, and spread over the instance threads. A
//! message that may have made an instance trap is delivered in an instance of its own, one at a time, so
//! that the culprit is found and nobody else pays (B107). Instances are never shared between ports: one
//! port's trap, leak or slow destination is nobody else's.

mod config;
mod shared;
mod watch;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::join_all;
use model::ErrorInfo;
use model::transmit::{BoxFuture, Delivery, OutcomeSink, PoolStatus, Terminated, TransmitterPool};
use tokio::sync::{Notify, oneshot};

use crate::context::Sandbox;
use crate::seat::SeatEnd;

pub use config::PoolConfig;
pub(crate) use shared::{Environment, Shared};

/// The pool of one port. Dropping it ends its instances at once, unless they are terminating.
pub(crate) struct Pool(Arc<Shared>);

impl Pool {
    pub(crate) fn new(
        config: PoolConfig,
        sandbox: Sandbox,
        environment: Environment,
        sink: Arc<dyn OutcomeSink>,
    ) -> Self {
        let is_transactional = config.adapter.world().is_transactional();
        let shared = Arc::new(Shared::new(config, sandbox, environment, sink));
        if is_transactional {
            let pool = Arc::downgrade(&shared);
            let watch = move || watch::over(pool).boxed_local();
            shared.threads().spawn(0, watch);
        }
        Self(shared)
    }
}

impl TransmitterPool for Pool {
    fn start(&self) -> BoxFuture<Result<(), ErrorInfo>> {
        let starting = self.0.fill_up();
        Box::pin(async move {
            let unfinished = || ErrorInfo::new("start-failed", "the instance ended while starting");
            let mut results = join_all(starting).await.into_iter();
            results.try_for_each(|result| result.unwrap_or_else(|_| Err(unfinished())))
        })
    }

    fn submit(&self, deliveries: Vec<Delivery>) {
        self.0.deal(deliveries);
    }

    fn terminate(&self, deadline: Duration) -> BoxFuture<Terminated> {
        let shared = self.0.clone();
        Box::pin(async move {
            let (seats, in_flight) = shared.begin_terminate();
            let ends = join_all(seats.into_iter().map(|seat| seat.end(deadline))).await;
            shared.clear();
            let mut report = Terminated {
                in_flight,
                ..Terminated::default()
            };
            for end in ends {
                report.interrupted |= end.interrupted;
                report.handed_back.extend(end.handed_back);
            }
            report
        })
    }

    fn status(&self) -> PoolStatus {
        self.0.status()
    }

    fn version(&self) -> Arc<str> {
        self.0.version()
    }
}

/// An instance that has been told to terminate. If nobody waits for it any more it is ended by force:
/// nothing else would end it if its guest does not.
struct Leaving {
    stop: Arc<Notify>,
    ended: oneshot::Receiver<SeatEnd>,
}

impl Leaving {
    /// Waits until it has drained; at the deadline ends it by force.
    async fn end(mut self, deadline: Duration) -> SeatEnd {
        if let Ok(end) = tokio::time::timeout(deadline, &mut self.ended).await {
            return end.unwrap_or_default();
        }
        self.stop.notify_one();
        // A guest that spins is interrupted by its CPU limit even if it never lets the stop be seen.
        (&mut self.ended).await.unwrap_or_default()
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        self.stop.notify_one();
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pool").field(self.0.port()).finish()
    }
}
