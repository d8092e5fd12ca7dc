//! What people decide about suspended messages: to resume them or to terminate them, one by one or by
//! filter. Large selections are carried out slice by slice, each a write of its own, so that publishers
//! and adapters' outcomes go on between them.

use model::{MessageId, Timestamp, TransportSlot};

use crate::command::{Command, Reply, Write};
use crate::round::Round;
use crate::suspend_queue::{self, SLICE, SuspendedFilter, SuspendedMessage};
use crate::waiters::Waiters;
use crate::{Error, MessageBox, body, lane, original, response};

/// Bytes of bodies that one write removes, about. Removing a piece takes as long as writing it.
const REMOVED_AT_ONCE: u64 = 32 * 1024 * 1024;

/// Suspended messages that somebody decides about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// These.
    Ids(Vec<MessageId>),
    /// All that fit and were suspended when the call was made.
    Filter(SuspendedFilter),
}

/// Why a person's decision about a message could not be carried out.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such message, or it is gone.
    #[error("is not in the message box: it was delivered, routed or terminated, or never existed")]
    Unknown,
    /// Only suspended messages can be resumed, terminated or edited.
    #[error("is not suspended")]
    NotSuspended,
    /// Resuming it would break the order of its lane (B60).
    #[error("cannot be resumed, because messages after it were delivered: terminate it")]
    NotResumable,
}

/// How resuming went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resumed {
    /// Messages that are pending again.
    pub resumed: u64,
    /// Messages that fit the filter and cannot be resumed.
    pub skipped: u64,
    /// Of those asked for by id, the ones that were not resumed, and why.
    pub refused: Vec<(MessageId, Refusal)>,
}

/// How terminating went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terminated {
    /// Messages that are gone.
    pub terminated: u64,
    /// Of those asked for by id, the ones that were not terminated, and why.
    pub refused: Vec<(MessageId, Refusal)>,
}

impl MessageBox {
    /// Makes suspended messages pending again: due at once, on the primary transport, with a whole budget
    /// of attempts, and without an end of their time to live. The earlier attempts stay on record, carried
    /// properties too (B56), and so does the last error. The port's enlistment is not looked at (B59).
    ///
    /// Each slice of up to 1,000 messages takes effect as a whole. After a failure, or when the future is
    /// dropped, the slices before are resumed.
    pub async fn resume(&self, selection: Selection, now: Timestamp) -> Result<Resumed, Error> {
        let decided = self.decide(Action::Resume, selection, now).await?;
        Ok(Resumed {
            resumed: decided.done,
            skipped: decided.skipped,
            refused: decided.refused,
        })
    }

    /// Discards suspended messages for good. Whoever waits for a response to one of them gets an error with
    /// the code `terminated`.
    ///
    /// Each slice of up to 1,000 messages, fewer large ones, takes effect as a whole. After a failure, or
    /// when the future is dropped, the slices before are gone.
    pub async fn terminate(
        &self,
        selection: Selection,
        now: Timestamp,
    ) -> Result<Terminated, Error> {
        let decided = self.decide(Action::Terminate, selection, now).await?;
        Ok(Terminated {
            terminated: decided.done,
            refused: decided.refused,
        })
    }

    async fn decide(
        &self,
        action: Action,
        selection: Selection,
        now: Timestamp,
    ) -> Result<Decided, Error> {
        let mut all = Decided::default();
        match selection {
            Selection::Ids(ids) => {
                for ids in ids.chunks(SLICE) {
                    all.add(self.decide_slice(action, ids.to_vec(), None, now).await?);
                }
            }
            Selection::Filter(mut filter) => {
                // What is suspended while this goes on is not meant: it would never end.
                let end = Timestamp(now.0.saturating_add(1));
                filter.until = Some(filter.until.map_or(end, |until| until.min(end)));
                let mut place = None;
                loop {
                    let slice = self.suspended_slice(&filter, place, SLICE).await?;
                    place = slice.last().map(SuspendedMessage::place);
                    let is_last = slice.len() < SLICE;
                    let fit = slice.iter().filter(|message| filter.admits(message));
                    let ids: Vec<_> = fit.map(|message| message.id).collect();
                    if !ids.is_empty() {
                        let only = Some(filter.clone());
                        all.add(self.decide_slice(action, ids, only, now).await?);
                    }
                    if is_last {
                        break;
                    }
                }
            }
        }
        Ok(all)
    }

    /// Usually one write; more when large bodies are removed.
    async fn decide_slice(
        &self,
        action: Action,
        mut ids: Vec<MessageId>,
        only: Option<SuspendedFilter>,
        now: Timestamp,
    ) -> Result<Decided, Error> {
        let mut all = Decided::default();
        while !ids.is_empty() {
            let decide = |reply| Decide {
                action,
                ids: ids.clone(),
                only: only.clone(),
                now,
                reply,
            };
            let write = |reply| Command::Write(Write::Decide(decide(reply)));
            let decided = self.inner.ask(write).await?;
            ids.drain(..decided.looked_at);
            all.add(decided);
        }
        Ok(all)
    }
}

/// What is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Resume,
    Terminate,
}

