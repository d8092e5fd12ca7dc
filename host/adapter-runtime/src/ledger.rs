//! Which messages an instance holds, and how far each has come.
//!
//! A message is lent under a ticket. The ticket ends when its outcome is known; a handle with an ended
//! ticket decides nothing any more, so an outcome that comes twice, or too late, cannot count.
//! Sources: IBTTransmitter's true/false contract, and B19–B23 as improved.

mod accounts;
mod hoard;

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::transmit::Delivery;
use model::{ErrorInfo, Failure, MessageId, Outcome, Response};

use crate::bill::{Charge, Usage};
use accounts::{Account, Accounts};
use hoard::Hoard;

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

impl Phase {
    /// True while the guest has the message's handle.
    fn has_handle(self) -> bool {
        matches!(self, Self::InCall { dropped: false } | Self::Kept)
    }
}

#[derive(Debug)]
struct Held {
    delivery: Arc<Delivery>,
    phase: Phase,
    since: Instant,
    /// Left by the guest; counts if the message is delivered and is forgotten if not.
    response: Option<Response>,
    account: Account,
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
    hoard: Hoard,
    /// Outcomes that nobody has been told yet.
    resolved: Vec<(MessageId, Outcome)>,
    accounts: Accounts,
}

impl Ledger {
    /// Lends a message for the call that is about to be made.
    pub(crate) fn lend(&mut self, delivery: Arc<Delivery>, now: Instant) -> Ticket {
        self.last_ticket += 1;
        let ticket = Ticket(self.last_ticket);
        let held = Held {
            delivery,
            phase: Phase::InCall { dropped: false },
            since: now,
            response: None,
            account: self.accounts.open(self.held.len() + 1),
        };
        self.held.insert(ticket, held);
        ticket
    }

    /// The instance's sums and its memory now. What has come to the sums is charged to the message that
    /// the guest is busy with, or is common to all.
    #[inline]
    pub(crate) fn charge(&mut self, sums: Usage, memory: usize) {
        self.accounts.memory = memory;
        let more = self.accounts.since(sums);
        if more != Usage::default() {
            self.charge_more(more);
        }
    }

    fn charge_more(&mut self, more: Usage) {
        let focus = self.accounts.focus;
        match focus.and_then(|ticket| self.held.get_mut(&ticket)) {
            Some(held) => held.account.add(more),
            None => self.accounts.share_out(more),
        }
    }

    /// The guest asks for something of a message, or is done with it: it is busy with this one. What it
    /// has used in this step before it showed that is for the message too; what it used for another one
    /// has to be charged before.
    #[inline]
    pub(crate) fn focus(&mut self, ticket: Ticket) {
        self.accounts.focus = Some(ticket);
    }

    /// The message that the guest is busy with.
    pub(crate) fn focused(&self) -> Option<Ticket> {
        self.accounts.focus
    }

    /// A step of the guest is over: whom the next one is for is not known.
    pub(crate) fn unfocus(&mut self) {
        self.accounts.focus = None;
    }

    /// Bytes that are for a certain message.
    pub(crate) fn moved(&mut self, ticket: Ticket, bytes: Usage) {
        if let Some(held) = self.held.get_mut(&ticket) {
            held.account.add(bytes);
        }
    }

    /// The most CPU time that one of the messages has used.
    pub(crate) fn largest_cpu(&self) -> Duration {
        let used = |(ticket, held): (&Ticket, &Held)| self.usage(*ticket, held).cpu;
        self.held.iter().map(used).max().unwrap_or_default()
    }

    fn usage(&self, ticket: Ticket, held: &Held) -> Usage {
        let followers = self.last_ticket - ticket.0;
        self.accounts.usage(&held.account, followers)
    }

    /// Ended deliveries, and how long they took, added up.
    pub(crate) fn deliveries(&self) -> (u64, Duration) {
        self.accounts.deliveries()
    }

    /// What the delivery cost that ended last.
    pub(crate) fn last_charge(&self) -> Charge {
        self.accounts.last()
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
            }) => false,
            None => {
                self.hoard.remove(ticket);
                false
            }
        }
    }

    /// The guest put the message into an outcome batch.
    pub(crate) fn batched(&mut self, ticket: Ticket) {
        match self.held.get_mut(&ticket) {
            Some(held) => held.phase = Phase::InBatch,
            None => self.hoard.remove(ticket),
        }
    }

    /// True when the guest keeps more handles of decided messages than the host can be asked to.
    pub(crate) fn is_hoarding(&self) -> bool {
        self.hoard.is_too_large()
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
        if self.take(ticket).is_some() {
            self.unacknowledged += 1;
            self.unacknowledged_since.get_or_insert_with(Instant::now);
        }
    }

    /// Nothing was carried out, and it is not for this instance to say what becomes of the message.
    pub(crate) fn released(&mut self, ticket: Ticket) {
        self.take(ticket);
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
        let tickets: Vec<Ticket> = self.held.keys().copied().collect();
        let open = tickets.into_iter().filter_map(|ticket| self.take(ticket));
        open.filter(|held| held.phase != Phase::Settling)
            .map(|held| held.delivery.message.id)
            .collect()
    }

    /// Outcomes since the last time.
    pub(crate) fn take_resolved(&mut self) -> Vec<(MessageId, Outcome)> {
        mem::take(&mut self.resolved)
    }

    fn resolve(&mut self, ticket: Ticket, outcome: Outcome) {
        if let Some(held) = self.take(ticket) {
            if held.phase.has_handle() {
                self.hoard.add(ticket, &held.delivery);
            }
            let outcome = with_response(outcome, held.response);
            self.resolved.push((held.delivery.message.id, outcome));
        }
    }

    /// The delivery has ended, whatever its outcome: the bill is made out.
    fn take(&mut self, ticket: Ticket) -> Option<Held> {
        let held = self.held.remove(&ticket)?;
        let charge = Charge {
            usage: self.usage(ticket, &held),
            wall: held.since.elapsed(),
            memory: self.accounts.memory,
        };
        self.accounts.close(charge);
        let message = &held.delivery.message;
        tracing::debug!(
            target: "bill", port = %message.port, message = %message.id,
            cpu_us = charge.usage.cpu.as_micros(), wall_us = charge.wall.as_micros(),
            bytes_in = charge.usage.bytes_in, bytes_out = charge.usage.bytes_out,
            memory = charge.memory,
        );
        Some(held)
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
