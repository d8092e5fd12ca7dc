//! Where a pool's threads leave what they report, and the loop picks it up.
//!
//! The only thing that reporting threads and the loop share: one lock per report, held for a push, and
//! one per turn of the loop, held for a swap. It decides nothing; the order of reports is kept.

use std::sync::{Mutex, MutexGuard};

use model::transmit::BatchFailure;
use model::{ErrorInfo, MessageId, Outcome};
use tokio::sync::{Notify, oneshot};

/// An outcome batch whose adapter waits for the commit.
#[derive(Debug)]
pub(crate) struct OutcomeBatch {
    pub(crate) outcomes: Vec<(MessageId, Outcome)>,
    pub(crate) answer: oneshot::Sender<Result<(), BatchFailure>>,
}

/// A prepared transaction whose adapter waits for the decision.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) transaction: String,
    pub(crate) ids: Vec<MessageId>,
    pub(crate) answer: oneshot::Sender<Result<(), BatchFailure>>,
}

/// What was reported since the loop last looked.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    pub(crate) outcomes: Vec<(MessageId, Outcome)>,
    pub(crate) batches: Vec<OutcomeBatch>,
    pub(crate) prepared: Vec<Prepared>,
    pub(crate) errors: Vec<ErrorInfo>,
}

impl Arrivals {
    pub(crate) fn is_empty(&self) -> bool {
        self.outcomes.is_empty()
            && self.batches.is_empty()
            && self.prepared.is_empty()
            && self.errors.is_empty()
    }
}

/// Written by any thread, emptied by the loop.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    contents: Mutex<Contents>,
    filled: Notify,
}

#[derive(Debug, Default)]
struct Contents {
    arrivals: Arrivals,
    closed: bool,
}

impl Inbox {
    /// Outcomes that nobody waits for. False when the port is terminated and they came too late.
    pub(crate) fn outcomes(&self, outcomes: Vec<(MessageId, Outcome)>) -> bool {
        self.put(|arrivals| {
            if arrivals.outcomes.is_empty() {
                arrivals.outcomes = outcomes;
            } else {
                arrivals.outcomes.extend(outcomes);
            }
        })
    }

    /// An outcome batch; the receiver ends without a value when the port is terminated.
    pub(crate) fn batch(
        &self,
        outcomes: Vec<(MessageId, Outcome)>,
    ) -> oneshot::Receiver<Result<(), BatchFailure>> {
        let (answer, receiver) = oneshot::channel();
        self.put(|arrivals| arrivals.batches.push(OutcomeBatch { outcomes, answer }));
        receiver
    }

    /// A prepared transaction; the receiver ends without a value when the port is terminated.
    pub(crate) fn prepared(
        &self,
        transaction: String,
        ids: Vec<MessageId>,
    ) -> oneshot::Receiver<Result<(), BatchFailure>> {
        let (answer, receiver) = oneshot::channel();
        let prepared = Prepared {
            transaction,
            ids,
            answer,
        };
        self.put(|arrivals| arrivals.prepared.push(prepared));
        receiver
    }

    /// An error that is no message's.
    pub(crate) fn error(&self, error: ErrorInfo) -> bool {
        self.put(|arrivals| arrivals.errors.push(error))
    }

    fn put(&self, add: impl FnOnce(&mut Arrivals)) -> bool {
        let mut contents = self.lock();
        if contents.closed {
            return false;
        }
        // Whoever put the first one has called the loop, and the loop takes everything at once.
        let first = contents.arrivals.is_empty();
        add(&mut contents.arrivals);
        drop(contents);
        if first {
            self.filled.notify_one();
        }
        true
    }

    /// Swaps what has arrived for the empty `spare`, whose memory is used again.
    pub(crate) fn take(&self, spare: &mut Arrivals) {
        std::mem::swap(&mut self.lock().arrivals, spare);
    }

    /// Ends when something has arrived. May be cancelled; may end once for nothing.
    pub(crate) async fn filled(&self) {
        self.filled.notified().await;
    }

    /// Refuses everything from now on and forgets what is there.
    pub(crate) fn close(&self) {
        let mut contents = self.lock();
        contents.closed = true;
        let forgotten = std::mem::take(&mut contents.arrivals);
        // Dropping the answers of waiting batches wakes their tasks: not under the lock.
        drop(contents);
        drop(forgotten);
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.contents
            .lock()
            .expect("nothing that can panic runs under this lock")
    }
}
