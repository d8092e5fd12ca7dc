//! What one generation of a port leaves to the next: what was learnt about the destinations, and what
//! was used up of the rate limit. Without it a swap would probe a dead destination with a full load, and
//! send as much again as the limit allows.

use model::{Breaker, SendPort, TransportSlot};

use super::PortLoop;
use super::throttling::Rate;

/// See the module.
#[derive(Debug)]
pub(crate) struct Legacy {
    rate: Option<Rate>,
    /// By transport.
    breakers: [Option<Breaker>; 2],
}

impl Legacy {
    /// As much of it as still means something under the new settings.
    pub(crate) fn of(mut self, old: &SendPort, new: &SendPort) -> Self {
        if old.rate_limit != new.rate_limit {
            self.rate = None;
        }
        for slot in [TransportSlot::Primary, TransportSlot::Backup] {
            let (before, after) = (old.transport(slot), new.transport(slot));
            if (before.breaker, &before.address) != (after.breaker, &after.address) {
                self.breakers[slot.index()] = None;
            }
        }
        self
    }
}

impl PortLoop {
    /// The loop claims no more: the next one may begin.
    pub(super) fn bequeath(&mut self) {
        // What an open claim brings is released again.
        let asked = self.routes.iter().map(|r| r.claiming.asked()).sum();
        self.rate.give_back(asked);
        let none = Rate::new(None);
        let legacy = Legacy {
            rate: Some(std::mem::replace(&mut self.rate, none)),
            breakers: [0, 1].map(|route| self.routes[route].breaker.take()),
        };
        self.port.leave(legacy);
    }

    /// Begins with what the one before has left.
    pub(crate) fn inherit(&mut self, legacy: Legacy) {
        if let Some(rate) = legacy.rate {
            self.rate = rate;
        }
        for (route, breaker) in self.routes.iter_mut().zip(legacy.breakers) {
            if let Some(mut breaker) = breaker {
                // Probes that are under way come back to the one before.
                breaker.undecided();
                route.breaker = Some(breaker);
            }
        }
    }
}
