//! The `transmitter` export over a [`SendAdapter`].

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;

use wit_bindgen::spawn_local;

use super::Instance;
use crate::flight::Airborne;
use crate::raw::types::Disposition;
use crate::reporter::{Known, Reporter};
use crate::slots::Slots;
use crate::{Failure, Message, Reporting, SendAdapter};

/// An adapter with its open sends, and those that wait.
pub struct Single<A> {
    instance: Instance<A>,
    /// For [`Reporting::Await`]: the calls that wait are the queue.
    slots: Slots,
    /// For [`Reporting::Later`]: the calls have returned, so the queue is here.
    queue: RefCell<VecDeque<Waiting>>,
    senders: Cell<usize>,
    reporter: Reporter,
}

struct Waiting {
    message: Message,
    airborne: Airborne<'static>,
}

impl<A: SendAdapter> Single<A> {
    /// Before `load`.
    #[expect(clippy::new_without_default, reason = "made by a macro, once")]
    pub fn new() -> Self {
        Self {
            instance: Instance::new(),
            slots: Slots::new(A::CONCURRENCY),
            queue: RefCell::default(),
            senders: Cell::new(0),
            reporter: Reporter::default(),
        }
    }

    /// Its life.
    pub fn instance(&self) -> &Instance<A> {
        &self.instance
    }

    /// `transport-control.terminate`
    pub async fn terminate(&self) {
        self.instance.terminate().await;
        if let Ok(adapter) = self.instance.loaded() {
            adapter.terminate().await;
        }
    }

    /// `transmitter.transmit-message`
    pub async fn transmit(&'static self, message: Message) -> Result<Disposition, Failure> {
        let adapter = self.instance.adapter()?;
        let airborne = self.instance.begin(1);
        match A::REPORTING {
            Reporting::Await => {
                let _slot = self.slots.take().await;
                adapter.send(&message).await?;
                drop(airborne);
                Ok(Disposition::Transmitted)
            }
            Reporting::Later { batch } => {
                self.accept(adapter, Waiting { message, airborne }, batch);
                Ok(Disposition::Pending)
            }
        }
    }

    /// Sends the message in a task of its own, or lets it wait for a sender that comes free.
    fn accept(&'static self, adapter: &'static A, waiting: Waiting, batch: usize) {
        if self.senders.get() < A::CONCURRENCY.max(1) {
            self.senders.set(self.senders.get() + 1);
            spawn_local(self.send(adapter, waiting, batch));
        } else {
            self.queue.borrow_mut().push_back(waiting);
        }
    }

    /// One sender: the message it was made for, then whatever waits.
    async fn send(&'static self, adapter: &'static A, first: Waiting, batch: usize) {
        let mut waiting = Some(first);
        while let Some(Waiting { message, airborne }) = waiting {
            let outcome = adapter.send(&message).await;
            let report = self.reporter.add([Known {
                message,
                outcome,
                airborne,
            }]);
            waiting = self.queue.borrow_mut().pop_front();
            match (&waiting, report) {
                (_, false) => {}
                (Some(_), true) => spawn_local(self.reporter.report(batch)),
                (None, true) => {
                    self.senders.set(self.senders.get() - 1);
                    return self.reporter.report(batch).await;
                }
            }
        }
        self.senders.set(self.senders.get() - 1);
    }
}

impl<A> fmt::Debug for Single<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Single")
            .field("waiting", &self.queue.borrow().len())
            .field("senders", &self.senders)
            .finish_non_exhaustive()
    }
}
