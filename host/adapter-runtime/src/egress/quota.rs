//! How many connections a port may use at once, over all its pools, instances and threads.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use model::PortName;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A connection in use, until it is dropped.
pub(crate) type Slot = OwnedSemaphorePermit;

/// The connections of one port. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Quota {
    free: Arc<Semaphore>,
    limit: usize,
}

impl Quota {
    pub(crate) fn new(limit: usize) -> Self {
        let limit = limit.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            free: Arc::new(Semaphore::new(limit)),
            limit,
        }
    }

    /// How many there may be.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Waits for a connection; whoever asks first gets it first.
    pub(crate) async fn acquire(&self) -> Option<Slot> {
        // The semaphore is never closed; without a slot we would only be less polite.
        self.free.clone().acquire_owned().await.ok()
    }

    /// A connection, if one is left.
    pub(crate) fn try_acquire(&self) -> Option<Slot> {
        self.free.clone().try_acquire_owned().ok()
    }
}

/// The quotas of all ports that have pools: what a port's pools have in common is found again by its name.
#[derive(Debug, Default)]
pub(crate) struct Quotas(Mutex<HashMap<PortName, (Weak<Semaphore>, usize)>>);

impl Quotas {
    /// The quota of a port. One with another limit than before is a new one: what is under way counts
    /// against the old.
    pub(crate) fn of(&self, port: &PortName, limit: usize) -> Quota {
        // Nothing that can panic runs under the lock.
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (free, _)| free.strong_count() > 0);
        let quota = Quota::new(limit);
        let shared = known
            .get(port)
            .filter(|(_, limit)| *limit == quota.limit)
            .and_then(|(free, _)| free.upgrade());
        match shared {
            Some(free) => Quota { free, ..quota },
            None => {
                known.insert(port.clone(), (Arc::downgrade(&quota.free), quota.limit));
                quota
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(port: &str) -> PortName {
        PortName::new(port).expect("a name")
    }

    #[test]
    fn the_pools_of_a_port_share_its_connections_and_other_ports_have_their_own() {
        let quotas = Quotas::default();
        let [primary, backup] = [(); 2].map(|()| quotas.of(&name("one"), 2));
        let other = quotas.of(&name("two"), 2);
        let taken = [primary.try_acquire(), backup.try_acquire()];
        assert!(taken.iter().all(Option::is_some));
        assert!(primary.try_acquire().is_none() && backup.try_acquire().is_none());
        assert!(other.try_acquire().is_some());
        drop(taken);
        assert!(backup.try_acquire().is_some());
    }

    #[test]
    fn a_changed_limit_counts_from_then_on() {
        let quotas = Quotas::default();
        let before = quotas.of(&name("one"), 1);
        let _taken = before.try_acquire().expect("one is left");
        let after = quotas.of(&name("one"), 2);
        assert_eq!((before.limit(), after.limit()), (1, 2));
        assert!(before.try_acquire().is_none() && after.try_acquire().is_some());
        drop((before, after));
        assert!(quotas.of(&name("one"), 1).try_acquire().is_some());
    }
}
