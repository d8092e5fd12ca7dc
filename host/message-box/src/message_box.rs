//! The handle to an open box: what the other rooms call. Does the caller's share of the work (checking,
//! serialising, hashing, cutting large bodies) and leaves the rest to the threads behind it.

use std::fmt;
use std::mem;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use bytes::Bytes;
use model::{PortName, Timestamp, TransportSlot};
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::body::{self, BodyStage, StagedBody};
use crate::claim::PortFeed;
use crate::command::{Command, Reply, Write};
use crate::feed::Capacity;
use crate::feeds::Feeds;
use crate::files::{self, Location, Lock};
use crate::ports::Ports;
use crate::publish::{NewBody, Publication, Publish, Published};
use crate::reader::Reader;
use crate::response::Purge;
use crate::room::Room;
use crate::round::Sequence;
use crate::settle::{Settle, Settlement};
use crate::suspend_queue::Bookmarks;
use crate::waiters::Waiters;
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
    pub(crate) inner: Arc<Inner>,
}

/// What all handles share.
pub(crate) struct Inner {
    pub(crate) box_id: u64,
    pub(crate) feeds: Arc<Feeds>,
    pub(crate) ports: Arc<Ports>,
    pub(crate) waiters: Arc<Waiters>,
    pub(crate) bookmarks: Bookmarks,
    pub(crate) writer: Sender<Command>,
    location: Location,
    /// Single rows, bodies above all, have a reader of their own: counting a large backlog must not hold
    /// up deliveries or those who wait for a response.
    pub(crate) rows: Reader,
    pub(crate) lists: Reader,
    next_body: Arc<AtomicU64>,
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

        let (rows, rows_thread) = start_reader("message-box-rows", &location)?;
        let (lists, lists_thread) = start_reader("message-box-lists", &location)?;
        let feeds = Arc::new(Feeds::new(Capacity {
            messages: config.feed_capacity.max(1),
            bytes: config.feed_bytes.max(1),
        }));
        let waiters = Arc::<Waiters>::default();
        let ports = Arc::new(found.ports);
        let next_body = Arc::new(AtomicU64::new(found.next_body));
        let (sender, queue) = mpsc::channel();
        let writer = Writer {
            connection,
            location: location.clone(),
            lock,
            queue,
            feeds: Arc::clone(&feeds),
            waiters: Arc::clone(&waiters),
            bodies: rows.clone(),
            box_id: found.box_id,
            ports: Arc::clone(&ports),
            sequence: found.sequence,
            next_body: Arc::clone(&next_body),
            inline_limit: config.inline_limit,
            room: found.room,
            purge: Purge::default(),
        };
        let writer_thread = thread::Builder::new()
            .name("message-box-writer".to_owned())
            .spawn(move || writer.run())
            .map_err(|e| files::unusable(location.path(), e))?;
        Ok(Self {
            inner: Arc::new(Inner {
                box_id: found.box_id,
                feeds,
                ports,
                waiters,
                bookmarks: Bookmarks::default(),
                writer: sender,
                location,
                rows,
                lists,
                next_body,
                inline_limit: config.inline_limit,
                threads: Mutex::new(vec![writer_thread, rows_thread, lists_thread]),
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
            let body = mem::replace(&mut message.body, NewBody::Inline(Bytes::new()));
            message.body = self.stage_large(body).await?;
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

    /// The body, in pieces if it is too large for its message's row.
    pub(crate) async fn stage_large(&self, body: NewBody) -> Result<NewBody, Error> {
        match body {
            NewBody::Inline(bytes) if bytes.len() > self.inner.inline_limit => {
                self.stage(bytes).await.map(NewBody::Staged)
            }
            body => Ok(body),
        }
    }

    async fn stage(&self, mut rest: Bytes) -> Result<StagedBody, Error> {
        let mut stage = self.stage_body().await?;
        while !rest.is_empty() {
            stage.write(rest.split_to(rest.len().min(STEP))).await?;
        }
        stage.finish().await
    }

    /// The port's feed for one of its transports. There is one for each; a second call returns a handle to
    /// the same. Every message begins on the primary, and is claimed through the backup's feed after it
    /// was settled with `NextTransport`.
    pub fn feed(&self, port: &PortName, slot: TransportSlot) -> PortFeed {
        let (number, changed) = self.inner.feeds.open(port, slot);
        PortFeed {
            owner: Arc::clone(&self.inner),
            port: port.clone(),
            slot,
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
                    decision: None,
                    now,
                    reply,
                }))
            })
            .await
    }

    /// Finishes what was asked before, writes SQLite's log back into the database file and gives the box
    /// free. All later calls, on this and on every other handle, fail with [`Error::Closed`].
    pub async fn close(&self) -> Result<(), Error> {
        self.inner.feeds.close();
        self.inner.waiters.close();
        // The log can only be emptied when nobody reads. A reader that was stopped before is no error.
        for reader in [&self.inner.rows, &self.inner.lists] {
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
        self.waiters.close();
        // Errors here mean that the box was closed before.
        drop(self.send(Command::Stop));
        drop(self.rows.stop());
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
    ports: Ports,
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
        Ok(Self {
            box_id: box_id.cast_unsigned(),
            ports: Ports::read(connection)?,
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
