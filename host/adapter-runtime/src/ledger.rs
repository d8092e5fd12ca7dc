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
use model::{ErrorInfo, Failure, MessageId, Outcome, Response};

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
    /// Its outcome batch or transaction is being committed: only the commit decides now.
    Settling,
}

#[derive(Debug)]
struct Held {
    delivery: Arc<Delivery>,
    phase: Phase,
    since: Instant,
    /// Left by the guest; counts if the message is delivered and is forgotten if not.
    response: Option<Response>,
}

/// What a transmit call answered.
#[derive(Clone, Debug)]
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
                response: None,
            },
        );
        ticket
    }

    /// The guest leaves the response to a message; it replaces an earlier one.
    pub(crate) fn respond(&mut self, ticket: Ticket, response: Response) -> Result<(), ErrorInfo> {
        match self.held.get_mut(&ticket) {
            Some(held) => {
                held.response = Some(response);
                Ok(())
            }
            None => Err(ErrorInfo::new(
                "taken-back",
                "the host has taken the message back",
            )),
        }
    }

    /// Messages the guest is busy with, however far they have come.
    pub(crate) fn in_flight(&self) -> usize {
        self.held.len() + self.unacknowledged
    }

    /// Messages whose outcome is open.
    pub(crate) fn undecided(&self) -> usize {
        self.held.len()
    }

    /// The one message there is, when there is only one.
    pub(crate) fn only_message(&self) -> Option<MessageId> {
        let mut held = self.held.values();
        let only = held.next().filter(|_| held.next().is_none())?;
        Some(only.delivery.message.id)
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

    /// The outcome batch goes to the box. Returns the message's outcome, with its response if it has one.
    pub(crate) fn settling(&mut self, ticket: Ticket, outcome: Outcome) -> Outcome {
        match self.held.get_mut(&ticket) {
            Some(held) => {
                held.phase = Phase::Settling;
                with_response(outcome, held.response.take())
            }
            None => outcome,
        }
    }

    /// A transaction goes to the box: all of its messages, or nothing when one was taken back.
    pub(crate) fn settling_all(&mut self, tickets: &[Ticket]) -> Option<Vec<MessageId>> {
        if !tickets.iter().all(|ticket| self.holds(*ticket)) {
            return None;
        }
        let settle = |ticket: &Ticket| {
            let held = self.held.get_mut(ticket)?;
            held.phase = Phase::Settling;
            Some(held.delivery.message.id)
        };
        tickets.iter().map(settle).collect()
    }

    /// The outcome batch is carried out, or the transaction decided.
    pub(crate) fn settled(&mut self, ticket: Ticket) {
        if self.held.remove(&ticket).is_some() {
            self.unacknowledged += 1;
            self.unacknowledged_since.get_or_insert_with(Instant::now);
        }
    }

    /// Nothing was carried out, and it is not for this instance to say what becomes of the message.
    pub(crate) fn released(&mut self, ticket: Ticket) {
        self.held.remove(&ticket);
    }

    /// The message goes back undecided; it costs no retry.
    pub(crate) fn returned(&mut self, ticket: Ticket) {
        self.resolve(ticket, Outcome::Returned);
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
            let outcome = with_response(outcome, held.response);
            self.resolved.push((held.delivery.message.id, outcome));
        }
    }
}

/// A response counts together with the delivery, however that comes about, and with nothing else.
fn with_response(outcome: Outcome, response: Option<Response>) -> Outcome {
    match (outcome, response) {
        (Outcome::Delivered, Some(response)) => Outcome::Answered(response),
        (outcome, _) => outcome,
    }
}

/// What becomes of the messages of an instance that ended by an accident. Alone in it, a message is the
/// culprit and is charged; among others it is a suspect, and is delivered alone next time (B107).
pub(crate) fn blame(held: &[MessageId], error: &ErrorInfo) -> Vec<(MessageId, Outcome)> {
    let alone = held.len() == 1;
    let outcome = || match alone {
        true => Outcome::Failed(Failure::retryable(error.clone())),
        false => Outcome::Suspect(error.clone()),
    };
    held.iter().map(|id| (*id, outcome())).collect()
}

/// Better than the original's stuck message (B23).
fn forgotten() -> Outcome {
    let text = "the adapter dropped the message without an outcome";
    Outcome::Failed(Failure::retryable(ErrorInfo::new("forgotten", text)))
}

#[cfg(test)]
pub(crate) mod tests;
