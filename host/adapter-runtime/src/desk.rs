//! What waits to be handed to a guest, and how far its instance has come. Outlives the event loop, so
//! that a trap loses nothing.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

use model::transmit::Delivery;
use model::{MessageId, Outcome};
use tokio::sync::Notify;

/// The desk of one instance.
#[derive(Debug)]
pub(crate) struct Desk {
    received: Cell<usize>,
    queue: RefCell<VecDeque<(Instant, Delivery)>>,
    stage: Cell<Stage>,
    /// Takes no more messages, but finishes what it has.
    retiring: Cell<bool>,
    /// Rung when it begins to terminate or to retire.
    leaving: Notify,
    /// A batch is being filled; the next one starts after it, or each would get a part.
    filling: Cell<bool>,
    /// What `begin-batch` said last.
    batch_size: Cell<usize>,
    /// Transactions whose messages are decided and that are being committed or rolled back.
    closing: Cell<usize>,
    /// A call was given up; the guest may never return from it.
    gave_up: Cell<bool>,
    /// When the event loop turned last.
    turned: Cell<Instant>,
}

/// How far the end of an instance has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Working,
    /// It is to terminate.
    Terminating,
    /// `terminate` has been called,
    Called,
    /// and has returned.
    Terminated,
}

/// A transaction that is being committed or rolled back, until it is dropped.
pub(crate) struct Closing<'a>(&'a Cell<usize>);

impl Desk {
    pub(crate) fn new() -> Self {
        Self {
            received: Cell::new(0),
            queue: RefCell::default(),
            stage: Cell::new(Stage::Working),
            retiring: Cell::new(false),
            leaving: Notify::new(),
            filling: Cell::new(false),
            batch_size: Cell::new(1),
            closing: Cell::new(0),
            gave_up: Cell::new(false),
            turned: Cell::new(Instant::now()),
        }
    }

    pub(crate) fn accept(&self, deliveries: Vec<Delivery>) {
        let now = Instant::now();
        self.received.set(self.received.get() + deliveries.len());
        self.queue
            .borrow_mut()
            .extend(deliveries.into_iter().map(|d| (now, d)));
    }

    /// Messages that have come in so far.
    pub(crate) fn received(&self) -> usize {
        self.received.get()
    }

    /// True when a message has been taken from here to the guest, or back.
    pub(crate) fn has_begun(&self) -> bool {
        self.received() > self.queued()
    }

    pub(crate) fn queued(&self) -> usize {
        self.queue.borrow().len()
    }

    /// How long the oldest message has been waiting.
    pub(crate) fn waiting(&self, now: Instant) -> Duration {
        let queue = self.queue.borrow();
        queue
            .front()
            .map_or(Duration::ZERO, |(since, _)| now.duration_since(*since))
    }

    pub(crate) fn take_queue(&self) -> Vec<Delivery> {
        self.queue
            .take()
            .into_iter()
            .map(|(_, delivery)| delivery)
            .collect()
    }

    pub(crate) fn take_next(&self) -> Option<Delivery> {
        self.queue
            .borrow_mut()
            .pop_front()
            .map(|(_, delivery)| delivery)
    }

    /// Up to `messages` and `bytes` (0: any), but at least one.
    pub(crate) fn take_batch(&self, messages: usize, bytes: u64) -> Vec<Delivery> {
        let mut queue = self.queue.borrow_mut();
        let mut total = 0;
        let fits = |(_, delivery): &&(Instant, Delivery)| {
            let first = total == 0;
            total += delivery.message.body.size().max(1);
            first || bytes == 0 || total <= bytes
        };
        let count = queue.iter().take(messages.max(1)).take_while(fits).count();
        queue.drain(..count).map(|(_, delivery)| delivery).collect()
    }

    /// Removes what has waited for longer than `limit`.
    pub(crate) fn take_stale(&self, now: Instant, limit: Duration) -> Vec<(MessageId, Outcome)> {
        let mut queue = self.queue.borrow_mut();
        let stale = |(since, _): &&(Instant, Delivery)| now.duration_since(*since) > limit;
        let count = queue.iter().take_while(stale).count();
        queue
            .drain(..count)
            .map(|(_, d)| (d.message.id, Outcome::Returned))
            .collect()
    }

    /// False when it was told before.
    pub(crate) fn begin_terminating(&self) -> bool {
        let first = self.stage.get() == Stage::Working;
        if first {
            self.stage.set(Stage::Terminating);
            self.leaving.notify_waiters();
        }
        first
    }

    pub(crate) fn is_terminating(&self) -> bool {
        self.stage.get() > Stage::Working
    }

    /// True when `terminate` is to be called; from then on it is not.
    pub(crate) fn begin_terminate_call(&self) -> bool {
        let due = self.stage.get() == Stage::Terminating;
        if due {
            self.stage.set(Stage::Called);
        }
        due
    }

