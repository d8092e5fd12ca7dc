//! Claiming messages while there are credits, and submitting them.
//!
//! One claim is open at a time per route. How many messages it may ask for is `throttling`'s business.

use std::sync::Arc;
use std::time::Duration;

use message_box::{Claim, Error, Leased};
use model::transmit::Delivery;
use model::{
    EndpointConfiguration, Enlistment, ErrorInfo, Message, Standing, Timestamp, Verdict, expired,
    property, resolve,
};
use tokio::time::Instant;

use super::throttling::PATIENCE;
use super::{Finished, PortLoop};
use crate::backoff::Backoff;
use crate::clock;
use crate::route::wait_for;
use crate::settle::Decision;
use crate::status::Throttling;
use crate::unresolved::Held;

/// The pauses after a pool handed messages back untried. They are due again at once, and a pool that
/// cannot take any would otherwise pass them round as fast as the machine goes.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What is known about a route's feed, and what claiming from it waits for.
#[derive(Debug)]
pub(crate) struct Claiming {
    /// A claim may find something. While false, the feed is listened to instead.
    pub(super) hungry: bool,
    /// How many messages the open claim asks for.
    asked: Option<usize>,
    /// The earliest message that is not due yet.
    next_due: Option<Timestamp>,
    /// Since when few credits were free.
    pub(super) waiting_since: Option<Instant>,
    /// Nothing may be claimed before then: a window is closed, a breaker open, a rate used up.
    pub(super) not_before: Option<Instant>,
    /// Work is under way that ends when the adapter has credits again.
    pub(super) waits_for_credits: bool,
    /// Why nothing is claimed although something waits.
    pub(super) throttled: Option<Throttling>,
    /// Paused while the pool hands messages back.
    pub(super) handed_back: Backoff,
}

impl Claiming {
    pub(crate) fn new() -> Self {
        Self {
            hungry: true,
            asked: None,
            next_due: None,
            waiting_since: None,
            not_before: None,
            waits_for_credits: false,
            throttled: None,
            handed_back: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE),
        }
    }

    /// A claim is open.
    pub(super) fn is_underway(&self) -> bool {
        self.asked.is_some()
    }

    /// Messages that the open claim may bring.
    pub(super) fn asked(&self) -> usize {
        self.asked.unwrap_or(0)
    }
}

impl PortLoop {
    /// Begins claims where there are credits and something may be found.
    pub(super) fn claim_more(&mut self, now: Instant) {
        for route in 0..self.routes.len() {
            let claiming = &mut self.routes[route].claiming;
            if claiming.next_due.is_some_and(|due| due <= clock::now()) {
                claiming.next_due = None;
                claiming.hungry = true;
            }
            if !claiming.hungry {
                claiming.throttled = None;
            }
            if self.may_claim(route, now) {
                let limit = self.allowance(route, now);
                if limit > 0 {
                    self.begin_claim(route, limit);
                }
            }
        }
    }

    fn may_claim(&self, route: usize, now: Instant) -> bool {
        let claiming = &self.routes[route].claiming;
        self.drain.is_none()
            && *self.enlistments.borrow() == Enlistment::Started
            && claiming.hungry
            && !claiming.is_underway()
            && !claiming.waits_for_credits
            && self.routes[route].starting.is_up()
            && claiming.handed_back.is_ready(now)
            && self.storage_is_calm(now)
    }

    fn begin_claim(&mut self, route: usize, limit: usize) {
        let timeout = self.port.settings.delivery_timeout;
        let held_at_most = self.timing.held_at_most(timeout);
        let now = clock::now();
        let lease_until = now.after(held_at_most.saturating_add(self.timing.lease_margin));
        self.routes[route].claiming.asked = Some(limit);
        if let Some(breaker) = &mut self.routes[route].breaker {
            breaker.sent();
        }
        let feed = self.routes[route].feed.clone();
        // Never cancelled: a claim that is dropped half way has leased messages for nobody.
        self.begin(
            async move { Finished::Claimed(route, feed.claim(limit, now, lease_until).await) },
        );
    }

    pub(super) fn claimed(&mut self, route: usize, result: Result<Claim, Error>) {
        let asked = self.routes[route].claiming.asked.take().unwrap_or_default();
        let brought = result.as_ref().map_or(0, |claim| claim.messages.len());
        self.give_back_allowance(route, asked.saturating_sub(brought));
        if brought == 0
            && let Some(breaker) = &mut self.routes[route].breaker
        {
            breaker.undecided();
        }
        let claim = match result {
            Ok(claim) => claim,
            Err(error) => return self.storage_failed(&error),
        };
        self.storage_worked();
        let claiming = &mut self.routes[route].claiming;
        claiming.next_due = claim.next_due;
        // A short claim is all there is: the feed calls when there is more.
        claiming.hungry = brought >= asked;
        if self.drain.is_some() {
            return self.release(route, claim.messages);
        }
        self.submit(route, claim.messages);
    }

    fn submit(&mut self, route: usize, messages: Vec<Leased>) {
        let (now, time) = (Instant::now(), clock::now());
        let pools = self.routes[route].pools.len();
        let mut deliveries: Vec<Vec<Delivery>> = (0..pools).map(|_| Vec::new()).collect();
        for leased in messages {
            if let Some((pool, delivery)) = self.enter(route, leased, now, time) {
                deliveries[pool].push(delivery);
            }
        }
        for (pooled, deliveries) in self.routes[route].pools.iter().zip(deliveries) {
            if !deliveries.is_empty() {
                pooled.pool.submit(deliveries);
            }
        }
    }

