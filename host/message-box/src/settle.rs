//! Settling: verdicts become rows deleted, rescheduled, moved or suspended, with answers and messages
//! besides, all of a batch or none. Leases are checked first; whether a verdict is right is the
//! dispatcher's business.

use std::sync::Arc;

use model::{
    Answer, Emission, ErrorInfo, MessageId, Properties, Timestamp, TransportSlot, Verdict,
};
use rusqlite::Connection;

use crate::command::Reply;
use crate::feed::Waiting;
use crate::feeds::Feeds;
use crate::fill::number;
use crate::leases::Lease;
use crate::round::Round;
use crate::transaction::Decision;
use crate::waiters::Waiters;
use crate::{Error, body, emission, lane, original, properties, response};

/// What is to become of one leased message, and what else happens with it. All of it takes effect in the
/// transaction that settles the message.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// The message.
    pub id: MessageId,
    /// The lease under which it was claimed.
    pub lease: Lease,
    /// What follows.
    pub verdict: Verdict,
    /// What the one who waits for a response gets.
    pub answer: Option<Answer>,
    /// How long the answer is kept; without one it means nothing.
    pub answer_until: Timestamp,
    /// Messages that are published besides, in this order. One without content of its own gets a copy of
    /// the message's. They are accepted whatever the room that is left.
    pub emissions: Vec<Emission>,
    /// The adapter and its version, for the record of a suspension.
    pub adapter: Option<Arc<str>>,
}

impl Settlement {
    /// A verdict and nothing else.
    pub fn new(id: MessageId, lease: Lease, verdict: Verdict) -> Self {
        Self {
            id,
            lease,
            verdict,
            answer: None,
            answer_until: Timestamp::default(),
            emissions: Vec::new(),
            adapter: None,
        }
    }

    /// True when somebody who waits for a response should look again.
    fn concerns_waiters(&self) -> bool {
        let ends = matches!(
            self.verdict,
            Verdict::Delete | Verdict::Route(_) | Verdict::Suspend { .. }
        );
        ends || self.answer.is_some()
    }

    /// Bytes that it writes, about.
    fn bytes(&self) -> u64 {
        let emitted = self.emissions.iter().filter_map(|e| e.body.as_ref());
        let answered = match &self.answer {
            Some(Answer::Response(response)) => response.body.len(),
            _ => 0,
        };
        (emitted.map(|body| body.len()).sum::<usize>() + answered) as u64
    }
}

/// A batch of settlements on its way to the disk.
#[derive(Debug)]
pub(crate) struct Settle {
    pub(crate) settlements: Vec<Settlement>,
    /// What is recorded with them.
    pub(crate) decision: Option<Decision>,
    pub(crate) now: Timestamp,
    pub(crate) reply: Reply<()>,
}

impl Settle {
    pub(crate) fn rows(&self) -> usize {
        let rows = self.settlements.iter().map(|s| 1 + s.emissions.len());
        rows.sum()
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.settlements.iter().map(Settlement::bytes).sum()
    }

    /// Changes the rows; the inner result is the answer to the caller once the transaction is on disk.
    /// From an inner success on, the leases are marked until somebody ends or cancels the settling.
    pub(crate) fn apply(&self, round: &mut Round<'_>) -> rusqlite::Result<Result<(), Error>> {
        let held = match round.feeds.begin_settling(&self.settlements, round.box_id) {
            Ok(held) => held,
            Err(ids) => return Ok(Err(Error::NotLeased { ids })),
        };
        let applied = self.apply_held(round, &held);
        if applied.is_err() {
            round.feeds.cancel_settling(&self.settlements);
        }
        applied.map(Ok)
    }

    fn apply_held(&self, round: &mut Round<'_>, held: &[Waiting]) -> rusqlite::Result<()> {
        for (settlement, waiting) in self.settlements.iter().zip(held) {
            // Before the message itself may go, and with it what is copied.
            for emission in &settlement.emissions {
                emission::emit(round, emission, waiting, self.now)?;
            }
            self.change(round, settlement, waiting)?;
            if let Some(answer) = &settlement.answer {
                let sequence = waiting.sequence();
                response::keep(round.connection, sequence, answer, settlement.answer_until)?;
            }
        }
        match &self.decision {
            Some(decision) => decision.record(round, self.now),
            None => Ok(()),
        }
    }

