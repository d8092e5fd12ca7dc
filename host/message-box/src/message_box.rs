//! The handle to an open box: what the other rooms call. Does the caller's share of the work (checking,
//! serialising, hashing, cutting large bodies) and leaves the rest to the threads behind it.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use bytes::Bytes;
use model::{PortName, Timestamp};
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::body::{self, BodyStage, StagedBody};
use crate::claim::PortFeed;
use crate::command::{Command, Reply, Write};
use crate::counts::{self, Audit, PortCounts, SuspendedMessage};
use crate::feed::Capacity;
use crate::feeds::Feeds;
use crate::files::{self, Location, Lock};
use crate::publish::{NewBody, Publication, Publish, Published};
use crate::reader::Reader;
use crate::room::Room;
use crate::round::Sequence;
use crate::settle::{Settle, Settlement};
use crate::writer::Writer;
use crate::{Config, Error, schema};

/// How much of a large body that came in one go is handed to the writer at once: whole pieces, few
/// enough that other callers' commits fit between.
const STEP: usize = 4 * body::PIECE;

/// An open message box. Cheap to clone.
///
/// [`close`](Self::close) ends it in good order. Dropping the last handle (feeds and body stages count)
/// gives it free as well, after the transaction that is under way; nothing that was acknowledged is
/// lost by that.
#[derive(Clone, Debug)]
pub struct MessageBox {
    inner: Arc<Inner>,
}

/// What all handles share.
pub(crate) struct Inner {
    pub(crate) box_id: u64,
    pub(crate) feeds: Arc<Feeds>,
    pub(crate) writer: Sender<Command>,
    location: Location,
    /// Bodies have a reader of their own: counting a large backlog must not hold up deliveries.
    bodies: Reader,
    lists: Reader,
    next_body: AtomicU64,
    inline_limit: usize,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl MessageBox {
    /// Opens the box in the directory, or makes a new one when there is none.
    ///
    /// Blocks for some milliseconds; longer only when a large log of a crashed process is read.
    pub fn open(config: Config) -> Result<Self, Error> {
        // The lock comes first: nothing in the directory may be touched without it.
        let lock = Lock::take(&config.directory)?;
        let location = Location::new(config.directory.join("box.sqlite"), config.max_size);
        let mut connection = files::open_writer(&location)?;
        schema::prepare(&mut connection, &location)?;
        files::configure_writer(&connection, &location)?;
        let found = Found::read(&mut connection, &location).map_err(|e| location.error(e))?;

        let (bodies, bodies_thread) = start_reader("message-box-bodies", &location)?;
        let (lists, lists_thread) = start_reader("message-box-lists", &location)?;
        let feeds = Arc::new(Feeds::new(Capacity {
            messages: config.feed_capacity.max(1),
            bytes: config.feed_bytes.max(1),
        }));
        let (sender, queue) = mpsc::channel();
        let writer = Writer {
            connection,
            location: location.clone(),
            lock,
            queue,
            feeds: Arc::clone(&feeds),
            bodies: bodies.clone(),
            box_id: found.box_id,
            ports: found.ports,
            sequence: found.sequence,
            room: found.room,
        };
        let writer_thread = thread::Builder::new()
            .name("message-box-writer".to_owned())
            .spawn(move || writer.run())
            .map_err(|e| files::unusable(location.path(), e))?;
        Ok(Self {
            inner: Arc::new(Inner {
                box_id: found.box_id,
                feeds,
                writer: sender,
                location,
                bodies,
                lists,
                next_body: AtomicU64::new(found.next_body),
                inline_limit: config.inline_limit,
                threads: Mutex::new(vec![writer_thread, bodies_thread, lists_thread]),
            }),
        })
    }

    /// The number that begins the ids of this box's messages.
    pub fn box_id(&self) -> u64 {
        self.inner.box_id
    }

    /// Accepts the messages, all of them or none; they are on disk when it returns.
    ///
    /// When the future is dropped, they may be accepted or not; an idempotency key makes it safe to
    /// publish them again.
    pub async fn publish(
        &self,
        port: &PortName,
        mut publication: Publication,
        now: Timestamp,
    ) -> Result<Published, Error> {
        for message in &mut publication.messages {
            if let NewBody::Inline(bytes) = &message.body
                && bytes.len() > self.inner.inline_limit
            {
                message.body = NewBody::Staged(self.stage(bytes).await?);
            }
        }
        let (reply, answer) = oneshot::channel();
        let publish = Publish::new(port.clone(), publication, now, self.box_id(), reply)?;
        self.inner.send(Command::Write(Write::Publish(publish)))?;
        answer.await.map_err(|_| Error::Closed)?
    }

    /// Begins a large body that is written in pieces, each durable on its own, and invisible until a
    /// publish names it. Dropping it, or what it becomes, removes the pieces.
    pub async fn stage_body(&self) -> Result<BodyStage, Error> {
        let body_id = self.inner.next_body.fetch_add(1, Ordering::Relaxed);
        Ok(BodyStage::new(Arc::clone(&self.inner), body_id))
    }

    async fn stage(&self, bytes: &Bytes) -> Result<StagedBody, Error> {
        let mut stage = self.stage_body().await?;
        let mut rest = bytes.clone();
        while !rest.is_empty() {
            stage.write(rest.split_to(rest.len().min(STEP))).await?;
        }
        stage.finish().await
    }

    /// The port's feed. There is one per port; a second call returns a handle to the same.
    pub fn feed(&self, port: &PortName) -> PortFeed {
        let (number, changed) = self.inner.feeds.open(port);
        PortFeed {
            owner: Arc::clone(&self.inner),
            port: port.clone(),
            number,
            changed,
        }
    }

    /// Settles the messages in one transaction, all or nothing; on disk when it returns. Every lease is
    /// checked first.
    pub async fn settle(&self, settlements: Vec<Settlement>, now: Timestamp) -> Result<(), Error> {
        self.inner
            .ask(|reply| {
                Command::Write(Write::Settle(Settle {
                    settlements,
                    now,
                    reply,
                }))
            })
            .await
    }

    /// What is in the box, by port; all ports that ever got a message, in the order of their names.
    pub async fn counts(&self, now: Timestamp) -> Result<Vec<PortCounts>, Error> {
        self.inner
            .lists
            .ask(move |connection| counts::counts(connection, now))
            .await
    }

    /// Up to `limit` suspended messages, of one port or of all; those suspended first come first.
    pub async fn suspended(
        &self,
        port: Option<&PortName>,
        limit: usize,
    ) -> Result<Vec<SuspendedMessage>, Error> {
        let (box_id, port) = (self.box_id(), port.cloned());
        let read = move |connection: &Connection| {
            let port = port.as_ref().map(PortName::as_str);
            counts::suspended(connection, box_id, port, limit)
        };
        self.inner.lists.ask(read).await
    }

    /// Checks that every message ever accepted was delivered or is still here.
    pub async fn audit(&self) -> Result<Audit, Error> {
        self.inner.lists.ask(counts::audit).await
    }

    /// Finishes what was asked before, writes SQLite's log back into the database file and gives the box
    /// free. All later calls, on this and on every other handle, fail with [`Error::Closed`].
    pub async fn close(&self) -> Result<(), Error> {
        self.inner.feeds.close();
        // The log can only be emptied when nobody reads. A reader that was stopped before is no error.
        for reader in [&self.inner.bodies, &self.inner.lists] {
            reader.stop().await;
        }
        self.inner.ask(Command::Close).await
    }
}

impl Inner {
    pub(crate) fn send(&self, command: Command) -> Result<(), Error> {
        self.writer.send(command).map_err(|_| Error::Closed)
    }