    /// True when `terminate` is still to be called.
    pub(crate) fn is_terminate_due(&self) -> bool {
        self.stage.get() == Stage::Terminating
    }

    pub(crate) fn terminated(&self) {
        self.stage.set(Stage::Terminated);
    }

    pub(crate) fn is_terminated(&self) -> bool {
        self.stage.get() == Stage::Terminated
    }

    /// False when it was retiring already.
    pub(crate) fn retire(&self) -> bool {
        let first = !self.retiring.replace(true);
        if first {
            self.leaving.notify_waiters();
        }
        first
    }

    pub(crate) fn is_retiring(&self) -> bool {
        self.retiring.get()
    }

    /// True when the instance takes no more messages.
    pub(crate) fn is_leaving(&self) -> bool {
        self.is_terminating() || self.is_retiring()
    }

    /// Ends when the instance takes no more messages.
    pub(crate) async fn left(&self) {
        // One thread: nothing happens between the question and the wait.
        if !self.is_leaving() {
            self.leaving.notified().await;
        }
    }

    pub(crate) fn is_filling(&self) -> bool {
        self.filling.get()
    }

    pub(crate) fn set_filling(&self, filling: bool) {
        self.filling.set(filling);
    }

    pub(crate) fn batch_size(&self) -> usize {
        self.batch_size.get()
    }

    pub(crate) fn set_batch_size(&self, messages: usize) {
        self.batch_size.set(messages);
    }

    /// Keeps the instance until what this returns is dropped.
    pub(crate) fn closing(&self) -> Closing<'_> {
        self.closing.set(self.closing.get() + 1);
        Closing(&self.closing)
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.get() > 0
    }

    /// A call was given up: the instance is not to be trusted with more.
    pub(crate) fn give_up(&self) {
        self.gave_up.set(true);
    }

    pub(crate) fn has_given_up(&self) -> bool {
        self.gave_up.get()
    }

    /// The event loop has turned.
    pub(crate) fn turned(&self) {
        self.turned.set(Instant::now());
    }

    /// How long the event loop has been standing still.
    pub(crate) fn standing_for(&self) -> Duration {
        self.turned.get().elapsed()
    }
}

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;
    use crate::ledger::tests::delivery;

    fn desk(messages: u64) -> Desk {
        let desk = Desk::new();
        desk.accept((0..messages).map(delivery).collect());
        desk
    }

    #[test]
    fn b25_b26_a_batch_is_as_large_as_it_may_be_and_as_there_are_messages() {
        let desk = desk(5);
        assert_eq!(desk.take_batch(3, 0).len(), 3);
        assert_eq!(desk.take_batch(3, 0).len(), 2);
        assert_eq!(desk.take_batch(3, 0).len(), 0);
        assert_eq!((desk.received(), desk.queued()), (5, 0));
        assert!(desk.has_begun());
    }

    #[test]
    fn a_message_larger_than_a_batch_comes_alone() {
        let desk = desk(2);
        assert!(!desk.has_begun());
        assert_eq!(desk.take_batch(0, 1).len(), 1);
        assert_eq!(desk.take_batch(9, 1).len(), 1);
    }

    #[test]
    fn what_waits_for_too_long_goes_back_untouched() {
        let desk = desk(2);
        let later = Instant::now() + Duration::from_secs(9);
        assert_eq!(desk.take_stale(later, Duration::from_secs(60)), []);
        let stale = desk.take_stale(later, Duration::from_secs(5));
        assert_eq!(
            stale,
            [0, 1].map(|n| (MessageId::new(1, n), Outcome::Returned))
        );
    }

    #[test]
    fn terminate_is_called_once() {
        let desk = desk(0);
        assert!(!desk.begin_terminate_call(), "nobody asked for it");
        assert!(desk.begin_terminating() && !desk.begin_terminating());
        assert!(desk.is_terminate_due() && desk.begin_terminate_call());
        assert!(!desk.is_terminate_due() && !desk.begin_terminate_call());
        assert!(desk.is_terminating() && !desk.is_terminated());
        desk.terminated();
        assert!(desk.is_terminating() && desk.is_terminated());
    }

    #[test]
    fn whoever_waits_for_the_end_of_work_hears_of_it() {
        type Leave = fn(&Desk) -> bool;
        let leave: [Leave; 2] = [Desk::begin_terminating, Desk::retire];
        for leave in leave {
            let desk = desk(0);
            let mut left = Box::pin(desk.left());
            assert_eq!((&mut left).now_or_never(), None);
            assert!(leave(&desk) && !leave(&desk));
            assert_eq!((&mut left).now_or_never(), Some(()));
            assert_eq!(desk.left().now_or_never(), Some(()), "and who comes late");
        }
    }

    #[test]
    fn an_instance_is_kept_while_a_transaction_is_being_closed() {
        let desk = desk(0);
        let (one, two) = (desk.closing(), desk.closing());
        drop(one);
        assert!(desk.is_closing());
        drop(two);
        assert!(!desk.is_closing());
    }
}
