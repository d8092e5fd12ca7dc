//! How many messages are in flight, and waiting until none is.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::{Poll, Waker};

/// Messages that were taken over and are neither answered nor reported.
#[derive(Debug, Default)]
pub(crate) struct Flight {
    count: Cell<usize>,
    waiting: RefCell<Vec<Waker>>,
}

/// One message or several in flight, until this is dropped.
#[derive(Debug)]
pub(crate) struct Airborne<'a> {
    flight: &'a Flight,
    count: usize,
}

impl Flight {
    /// Takes messages over.
    pub(crate) fn begin(&self, count: usize) -> Airborne<'_> {
        self.count.set(self.count.get() + count);
        Airborne {
            flight: self,
            count,
        }
    }

    /// Waits until nothing is in flight.
    pub(crate) async fn landed(&self) {
        poll_fn(|context| {
            if self.count.get() == 0 {
                return Poll::Ready(());
            }
            self.waiting.borrow_mut().push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

impl Drop for Airborne<'_> {
    fn drop(&mut self) {
        let left = self.flight.count.get() - self.count;
        self.flight.count.set(left);
        if left == 0 {
            let waiting = self.flight.waiting.take();
            waiting.into_iter().for_each(Waker::wake);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Context;

    use super::*;

    #[test]
    fn landed_means_that_every_message_has_come_down() {
        let flight = Flight::default();
        let mut context = Context::from_waker(Waker::noop());
        let mut landed = pin!(flight.landed());
        let (one, three) = (flight.begin(1), flight.begin(3));
        assert!(landed.as_mut().poll(&mut context).is_pending());
        drop(three);
        assert!(landed.as_mut().poll(&mut context).is_pending());
        drop(one);
        assert!(landed.as_mut().poll(&mut context).is_ready());
    }
}