    /// Asks the writer and waits for the answer.
    pub(crate) async fn ask<T>(
        &self,
        command: impl FnOnce(Reply<T>) -> Command,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        self.send(command(reply))?;
        answer.await.map_err(|_| Error::Closed)?
    }

    fn directory(&self) -> &Path {
        self.location.path().parent().unwrap_or(Path::new("."))
    }
}

impl Drop for Inner {
    /// Waits for the threads, so that the box can be opened again at once.
    fn drop(&mut self) {
        // Errors here mean that the box was closed before.
        drop(self.send(Command::Stop));
        drop(self.bodies.stop());
        drop(self.lists.stop());
        let threads = self
            .threads
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        for thread in threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the message box panicked");
            }
        }
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MessageBox({})", self.directory().display())
    }
}

/// What the file of a box says at the start.
struct Found {
    box_id: u64,
    ports: HashMap<PortName, i64>,
    next_body: u64,
    sequence: Sequence,
    room: Room,
}

impl Found {
    fn read(connection: &mut Connection, location: &Location) -> rusqlite::Result<Self> {
        let room = Room::open(connection, location.path(), location.max_size())?;
        let next_body = body::recover(connection)?;
        let box_id: i64 =
            connection.query_row("SELECT value FROM meta WHERE name = 'box_id'", [], |row| {
                row.get(0)
            })?;
        let ports = connection
            .prepare("SELECT name, id FROM port")?
            .query_map([], |row| {
                Ok((counts::port_name(row.get_ref(0)?.as_str()?)?, row.get(1)?))
            })?
            .collect::<rusqlite::Result<_>>()?;
        Ok(Self {
            box_id: box_id.cast_unsigned(),
            ports,
            next_body,
            sequence: Sequence::open(connection)?,
            room,
        })
    }
}

fn start_reader(name: &str, location: &Location) -> Result<(Reader, JoinHandle<()>), Error> {
    let connection = files::open_reader(location)?;
    Reader::start(name, connection, location).map_err(|e| files::unusable(location.path(), e))
}