/// A slice of a selection on its way to the disk.
#[derive(Debug)]
pub(crate) struct Decide {
    action: Action,
    pub(crate) ids: Vec<MessageId>,
    /// The messages must still fit it; those that do not are passed over.
    only: Option<SuspendedFilter>,
    now: Timestamp,
    pub(crate) reply: Reply<Decided>,
}

/// What has become of a slice, or of its beginning.
#[derive(Clone, Debug, Default)]
pub(crate) struct Decided {
    /// How far it got; at least one message.
    looked_at: usize,
    /// Bytes of the bodies that were removed.
    removed: u64,
    done: u64,
    skipped: u64,
    refused: Vec<(MessageId, Refusal)>,
}

impl Decided {
    fn add(&mut self, slice: Self) {
        self.looked_at += slice.looked_at;
        self.removed += slice.removed;
        self.done += slice.done;
        self.skipped += slice.skipped;
        self.refused.extend(slice.refused);
    }
}

impl Decide {
    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    /// Changes the rows of those that are suspended; the others are refused, or skipped. Ends early when it
    /// has removed enough.
    pub(crate) fn apply(&self, round: &mut Round<'_>) -> rusqlite::Result<Decided> {
        let mut decided = Decided::default();
        for id in &self.ids {
            if decided.removed > REMOVED_AT_ONCE {
                break;
            }
            decided.looked_at += 1;
            match self.apply_one(round, *id)? {
                Ok(removed) => {
                    decided.done += 1;
                    decided.removed += removed;
                }
                Err(refusal) if self.only.is_none() => decided.refused.push((*id, refusal)),
                Err(Refusal::NotResumable) => decided.skipped += 1,
                // Somebody else has decided meanwhile.
                Err(Refusal::Unknown | Refusal::NotSuspended) => {}
            }
        }
        Ok(decided)
    }

    /// Returns the bytes that were removed.
    fn apply_one(
        &self,
        round: &mut Round<'_>,
        id: MessageId,
    ) -> rusqlite::Result<Result<u64, Refusal>> {
        let message = match find(round, id)? {
            Ok(message) => message,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if self
            .only
            .as_ref()
            .is_some_and(|only| !only.admits(&message))
        {
            return Ok(Err(Refusal::NotSuspended));
        }
        match self.action {
            Action::Resume if !message.resumable => Ok(Err(Refusal::NotResumable)),
            Action::Resume => self.resume(round, &message).map(|()| Ok(0)),
            Action::Terminate => {
                self.terminate(round, &message)?;
                Ok(Ok(message.size))
            }
        }
    }

    fn resume(&self, round: &mut Round<'_>, message: &SuspendedMessage) -> rusqlite::Result<()> {
        round
            .connection
            .prepare_cached(
                "UPDATE message SET state = 0, due = ?2, transport = 0, attempts = 0, \
                 earlier_attempts = earlier_attempts + attempts, expires = NULL, \
                 suspended = NULL, adapter = NULL WHERE seq = ?1",
            )?
            .execute((message.id.sequence().cast_signed(), self.now.0))?;
        let port = round.port(&message.port)?;
        round.tally.resumed(port);
        let primary = TransportSlot::Primary;
        round.alarms.add(&message.port, primary, self.now);
        Ok(())
    }

    fn terminate(&self, round: &mut Round<'_>, message: &SuspendedMessage) -> rusqlite::Result<()> {
        let connection = round.connection;
        let sequence = message.id.sequence();
        let (body_id, lane, expects_response) = connection
            .prepare_cached(
                "DELETE FROM message WHERE seq = ?1 RETURNING body_id, lane, expects_response",
            )?
            .query_row([sequence.cast_signed()], |row| {
                let body_id: Option<i64> = row.get(0)?;
                Ok((body_id, row.get::<_, Option<String>>(1)?, row.get(2)?))
            })?;
        if let Some(body_id) = body_id {
            body::remove(connection, body_id.cast_unsigned())?;
        }
        if message.edited {
            original::remove(connection, sequence.cast_signed())?;
        }
        if expects_response {
            response::keep_terminated(connection, sequence, self.now)?;
        }
        let port = round.port(&message.port)?;
        round.tally.terminated(port, message.size);
        match lane {
            Some(lane) => lane::advance(round, (port, &message.port), &lane, self.now),
            None => Ok(()),
        }
    }

    /// The transaction is on disk.
    pub(crate) fn committed(self, outcome: Result<Decided, Error>, waiters: &Waiters) {
        if outcome.is_ok() && self.action == Action::Terminate {
            // Too many, perhaps; whoever was not meant looks again and goes on waiting.
            waiters.changed(self.ids);
        }
        drop(self.reply.send(outcome));
    }
}

/// The message, if it is suspended. Sees what the same transaction wrote.
pub(crate) fn find(
    round: &Round<'_>,
    id: MessageId,
) -> rusqlite::Result<Result<SuspendedMessage, Refusal>> {
    if id.box_id() != round.box_id {
        return Ok(Err(Refusal::Unknown));
    }
    if let Some(message) = suspend_queue::find(round.connection, round.box_id, id.sequence())? {
        return Ok(Ok(message));
    }
    let exists = round
        .connection
        .prepare_cached("SELECT 1 FROM message WHERE seq = ?1")?
        .exists([id.sequence().cast_signed()])?;
    Ok(Err(match exists {
        true => Refusal::NotSuspended,
        false => Refusal::Unknown,
    }))
}
