//! Settling: verdicts become rows deleted, rescheduled or suspended, all of a batch or none. Leases are
//! checked first; whether a verdict is right is the dispatcher's business.

use model::{ErrorInfo, MessageId, Timestamp, Verdict};
use rusqlite::Connection;

use crate::command::Reply;
use crate::feed::Waiting;
use crate::leases::Lease;
use crate::round::Round;
use crate::{Error, body, properties};

/// What is to become of one leased message.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// The message.
    pub id: MessageId,
    /// The lease under which it was claimed.
    pub lease: Lease,
    /// What follows.
    pub verdict: Verdict,
}

/// A batch of settlements on its way to the disk.
#[derive(Debug)]
pub(crate) struct Settle {
    pub(crate) settlements: Vec<Settlement>,
    pub(crate) now: Timestamp,
    pub(crate) reply: Reply<()>,
}

impl Settle {
    /// Changes the rows; the inner result is the answer to the caller once the transaction is on disk.
    /// From an inner success on, the leases are marked until somebody ends or cancels the settling.
    pub(crate) fn apply(&self, round: &mut Round<'_>) -> rusqlite::Result<Result<(), Error>> {
        let held = match round.feeds.begin_settling(&self.settlements, round.box_id) {
            Ok(held) => held,
            Err(ids) => return Ok(Err(Error::NotLeased { ids })),
        };
        let applied = self
            .settlements
            .iter()
            .zip(&held)
            .try_for_each(|(settlement, waiting)| self.change(round, &settlement.verdict, waiting));
        if applied.is_err() {
            round.feeds.cancel_settling(&self.settlements);
        }
        applied.map(Ok)
    }

    fn change(
        &self,
        round: &mut Round<'_>,
        verdict: &Verdict,
        waiting: &Waiting,
    ) -> rusqlite::Result<()> {
        let connection = round.connection;
        let sequence = waiting.sequence();
        match verdict {
            Verdict::Delete => {
                delete(connection, waiting)?;
                let port = round.port(&waiting.message.port);
                round.tally.delivered(port, waiting.message.body.size());
                Ok(())
            }
            Verdict::Resubmit {
                due,
                attempts,
                carry,
                error,
            } => {
                reschedule(connection, sequence, *due, *attempts)?;
                if !carry.is_empty() {
                    let mut all = waiting.message.properties.clone();
                    for (name, value) in carry.iter() {
                        all.set(name, value);
                    }
                    carry_over(connection, sequence, &properties::to_json(&all))?;
                }
                match error {
                    Some(error) => record(connection, sequence, error),
                    None => Ok(()),
                }
            }
            Verdict::Suspend { attempts, error } => {
                suspend(connection, sequence, *attempts, self.now)?;
                record(connection, sequence, error)
            }
            // Nothing was charged and nothing changes: the row is as the next claim needs it.
            Verdict::Release { .. } => Ok(()),
        }
    }
}

fn delete(connection: &Connection, waiting: &Waiting) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM message WHERE seq = ?1")?
        .execute([waiting.sequence().cast_signed()])?;
    match waiting.body_id {
        Some(body_id) => body::remove(connection, body_id),
        None => Ok(()),
    }
}

fn reschedule(
    connection: &Connection,
    sequence: u64,
    due: Timestamp,
    attempts: u32,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE message SET due = ?2, attempts = ?3 WHERE seq = ?1")?
        .execute((sequence.cast_signed(), due.0, attempts))
        .map(drop)
}

fn carry_over(connection: &Connection, sequence: u64, json: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE message SET properties = ?2 WHERE seq = ?1")?
        .execute((sequence.cast_signed(), json))
        .map(drop)
}

fn suspend(
    connection: &Connection,
    sequence: u64,
    attempts: u32,
    now: Timestamp,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE message SET state = 1, attempts = ?2, suspended = ?3 WHERE seq = ?1",
        )?
        .execute((sequence.cast_signed(), attempts, now.0))
        .map(drop)
}

fn record(connection: &Connection, sequence: u64, error: &ErrorInfo) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE message SET error_code = ?2, error_text = ?3 WHERE seq = ?1")?
        .execute((sequence.cast_signed(), &error.code, &error.text))
        .map(drop)
}