    fn change(
        &self,
        round: &mut Round<'_>,
        settlement: &Settlement,
        waiting: &Waiting,
    ) -> rusqlite::Result<()> {
        let connection = round.connection;
        let sequence = waiting.sequence().cast_signed();
        match &settlement.verdict {
            Verdict::Delete => {
                let port = self.remove(round, waiting, false)?;
                round.tally.delivered(port, waiting.message.body.size());
                Ok(())
            }
            Verdict::Route(emission) => {
                let handed_over = emission::route(round, emission, waiting, self.now)?;
                let port = self.remove(round, waiting, handed_over)?;
                round.tally.routed(port, waiting.message.body.size());
                Ok(())
            }
            Verdict::Resubmit {
                due,
                attempts,
                carry,
                error,
            } => {
                reschedule(connection, sequence, *due, *attempts)?;
                carry_over(connection, waiting, carry)?;
                match error {
                    Some(error) => record(connection, sequence, error),
                    None => Ok(()),
                }
            }
            Verdict::NextTransport { attempts, error } => {
                self.move_on(round, waiting, *attempts)?;
                record(connection, sequence, error)
            }
            Verdict::Suspend {
                attempts,
                error,
                resumable,
            } => {
                let adapter = settlement.adapter.as_deref();
                self.suspend(round, waiting, (*attempts, *resumable, adapter))?;
                record(connection, sequence, error)
            }
            // Nothing was charged and nothing changes: the row is as the next claim needs it.
            Verdict::Release { .. } => Ok(()),
        }
    }

    /// Removes a message; its pieces stay when another one has them now. Returns its port.
    fn remove(
        &self,
        round: &mut Round<'_>,
        waiting: &Waiting,
        handed_over: bool,
    ) -> rusqlite::Result<i64> {
        let connection = round.connection;
        let sequence = waiting.sequence().cast_signed();
        connection
            .prepare_cached("DELETE FROM message WHERE seq = ?1")?
            .execute([sequence])?;
        if let Some(body_id) = waiting.body_id.filter(|_| !handed_over) {
            body::remove(connection, body_id)?;
        }
        if waiting.edited {
            original::remove(connection, sequence)?;
        }
        self.leave_lane(round, waiting)
    }

    /// Its lane, if any, goes on without it. Returns its port.
    fn leave_lane(&self, round: &mut Round<'_>, waiting: &Waiting) -> rusqlite::Result<i64> {
        let name = &waiting.message.port;
        let port = round.port(name)?;
        if let Some(lane) = &waiting.message.lane {
            lane::advance(round, (port, name), lane, self.now)?;
        }
        Ok(port)
    }

    fn move_on(
        &self,
        round: &mut Round<'_>,
        waiting: &Waiting,
        attempts: u32,
    ) -> rusqlite::Result<()> {
        let backup = TransportSlot::Backup;
        round
            .connection
            .prepare_cached(
                "UPDATE message SET transport = ?2, due = ?3, attempts = 0, \
                 earlier_attempts = earlier_attempts + ?4 WHERE seq = ?1",
            )?
            .execute((
                waiting.sequence().cast_signed(),
                number(backup),
                self.now.0,
                attempts,
            ))?;
        round.alarms.add(&waiting.message.port, backup, self.now);
        Ok(())
    }

    fn suspend(
        &self,
        round: &mut Round<'_>,
        waiting: &Waiting,
        (attempts, resumable, adapter): (u32, bool, Option<&str>),
    ) -> rusqlite::Result<()> {
        round
            .connection
            .prepare_cached(
                "UPDATE message SET state = 1, attempts = ?2, suspended = ?3, resumable = ?4, \
                 adapter = ?5, lane = iif(?4, lane, NULL) WHERE seq = ?1",
            )?
            .execute((
                waiting.sequence().cast_signed(),
                attempts,
                self.now.0,
                resumable,
                adapter,
            ))?;
        let port = match resumable {
            // The lane stops until somebody has decided.
            true => round.port(&waiting.message.port)?,
            false => self.leave_lane(round, waiting)?,
        };
        round.tally.suspended(port);
        Ok(())
    }

    /// The transaction is on disk: leases end, whoever waits looks again, the caller hears.
    pub(crate) fn committed(self, outcome: Result<(), Error>, feeds: &Feeds, waiters: &Waiters) {
        if outcome.is_ok() {
            feeds.end_settling(&self.settlements);
            let concerned = self.settlements.iter().filter(|s| s.concerns_waiters());
            waiters.changed(concerned.map(|settlement| settlement.id));
        }
        drop(self.reply.send(outcome));
    }
}

fn reschedule(
    connection: &Connection,
    sequence: i64,
    due: Timestamp,
    attempts: u32,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE message SET due = ?2, attempts = ?3 WHERE seq = ?1")?
        .execute((sequence, due.0, attempts))
        .map(drop)
}

fn carry_over(
    connection: &Connection,
    waiting: &Waiting,
    carry: &Properties,
) -> rusqlite::Result<()> {
    if carry.is_empty() {
        return Ok(());
    }
    let mut all = waiting.message.properties.clone();
    for (name, value) in carry.iter() {
        all.set(name, value);
    }
    connection
        .prepare_cached("UPDATE message SET properties = ?2 WHERE seq = ?1")?
        .execute((waiting.sequence().cast_signed(), properties::to_json(&all)))
        .map(drop)
}

fn record(connection: &Connection, sequence: i64, error: &ErrorInfo) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE message SET error_code = ?2, error_text = ?3 WHERE seq = ?1")?
        .execute((sequence, &error.code, &error.text))
        .map(drop)
}
