//! Outcome batches whose guest stops waiting for the answer: it cancels its call of `done`.
//!
//! The commit goes on without it. But nobody is there any more to note its end, and messages that are
//! being committed for ever would fill the instance: it would get no others and never be idle. So they
//! are let go at once; what becomes of them is the commit's to say.

use std::sync::Arc;

use tokio::sync::{Notify, mpsc};

use crate::ledger::Ticket;

/// Where the tickets of such batches are found. One for each instance.
#[derive(Debug)]
pub(crate) struct Cancelled {
    sender: mpsc::UnboundedSender<Ticket>,
    receiver: mpsc::UnboundedReceiver<Ticket>,
}

/// Tells of a batch that is being committed, if it is dropped before it is disarmed.
#[derive(Debug)]
pub(super) struct Guard {
    tickets: Vec<Ticket>,
    sender: mpsc::UnboundedSender<Ticket>,
    progress: Arc<Notify>,
}

impl Cancelled {
    pub(crate) fn new() -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        Self { sender, receiver }
    }

    /// A batch of these is about to be committed.
    pub(super) fn guard(&self, tickets: Vec<Ticket>, progress: &Arc<Notify>) -> Guard {
        Guard {
            tickets,
            sender: self.sender.clone(),
            progress: progress.clone(),
        }
    }

    /// The next message whose outcome nobody waits for.
    pub(crate) fn next(&mut self) -> Option<Ticket> {
        self.receiver.try_recv().ok()
    }
}

impl Guard {
    /// The answer has come.
    pub(super) fn disarm(mut self) {
        self.tickets.clear();
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if self.tickets.is_empty() {
            return;
        }
        for ticket in self.tickets.drain(..) {
            // Nobody listens when the whole instance ends, which sees to its messages itself.
            self.sender.send(ticket).ok();
        }
        self.progress.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use futures::FutureExt as _;
    use model::Outcome;

    use super::*;
    use crate::ledger::Ledger;
    use crate::ledger::tests::delivery;

    #[test]
    fn messages_of_a_commit_that_nobody_waits_for_are_let_go() {
        let (mut cancelled, progress) = (Cancelled::new(), Arc::new(Notify::new()));
        let mut ledger = Ledger::default();
        let mut lend = |n| ledger.lend(Arc::new(delivery(n)), Instant::now());
        let tickets = [lend(1), lend(2), lend(3)];
        cancelled.guard(tickets[..1].to_vec(), &progress).disarm();
        assert_eq!(cancelled.next(), None, "it was waited for");
        drop(cancelled.guard(tickets[1..].to_vec(), &progress));
        assert!(
            progress.notified().now_or_never().is_some(),
            "somebody is told"
        );
        for ticket in tickets {
            ledger.settling(ticket, Outcome::Delivered);
        }
        while let Some(ticket) = cancelled.next() {
            ledger.released(ticket);
        }
        assert_eq!(ledger.in_flight(), 1);
        assert!(ledger.holds(tickets[0]));
    }
}
