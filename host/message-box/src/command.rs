//! What the writer's thread is asked to do, and how it answers. One meaning per command; how they are
//! grouped into transactions is the writer's business.

use tokio::sync::oneshot;

use crate::Error;
use crate::body::{self, Pieces};
use crate::claim::Fill;
use crate::feeds::Feeds;
use crate::publish::{Accepted, Publish};
use crate::reader::Reader;
use crate::round::Round;
use crate::settle::Settle;

/// Where the answer goes. When the caller has gone away, it is dropped: what was asked for is done.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, Error>>;

#[derive(Debug)]
pub(crate) enum Command {
    /// Part of the next transaction.
    Write(Write),
    /// Read into a feed, after the transaction.
    Fill(Fill),
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
    Pieces(Pieces),
    /// Remove a body that nobody will publish.
    Discard(u64),
}

/// What a write came to, valid once its transaction is on disk. Refusals change no row. Only a publish
/// has accepted anything.
pub(crate) type Outcome = Result<Accepted, Error>;

impl Write {
    /// Rows that it changes.
    pub(crate) fn rows(&self) -> usize {
        match self {
            Self::Publish(publish) => publish.rows(),
            Self::Settle(settle) => settle.settlements.len(),
            Self::Pieces(pieces) => pieces.rows(),
            Self::Discard(_) => 1,
        }
    }

    /// Bytes that it writes.
    pub(crate) fn bytes(&self) -> u64 {
        match self {
            Self::Publish(publish) => publish.bytes(),
            Self::Pieces(pieces) => pieces.bytes(),
            Self::Settle(_) | Self::Discard(_) => 0,
        }
    }

    /// Must work on a full box.
    pub(crate) fn makes_room(&self) -> bool {
        matches!(self, Self::Settle(_) | Self::Discard(_))
    }

    /// Changes the rows. A failure fails the transaction; a refusal only this write.
    pub(crate) fn apply(&self, round: &mut Round<'_>) -> rusqlite::Result<Outcome> {
        let nothing = |refused: Result<(), Error>| refused.map(|()| Accepted::default());
        match self {
            Self::Publish(publish) => publish.apply(round),
            Self::Settle(settle) => settle.apply(round).map(nothing),
            Self::Pieces(pieces) => pieces.apply(round).map(nothing),
            Self::Discard(id) => body::discard(round.connection, *id).map(|()| nothing(Ok(()))),
        }
    }

    /// The transaction in which it was applied came to nothing.
    pub(crate) fn cancel(&self, outcome: &Outcome, feeds: &Feeds) {
        if let (Self::Settle(settle), Ok(_)) = (self, outcome) {
            feeds.cancel_settling(&settle.settlements);
        }
    }

    /// The transaction is on disk: memory follows, then the caller hears.
    pub(crate) fn committed(self, outcome: Outcome, feeds: &Feeds, bodies: &Reader, box_id: u64) {
        match self {
            Self::Publish(publish) => publish.committed(outcome, feeds, bodies, box_id),
            Self::Settle(settle) => {
                if outcome.is_ok() {
                    feeds.end_settling(&settle.settlements);
                }
                drop(settle.reply.send(outcome.map(drop)));
            }
            Self::Pieces(pieces) => drop(pieces.reply.send(outcome.map(drop))),
            Self::Discard(_) => {}
        }
    }

    /// It could not be done.
    pub(crate) fn failed(self, error: Error) {
        match self {
            Self::Publish(publish) => drop(publish.reply.send(Err(error))),
            Self::Settle(settle) => drop(settle.reply.send(Err(error))),
            Self::Pieces(pieces) => drop(pieces.reply.send(Err(error))),
            // The row in `stage` is still there; the next start removes the pieces.
            Self::Discard(_) => tracing::warn!(%error, "could not remove an unpublished body yet"),
        }
    }
}
