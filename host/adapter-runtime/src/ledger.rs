//! Which messages an instance holds, and how far each has come.
//!
//! A message is lent under a ticket. The ticket ends when its outcome is known; a handle with an ended
//! ticket decides nothing any more, so an outcome that comes twice, or too late, cannot count.
//! Sources: IBTTransmitter's true/false contract, and B19–B23 as improved.

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::transmit::Delivery;
use model::{ErrorInfo, Failure, MessageId, Outcome};

/// Names one lending of one message to one instance; never used twice by an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ticket(u64);

/// How far a lent message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// In an open transmit call. A guest drops a handle before its call returns, so a drop decides
    /// nothing until the call has returned.
    InCall { dropped: bool },
    /// Kept by the guest, which will report.
    Kept,
    /// Added to an outcome batch that is not done yet.
    InBatch,
    /// Its outcome batch is being committed: only the commit decides now.
    Settling,
}

#[derive(Debug)]
struct Held {
    delivery: Arc<Delivery>,
    phase: Phase,
    since: Instant,
}

/// What a transmit call answered.
#[derive(Debug)]
pub(crate) enum Answer {
    Transmitted,
    Pending,
    Failed(Failure),
}

/// The messages of one instance.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    held: HashMap<Ticket, Held>,
    last_ticket: u64,
    /// Messages whose outcome is settled but whose batch the guest has not dropped: counted as in
    /// flight, or new calls would overtake the ends of old ones without bound.
    unacknowledged: usize,
    /// Since when there have been any of those.
    unacknowledged_since: Option<Instant>,
    /// Outcomes that nobody has been told yet.
    resolved: Vec<(MessageId, Outcome)>,
}

impl Ledger {
    /// Lends a message for the call that is about to be made.
    pub(crate) fn lend(&mut self, delivery: Arc<Delivery>, now: Instant) -> Ticket {
        self.last_ticket += 1;
        let ticket = Ticket(self.last_ticket);
        let phase = Phase::InCall { dropped: false };
        self.held.insert(
            ticket,
            Held {
                delivery,
                phase,
                since: now,
            },
        );
        ticket
    }

    /// Messages the guest is busy with, however far they have come.
    pub(crate) fn in_flight(&self) -> usize {
        self.held.len() + self.unacknowledged
    }

    /// Messages whose outcome is open.
    pub(crate) fn undecided(&self) -> usize {
        self.held.len()
    }

    /// True while decisions about the message count.
    pub(crate) fn holds(&self, ticket: Ticket) -> bool {
        self.held.contains_key(&ticket)
    }

    /// The call a message was handed over in has returned.
    pub(crate) fn answered(&mut self, ticket: Ticket, answer: Answer) {
        let Some(held) = self.held.get_mut(&ticket) else {
            return;
        };
        match (answer, held.phase) {
            // The commit decides, whatever else the guest says.
            (_, Phase::Settling) => {}
            (Answer::Transmitted, _) => self.resolve(ticket, Outcome::Delivered),
            (Answer::Failed(failure), _) => self.resolve(ticket, Outcome::Failed(failure)),
            (Answer::Pending, Phase::InCall { dropped: true }) => self.resolve(ticket, forgotten()),
            (Answer::Pending, Phase::InCall { dropped: false }) => held.phase = Phase::Kept,
            (Answer::Pending, Phase::Kept | Phase::InBatch) => {}
        }
    }

    /// The guest dropped the handle. True when that decided the message.
    pub(crate) fn dropped(&mut self, ticket: Ticket) -> bool {
        match self.held.get_mut(&ticket) {
            Some(Held {
                phase: Phase::InCall { dropped },
                ..
            }) => {
                *dropped = true;
                false
            }
            Some(Held {
                phase: Phase::Kept | Phase::InBatch,
                ..
            }) => {
                self.resolve(ticket, forgotten());
                true
            }
            Some(Held {
                phase: Phase::Settling,
                ..
            })
            | None => false,
        }
    }

    /// The guest put the message into an outcome batch.
    pub(crate) fn batched(&mut self, ticket: Ticket) {
        if let Some(held) = self.held.get_mut(&ticket) {
            held.phase = Phase::InBatch;
        }
    }

    /// The outcome batch goes to the box.
    pub(crate) fn settling(&mut self, ticket: Ticket) {
        if let Some(held) = self.held.get_mut(&ticket) {
            held.phase = Phase::Settling;
        }
    }

    /// The outcome batch is committed.
    pub(crate) fn settled(&mut self, ticket: Ticket) {
        if self.held.remove(&ticket).is_some() {
            self.unacknowledged += 1;
            self.unacknowledged_since.get_or_insert_with(Instant::now);
        }
    }

    /// The outcome batch failed: the message is the guest's again. False when it was taken back.
    pub(crate) fn handed_back(&mut self, ticket: Ticket) -> bool {
        match self.held.get_mut(&ticket) {
            Some(held) => {
                held.phase = Phase::Kept;
                true
            }
            None => false,
        }
    }

    /// The guest dropped an outcome batch in which `count` messages had been settled.
    pub(crate) fn acknowledged(&mut self, count: usize) {
        self.unacknowledged = self.unacknowledged.saturating_sub(count);
        // Others may be left, but the guest goes on.
        self.unacknowledged_since = (self.unacknowledged > 0).then(Instant::now);
    }

    /// How long the guest has been keeping finished outcome batches without dropping any.
    pub(crate) fn holds_batches_for(&self, now: Instant) -> Duration {
        self.unacknowledged_since
            .map_or(Duration::ZERO, |since| now.duration_since(since))
    }

    /// Takes back what has been out for longer than `limit`; its late outcomes will not count.
    pub(crate) fn expire(&mut self, now: Instant, limit: Duration) -> usize {
        let late =
            |held: &Held| held.phase != Phase::Settling && now.duration_since(held.since) > limit;
        let tickets: Vec<Ticket> = self
            .held
            .iter()
            .filter(|(_, held)| late(held))
            .map(|(t, _)| *t)
            .collect();
        for ticket in &tickets {
            let text = format!("no outcome within {limit:?} (delivery-timeout)");
            let error = ErrorInfo::new("delivery-timeout", text);
            self.resolve(*ticket, Outcome::Failed(Failure::retryable(error)));
        }
        tickets.len()
    }

    /// Everything undecided, when the instance has ended. What is being committed is left to the commit.
    pub(crate) fn abandon(&mut self) -> Vec<MessageId> {
        let open = mem::take(&mut self.held).into_values();
        open.filter(|held| held.phase != Phase::Settling)
            .map(|held| held.delivery.message.id)
            .collect()
    }

    /// Outcomes since the last time.
    pub(crate) fn take_resolved(&mut self) -> Vec<(MessageId, Outcome)> {
        mem::take(&mut self.resolved)
    }

    fn resolve(&mut self, ticket: Ticket, outcome: Outcome) {
        if let Some(held) = self.held.remove(&ticket) {
            self.resolved.push((held.delivery.message.id, outcome));
        }
    }
}

/// Better than the original's stuck message (B23).
fn forgotten() -> Outcome {
    let text = "the adapter dropped the message without an outcome";
    Outcome::Failed(Failure::retryable(ErrorInfo::new("forgotten", text)))
}

#[cfg(test)]
mod tests;
