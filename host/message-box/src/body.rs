//! Large bodies on their way in: written in pieces, each durable on its own, invisible until a publish
//! names them. Owns the tables `piece` and `stage`; reading is in `stored_body`.
//!
//! A stage that is dropped before its publish asks the writer to remove its pieces. When that is lost
//! (the process died), the row in `stage` is still there and the next start removes them.

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use bytes::{Bytes, BytesMut};
use rusqlite::Connection;
use sha2::{Digest, Sha256};

use crate::Error;
use crate::command::{Command, Reply, Write};
use crate::message_box::Inner;
use crate::publish::limit;
use crate::round::Round;

/// Length of every piece but the last: large enough that a row's overhead vanishes, small enough that
/// reading one is nothing.
pub(crate) const PIECE: usize = 256 * 1024;

/// Bits of a piece's row number that count the pieces of one body.
pub(crate) const NUMBER_BITS: u32 = 20;

/// The largest body: 256 GiB.
const BODY_LIMIT: u64 = (PIECE as u64) << NUMBER_BITS;

/// A body that is being written.
pub struct BodyStage {
    owner: Arc<Inner>,
    claim: Unpublished,
    hash: Sha256,
    size: u64,
    /// Less than one piece.
    rest: BytesMut,
    /// Whole pieces that are not known to be durable.
    full: Vec<Bytes>,
    /// Durable pieces.
    written: u64,
}

/// A body that is written and can be published once.
pub struct StagedBody {
    claim: Unpublished,
    size: u64,
    digest: [u8; 32],
}

/// The right to pieces that no message has yet; dropping it removes them.
struct Unpublished {
    box_id: u64,
    body_id: u64,
    writer: Option<Sender<Command>>,
}

impl BodyStage {
    pub(crate) fn new(owner: Arc<Inner>, body_id: u64) -> Self {
        let claim = Unpublished {
            box_id: owner.box_id,
            body_id,
            writer: Some(owner.writer.clone()),
        };
        Self {
            owner,
            claim,
            hash: Sha256::new(),
            size: 0,
            rest: BytesMut::new(),
            full: Vec::new(),
            written: 0,
        }
    }

    /// Appends to the body; what fills whole pieces is durable when it returns.
    ///
    /// After an error or when the future was dropped, the bytes are still part of the body: the next
    /// write, or [`finish`](Self::finish), tries again to store them.
    pub async fn write(&mut self, piece: Bytes) -> Result<(), Error> {
        limit("a body", self.size + piece.len() as u64, BODY_LIMIT)?;
        self.size += piece.len() as u64;
        self.hash.update(&piece);
        self.rest.extend_from_slice(&piece);
        while self.rest.len() >= PIECE {
            self.full.push(self.rest.split_to(PIECE).freeze());
        }
        self.store().await
    }

    /// Bytes written so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Ends the body; all of it is durable when this returns.
    pub async fn finish(mut self) -> Result<StagedBody, Error> {
        if !self.rest.is_empty() {
            self.full.push(self.rest.split().freeze());
        }
        self.store().await?;
        Ok(StagedBody {
            claim: self.claim,
            size: self.size,
            digest: self.hash.finalize().into(),
        })
    }

    async fn store(&mut self) -> Result<(), Error> {
        if self.full.is_empty() {
            return Ok(());
        }
        let (body_id, number, pieces) = (self.claim.body_id, self.written, self.full.clone());
        self.owner
            .ask(|reply| {
                Command::Write(Write::Pieces(Pieces {
                    body_id,
                    number,
                    pieces,
                    reply,
                }))
            })
            .await?;
        self.written += self.full.len() as u64;
        self.full.clear();
        Ok(())
    }
}

impl StagedBody {
    /// Length in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn id(&self) -> u64 {
        self.claim.body_id
    }

    pub(crate) fn box_id(&self) -> u64 {
        self.claim.box_id
    }

    pub(crate) fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// A committed message has the pieces now.
    pub(crate) fn keep(&mut self) {
        self.claim.writer = None;
    }
}

impl Drop for Unpublished {
    fn drop(&mut self) {
        if let Some(writer) = self.writer.take() {
            // A writer that has ended leaves the pieces to the next start.
            drop(writer.send(Command::Write(Write::Discard(self.body_id))));
        }
    }
}

