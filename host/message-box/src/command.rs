//! What the writer's thread is asked to do, and how it answers. One meaning per command; how they are
//! grouped into transactions is the writer's business.

use model::Timestamp;
use tokio::sync::oneshot;

use crate::Error;
use crate::body::{self, Pieces};
use crate::claim::Fill;
use crate::decide::{Decide, Decided};
use crate::edit::Edit;
use crate::enlistment::Enlist;
use crate::feeds::Feeds;
use crate::publish::{Accepted, Publish};
use crate::reader::Reader;
use crate::round::Round;
use crate::settle::Settle;
use crate::swap::Record;
use crate::transaction::Finish;
use crate::waiters::Waiters;

/// Where the answer goes. When the caller has gone away, it is dropped: what was asked for is done.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, Error>>;

#[derive(Debug)]
pub(crate) enum Command {
    /// Part of the next transaction.
    Write(Write),
    /// Read into a feed, after the transaction.
    Fill(Fill),
    /// Answer when everything that was asked before is on disk, or refused.
    Barrier(Reply<()>),
    /// Write the log back, give the box free, answer.
    Close(Reply<()>),
    /// Give the box free at once; nobody has a handle any more.
    Stop,
}

/// Something that changes rows.
#[derive(Debug)]
pub(crate) enum Write {
    Publish(Publish),
    Settle(Settle),
    Decide(Decide),
    Edit(Edit),
    Enlist(Enlist),
    Finish(Finish),
    Record(Box<Record>),
    Pieces(Pieces),
    /// Remove a body that nobody will publish.
    Discard(u64),
}

/// What a write came to, valid once its transaction is on disk. Refusals change no row.
pub(crate) type Outcome = Result<Done, Error>;

/// What was done, for those whose callers want to know.
#[derive(Debug)]
pub(crate) enum Done {
    /// What the write says.
    AsAsked,
    /// A publication has its numbers.
    Accepted(Accepted),
    /// Suspended messages were resumed or terminated.
    Decided(Decided),
}

impl Done {
    fn accepted(self) -> Accepted {
        match self {
            Self::Accepted(accepted) => accepted,
            _ => Accepted::default(),
        }
    }

    fn decided(self) -> Decided {
        match self {
            Self::Decided(decided) => decided,
            _ => Decided::default(),
        }
    }
}

/// Who hears of a commit beside its callers.
#[derive(Debug)]
pub(crate) struct Audience<'a> {
    pub(crate) feeds: &'a Feeds,
    pub(crate) waiters: &'a Waiters,
    pub(crate) bodies: &'a Reader,
    pub(crate) box_id: u64,
}

impl Write {
    /// Rows that it changes.
    pub(crate) fn rows(&self) -> usize {
        match self {
            Self::Publish(publish) => publish.rows(),
            Self::Settle(settle) => settle.rows(),
            Self::Decide(decide) => decide.ids.len(),
            Self::Pieces(pieces) => pieces.rows(),
            Self::Record(_) => 2,
            Self::Edit(_) | Self::Enlist(_) | Self::Finish(_) | Self::Discard(_) => 1,
        }
    }

    /// Bytes that it writes.
    pub(crate) fn bytes(&self) -> u64 {
        match self {
            Self::Publish(publish) => publish.bytes(),
            Self::Settle(settle) => settle.bytes(),
            Self::Edit(edit) => edit.bytes(),
            Self::Pieces(pieces) => pieces.bytes(),
            Self::Decide(_)
            | Self::Enlist(_)
            | Self::Finish(_)
            | Self::Record(_)
            | Self::Discard(_) => 0,
        }
    }

    /// The time its caller gave.
    pub(crate) fn now(&self) -> Option<Timestamp> {
        match self {
            Self::Publish(publish) => Some(publish.now()),
            Self::Settle(settle) => Some(settle.now),
            Self::Decide(decide) => Some(decide.now()),
            _ => None,
        }
    }

    /// Must work on a full box.
    pub(crate) fn makes_room(&self) -> bool {
        matches!(
            self,
            Self::Settle(_) | Self::Decide(_) | Self::Finish(_) | Self::Discard(_)
        )
    }

    /// Changes the rows. A failure fails the transaction; a refusal only this write.
    pub(crate) fn apply(&self, round: &mut Round<'_>) -> rusqlite::Result<Outcome> {
        let as_asked = |refused: Result<(), Error>| refused.map(|()| Done::AsAsked);
        match self {
            Self::Publish(publish) => Ok(publish.apply(round)?.map(Done::Accepted)),
            Self::Settle(settle) => settle.apply(round).map(as_asked),
            Self::Decide(decide) => Ok(Ok(Done::Decided(decide.apply(round)?))),
            Self::Edit(edit) => edit.apply(round).map(as_asked),
            Self::Enlist(enlist) => enlist.apply(round).map(|()| as_asked(Ok(()))),
            Self::Finish(finish) => finish.apply(round).map(|()| as_asked(Ok(()))),
            Self::Record(record) => record.apply(round).map(|()| as_asked(Ok(()))),
            Self::Pieces(pieces) => pieces.apply(round).map(as_asked),
            Self::Discard(id) => body::discard(round.connection, *id).map(|()| as_asked(Ok(()))),
        }
    }

    /// The transaction in which it was applied came to nothing.
    pub(crate) fn cancel(&self, outcome: &Outcome, feeds: &Feeds) {
        if let (Self::Settle(settle), Ok(_)) = (self, outcome) {
            feeds.cancel_settling(&settle.settlements);
        }
    }

    /// The transaction is on disk: memory follows, then the caller hears.
    pub(crate) fn committed(self, outcome: Outcome, audience: &Audience<'_>) {
        match self {
            Self::Publish(publish) => {
                let Audience {
                    feeds,
                    bodies,
                    box_id,
                    ..
                } = audience;
                publish.committed(outcome.map(Done::accepted), feeds, bodies, *box_id);
            }
            Self::Settle(settle) => {
                settle.committed(outcome.map(drop), audience.feeds, audience.waiters);
            }
            Self::Decide(decide) => {
                decide.committed(outcome.map(Done::decided), audience.waiters);
            }
            Self::Edit(edit) => edit.committed(outcome.map(drop)),
            Self::Enlist(enlist) => drop(enlist.reply.send(outcome.map(drop))),
            Self::Finish(finish) => drop(finish.reply.send(outcome.map(drop))),
            Self::Record(record) => drop(record.reply.send(outcome.map(drop))),
            Self::Pieces(pieces) => drop(pieces.reply.send(outcome.map(drop))),
            Self::Discard(_) => {}
        }
    }

    /// It could not be done.
    pub(crate) fn failed(self, error: Error) {
        match self {
            Self::Publish(publish) => drop(publish.reply.send(Err(error))),
            Self::Settle(settle) => drop(settle.reply.send(Err(error))),
            Self::Decide(decide) => drop(decide.reply.send(Err(error))),
            Self::Edit(edit) => drop(edit.reply.send(Err(error))),
            Self::Enlist(enlist) => drop(enlist.reply.send(Err(error))),
            Self::Finish(finish) => drop(finish.reply.send(Err(error))),
            Self::Record(record) => drop(record.reply.send(Err(error))),
            Self::Pieces(pieces) => drop(pieces.reply.send(Err(error))),
            // The row in `stage` is still there; the next start removes the pieces.
            Self::Discard(_) => tracing::warn!(%error, "could not remove an unpublished body yet"),
        }
    }
}
