//! Everything about one message, whatever its state, for people who look. Reads only.

use model::{Body, ErrorInfo, MessageId, PortName, Priority, Properties, Timestamp, TransportSlot};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::reader::Reader;
use crate::{Error, MessageBox, fill, ports, properties, response};

/// A message in the box, but for its body; see [`MessageBox::body_of`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMessage {
    /// Its id.
    pub id: MessageId,
    /// Its port.
    pub port: PortName,
    /// What it waits for.
    pub state: MessageState,
    /// The transport it is on.
    pub transport: TransportSlot,
    /// Its priority.
    pub priority: Priority,
    /// Failed attempts on that transport.
    pub attempts: u32,
    /// Failed attempts on the transports before, and before it was resumed.
    pub earlier_attempts: u32,
    /// When it was accepted.
    pub accepted: Timestamp,
    /// Not delivered from this time on.
    pub expires: Option<Timestamp>,
    /// The lane it is in. A message that cannot be resumed has left its lane.
    pub lane: Option<String>,
    /// Somebody may ask for the response to it.
    pub expects_response: bool,
    /// Why it failed last, if it did.
    pub error: Option<ErrorInfo>,
    /// Size of its body in bytes.
    pub size: u64,
    /// What else is known about it.
    pub properties: Properties,
    /// A person has changed it; see [`MessageBox::original_of`].
    pub edited: bool,
}

/// What a message in the box waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessageState {
    /// To be delivered, or for the outcome of a delivery.
    Pending {
        /// Not before this time.
        due: Timestamp,
    },
    /// For the messages before it in its lane.
    Queued,
    /// For a person.
    Suspended {
        /// Since when.
        at: Timestamp,
        /// The adapter that failed, and its version, as far as it was said.
        adapter: Option<String>,
        /// False when it can only be terminated.
        resumable: bool,
    },
}

const COLUMNS: &str = "SELECT port.name, state, due, message.suspended, adapter, resumable, \
    transport, priority, attempts, earlier_attempts, message.accepted, expires, lane, \
    expects_response, error_code, error_text, size, properties, edited \
    FROM message JOIN port ON port.id = message.port WHERE seq = ?1";

/// The first edit keeps the content only if it replaces it.
const ORIGINAL: &str = "SELECT original.properties, \
    iif(original.size IS NULL, message.size, original.size), \
    iif(original.size IS NULL, message.body_id, original.body_id), \
    iif(original.size IS NULL, message.body, original.body) \
    FROM original JOIN message USING (seq) WHERE seq = ?1";

impl MessageBox {
    /// The message, if it is in the box.
    pub async fn message(&self, id: MessageId) -> Result<Option<StoredMessage>, Error> {
        self.row(id, move |connection, sequence, _| {
            connection
                .prepare_cached(COLUMNS)?
                .query_row([sequence], |row| message(row, id))
                .optional()
        })
        .await
    }

    /// The body of a message, if that is in the box. A large one is read in pieces, which fails once the
    /// message is gone.
    pub async fn body_of(&self, id: MessageId) -> Result<Option<Body>, Error> {
        self.row(id, |connection, sequence, bodies| {
            connection
                .prepare_cached("SELECT size, body_id, body FROM message WHERE seq = ?1")?
                .query_row([sequence], |row| fill::body(bodies, row, (0, 1, 2)))
                .optional()
        })
        .await
    }

    /// What an edited message was when it was suspended, before anybody edited it.
    pub async fn original_of(&self, id: MessageId) -> Result<Option<(Properties, Body)>, Error> {
        self.row(id, |connection, sequence, bodies| {
            connection
                .prepare_cached(ORIGINAL)?
                .query_row([sequence], |row| {
                    let properties = properties::from_column(row, 0)?;
                    Ok((properties, fill::body(bodies, row, (1, 2, 3))?))
                })
                .optional()
        })
        .await
    }

    /// Reads about one message of this box.
    async fn row<T: Send + 'static>(
        &self,
        id: MessageId,
        read: impl FnOnce(&Connection, i64, &Reader) -> rusqlite::Result<Option<T>> + Send + 'static,
    ) -> Result<Option<T>, Error> {
        if id.box_id() != self.box_id() {
            return Ok(None);
        }
        let sequence = id.sequence().cast_signed();
        let bodies = self.inner.rows.clone();
        self.inner
            .rows
            .ask(move |connection| read(connection, sequence, &bodies))
            .await
    }
}

fn message(row: &Row<'_>, id: MessageId) -> rusqlite::Result<StoredMessage> {
    let state = match row.get::<_, i64>(1)? {
        0 => MessageState::Pending {
            due: Timestamp(row.get(2)?),
        },
        1 => MessageState::Suspended {
            at: Timestamp(row.get(3)?),
            adapter: row.get(4)?,
            resumable: row.get(5)?,
        },
        _ => MessageState::Queued,
    };
    let error = response::error(row, 14)?;
    Ok(StoredMessage {
        id,
        port: ports::name(row.get_ref(0)?.as_str()?)?,
        state,
        transport: fill::slot(row.get(6)?),
        priority: Priority::new(row.get(7)?).unwrap_or_default(),
        attempts: row.get(8)?,
        earlier_attempts: row.get(9)?,
        accepted: Timestamp(row.get(10)?),
        expires: row.get::<_, Option<i64>>(11)?.map(Timestamp),
        lane: row.get(12)?,
        expects_response: row.get(13)?,
        error: (error != ErrorInfo::default()).then_some(error),
        size: row.get::<_, i64>(16)?.cast_unsigned(),
        properties: properties::from_column(row, 17)?,
        edited: row.get(18)?,
    })
}
