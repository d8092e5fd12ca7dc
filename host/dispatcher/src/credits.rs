//! The high watermark of an adapter over all its ports: a number of messages that may be with it, shared
//! by the ports' loops. The only thing besides the message box that loops share.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

/// Credits of one adapter.
#[derive(Debug)]
pub(crate) struct Credits {
    free: AtomicUsize,
    freed: Arc<Notify>,
}

impl Credits {
    /// All of them free.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            free: AtomicUsize::new(limit.max(1)),
            freed: Arc::default(),
        }
    }

    /// Takes up to `wanted`; returns how many.
    pub(crate) fn take(&self, wanted: usize) -> usize {
        let mut taken = 0;
        // The closure never declines, so the update always succeeds.
        let _previous = self
            .free
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |free| {
                taken = wanted.min(free);
                Some(free - taken)
            });
        taken
    }

    /// Gives some back and calls everybody who waits.
    pub(crate) fn give_back(&self, count: usize) {
        if count > 0 {
            self.free.fetch_add(count, Ordering::AcqRel);
            self.freed.notify_waiters();
        }
    }

    /// Ends when some are given back from now on, also before it is polled.
    pub(crate) fn freed(&self) -> OwnedNotified {
        self.freed.clone().notified_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn credits_are_never_more_than_there_are() {
        let credits = Credits::new(3);
        assert_eq!(
            (credits.take(2), credits.take(2), credits.take(2)),
            (2, 1, 0)
        );
        let freed = credits.freed();
        credits.give_back(1);
        freed.await;
        assert_eq!(credits.take(5), 1);
    }
}
