//! Bounded concurrency: so many sends at once, first come, first served.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// A number of slots. A slot that comes free is handed to the one who has waited longest, so nobody
/// who comes later can take it, and a waiter who gives up passes it on.
#[derive(Debug)]
pub(crate) struct Slots {
    free: Cell<usize>,
    waiting: RefCell<VecDeque<Rc<Waiter>>>,
}

#[derive(Debug)]
struct Waiter {
    state: Cell<State>,
    waker: RefCell<Waker>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    /// The slot is the waiter's, who has not noticed yet.
    Granted,
    /// The waiter has taken its slot, or has given up.
    Gone,
}

/// A slot, given back when dropped.
#[derive(Debug)]
pub(crate) struct Slot<'a>(&'a Slots);

/// Waits for a slot.
#[derive(Debug)]
pub(crate) struct Take<'a> {
    slots: &'a Slots,
    waiter: Option<Rc<Waiter>>,
}

impl Slots {
    /// At least one slot: with none, nothing would ever be sent.
    pub(crate) fn new(count: usize) -> Self {
        Self {
            free: Cell::new(count.max(1)),
            waiting: RefCell::default(),
        }
    }

    /// Takes a slot, at once when one is free.
    pub(crate) fn take(&self) -> Take<'_> {
        Take {
            slots: self,
            waiter: None,
        }
    }

    fn give_back(&self) {
        // A waiter that has given up is skipped here; it stays in the queue until its turn.
        while let Some(waiter) = self.next_waiting() {
            if waiter.state.get() == State::Waiting {
                waiter.state.set(State::Granted);
                waiter.waker.borrow().wake_by_ref();
                return;
            }
        }
        self.free.set(self.free.get() + 1);
    }

    fn next_waiting(&self) -> Option<Rc<Waiter>> {
        self.waiting.borrow_mut().pop_front()
    }
}

impl<'a> Future for Take<'a> {
    type Output = Slot<'a>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Slot<'a>> {
        let slots = self.slots;
        if let Some(waiter) = &self.waiter {
            if waiter.state.get() == State::Granted {
                waiter.state.set(State::Gone);
                return Poll::Ready(Slot(slots));
            }
            waiter.waker.borrow_mut().clone_from(context.waker());
            return Poll::Pending;
        }
        // Free slots and waiters exclude each other: `give_back` frees one only when nobody waits.
        if let Some(left) = slots.free.get().checked_sub(1) {
            slots.free.set(left);
            return Poll::Ready(Slot(slots));
        }
        let waiter = Rc::new(Waiter {
            state: Cell::new(State::Waiting),
            waker: RefCell::new(context.waker().clone()),
        });
        slots.waiting.borrow_mut().push_back(Rc::clone(&waiter));
        self.waiter = Some(waiter);
        Poll::Pending
    }
}

impl Drop for Take<'_> {
    fn drop(&mut self) {
        if let Some(waiter) = &self.waiter
            && waiter.state.replace(State::Gone) == State::Granted
        {
            self.slots.give_back();
        }
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.0.give_back();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poll<'a>(take: &mut Take<'a>) -> Poll<Slot<'a>> {
        Pin::new(take).poll(&mut Context::from_waker(Waker::noop()))
    }

    fn taken<'a>(mut take: Take<'a>) -> Slot<'a> {
        match poll(&mut take) {
            Poll::Ready(slot) => slot,
            Poll::Pending => panic!("no slot"),
        }
    }

    #[test]
    fn slots_are_handed_over_in_order() {
        let slots = Slots::new(1);
        let slot = taken(slots.take());
        let (mut second, mut third) = (slots.take(), slots.take());
        assert!(poll(&mut second).is_pending() && poll(&mut third).is_pending());
        drop(slot);
        // A newcomer does not overtake, and neither does the third.
        assert!(poll(&mut slots.take()).is_pending() && poll(&mut third).is_pending());
        let slot = taken(second);
        assert!(poll(&mut third).is_pending());
        drop(slot);
        drop(taken(third));
        assert_eq!(slots.free.get(), 1);
    }

    #[test]
    fn a_waiter_that_gives_up_passes_its_slot_on() {
        let slots = Slots::new(1);
        let slot = taken(slots.take());
        let (mut second, mut third, mut fourth) = (slots.take(), slots.take(), slots.take());
        assert!(poll(&mut second).is_pending());
        assert!(poll(&mut third).is_pending());
        assert!(poll(&mut fourth).is_pending());
        drop(third);
        drop(slot);
        drop(second);
        drop(taken(fourth));
        assert_eq!(slots.free.get(), 1);
    }
}