impl fmt::Debug for BodyStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BodyStage({} bytes so far)", self.size)
    }
}

impl fmt::Debug for StagedBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StagedBody({} bytes)", self.size)
    }
}

/// Pieces on their way to the disk.
#[derive(Debug)]
pub(crate) struct Pieces {
    body_id: u64,
    /// The number of the first one.
    number: u64,
    pieces: Vec<Bytes>,
    pub(crate) reply: Reply<()>,
}

impl Pieces {
    pub(crate) fn rows(&self) -> usize {
        self.pieces.len()
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.pieces.iter().map(|p| p.len() as u64).sum()
    }

    pub(crate) fn apply(&self, round: &mut Round<'_>) -> rusqlite::Result<Result<(), Error>> {
        if let Err(full) = round.take_room(self.bytes())? {
            return Ok(Err(full));
        }
        round
            .connection
            .prepare_cached("INSERT OR IGNORE INTO stage (body_id) VALUES (?1)")?
            .execute([self.body_id.cast_signed()])?;
        // REPLACE: a caller that dropped the write before it ended sends the same pieces again.
        let mut insert = round
            .connection
            .prepare_cached("INSERT OR REPLACE INTO piece (id, bytes) VALUES (?1, ?2)")?;
        for (number, piece) in (self.number..).zip(&self.pieces) {
            insert.execute((piece_id(self.body_id, number), piece.as_ref()))?;
        }
        Ok(Ok(()))
    }
}

/// The row of one piece.
pub(crate) fn piece_id(body_id: u64, number: u64) -> i64 {
    (body_id << NUMBER_BITS | number).cast_signed()
}

pub(crate) fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// A message has the body now: it is no stage any more.
pub(crate) fn publish(connection: &Connection, body_id: u64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM stage WHERE body_id = ?1")?
        .execute([body_id.cast_signed()])
        .map(drop)
}

/// Removes the pieces of a message that is removed.
pub(crate) fn remove(connection: &Connection, body_id: u64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM piece WHERE id >= ?1 AND id < ?2")?
        .execute((piece_id(body_id, 0), piece_id(body_id + 1, 0)))
        .map(drop)
}

/// Stores a body in pieces that its message's row names in the same transaction.
pub(crate) fn store(connection: &Connection, body_id: u64, bytes: &[u8]) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached("INSERT INTO piece (id, bytes) VALUES (?1, ?2)")?;
    for (number, piece) in (0..).zip(bytes.chunks(PIECE)) {
        insert.execute((piece_id(body_id, number), piece))?;
    }
    Ok(())
}

/// Copies the pieces of a body of so many bytes, one at a time: it may be larger than memory.
pub(crate) fn copy(connection: &Connection, from: u64, to: u64, size: u64) -> rusqlite::Result<()> {
    let mut copy = connection.prepare_cached(
        "INSERT INTO piece (id, bytes) SELECT ?2, bytes FROM piece WHERE id = ?1",
    )?;
    for number in 0..size.div_ceil(PIECE as u64) {
        copy.execute((piece_id(from, number), piece_id(to, number)))?;
    }
    Ok(())
}

/// Removes a body that nobody will publish.
pub(crate) fn discard(connection: &Connection, body_id: u64) -> rusqlite::Result<()> {
    remove(connection, body_id)?;
    publish(connection, body_id)
}

/// Removes what stages of an earlier process left behind and finds the first unused body id.
pub(crate) fn recover(connection: &mut Connection) -> rusqlite::Result<u64> {
    let left: Vec<i64> = connection
        .prepare("SELECT body_id FROM stage")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for body_id in &left {
        let transaction = connection.transaction()?;
        discard(&transaction, body_id.cast_unsigned())?;
        transaction.commit()?;
    }
    if !left.is_empty() {
        tracing::info!(
            bodies = left.len(),
            "removed bodies that were never published"
        );
    }
    let last: Option<i64> =
        connection.query_row("SELECT max(id) FROM piece", [], |row| row.get(0))?;
    Ok(last.map_or(0, |id| id.cast_unsigned() >> NUMBER_BITS) + 1)
}