    /// Notes a message as handed over; `None` when it is not.
    fn enter(
        &mut self,
        route: usize,
        leased: Leased,
        now: Instant,
        time: Timestamp,
    ) -> Option<(usize, Delivery)> {
        let pool = match self.pool_for(&leased.message, time) {
            Ok(pool) => pool,
            Err((verdict, expired)) => {
                self.refuse(route, leased, verdict, expired, time);
                return None;
            }
        };
        self.keep_credit(route, pool);
        let Leased {
            message,
            lease,
            alone,
        } = leased;
        let held = Held {
            lease,
            message: message.clone(),
            route,
            pool,
        };
        if !self.unresolved.enter(message.id, held, now) {
            tracing::warn!(
                port = %message.port, id = %message.id,
                "the lease ran out while the adapter has the message; it is not delivered twice"
            );
            self.free_credit(route, pool);
            return None;
        }
        Some((pool, self.delivery(message, alone)))
    }

    fn delivery(&self, message: Arc<Message>, alone: bool) -> Delivery {
        let settings = &self.port.settings;
        let transport = settings.transport(message.transport);
        let (address, configuration) = match settings.is_dynamic() {
            // B79: there is no endpoint configuration, the handler's defaults apply.
            true => {
                let address = message
                    .properties
                    .get(property::ADDRESS)
                    .unwrap_or_default();
                (
                    Arc::from(address),
                    Arc::new(EndpointConfiguration::default()),
                )
            }
            false => (transport.address.clone(), transport.configuration.clone()),
        };
        Delivery {
            address,
            configuration,
            retries_left: transport.retry.count.saturating_sub(message.attempts),
            max_response: settings.two_way.as_ref().map(|t| t.max_response),
            alone,
            message,
        }
    }

    /// Which of its route's pools a message is for, or what becomes of it without an attempt.
    fn pool_for(&self, message: &Message, now: Timestamp) -> Result<usize, (Verdict, bool)> {
        let settings = &self.port.settings;
        if message.is_expired(now) {
            return Err((expired(self.standing(message, now, 0)), true));
        }
        if !settings.is_dynamic() {
            return Ok(0);
        }
        let property = |name| message.properties.get(name);
        let (address, kind) = (
            property(property::ADDRESS),
            property(property::TRANSPORT_TYPE),
        );
        let place = resolve(&settings.dynamic, address, kind);
        place.map_err(|error| (self.undeliverable(message, error), false))
    }

    fn undeliverable(&self, message: &Message, error: ErrorInfo) -> Verdict {
        let standing = self.standing(message, Timestamp::default(), 0);
        match expired(standing) {
            // As an expired one: no attempt is charged.
            Verdict::Suspend {
                attempts,
                resumable,
                ..
            } => Verdict::Suspend {
                attempts,
                error,
                resumable,
            },
            other => other,
        }
    }

    pub(super) fn standing(&self, message: &Message, now: Timestamp, dice: u16) -> Standing {
        let settings = &self.port.settings;
        let on_failure = settings.ordered.map(|ordered| ordered.on_failure);
        Standing {
            attempts: message.attempts,
            policy: settings.transport(message.transport).retry,
            has_next: settings.has_next(message.transport),
            expires: message.expires,
            on_failure: on_failure.filter(|_| message.lane.is_some()),
            now,
            dice,
        }
    }

    /// A message that no adapter gets to see.
    fn refuse(
        &mut self,
        route: usize,
        leased: Leased,
        verdict: Verdict,
        expired: bool,
        now: Timestamp,
    ) {
        self.give_back_allowance(route, 1);
        if let Some(breaker) = &mut self.routes[route].breaker {
            breaker.undecided();
        }
        if let Verdict::Suspend { error, .. } = &verdict {
            self.news = Some((now, error.clone()));
        }
        let held = Held {
            lease: leased.lease,
            message: leased.message,
            route,
            pool: 0,
        };
        let decision = self.concluded(&held, verdict, None, now);
        self.settling.decided.push(Decision {
            expired,
            ..decision
        });
    }

    /// Gives back what a claim brought after the drain had begun.
    fn release(&mut self, route: usize, messages: Vec<Leased>) {
        self.give_back_allowance(route, messages.len());
        let decisions = messages
            .into_iter()
            .map(|leased| Decision::release(leased.message.id, leased.lease, route, leased.alone));
        self.settling.decided.extend(decisions);
    }

    /// When a claim is due though nothing happens.
    pub(super) fn claim_wake(&self, now: Instant) -> Option<Instant> {
        let is_started = *self.enlistments.borrow() == Enlistment::Started;
        if self.drain.is_some() || !is_started {
            return None;
        }
        let wakes = (0..self.routes.len()).filter_map(|route| self.route_wake(route, now));
        wakes.min()
    }

    fn route_wake(&self, route: usize, now: Instant) -> Option<Instant> {
        let claiming = &self.routes[route].claiming;
        if claiming.is_underway() {
            return None;
        }
        if !claiming.hungry {
            return claiming.next_due.map(|due| wait_for(due, now));
        }
        let patience = claiming.waiting_since.map(|since| since + PATIENCE);
        let times = [
            claiming.handed_back.retry_at(),
            self.settling.storage.retry_at(),
            claiming.not_before,
            patience,
        ];
        // A time that has passed is not what the claim waits for.
        times.into_iter().flatten().filter(|time| *time > now).max()
    }
}
