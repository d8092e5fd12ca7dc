//! What became of messages on two-way ports, for those who wait: responses, kept for a while after their
//! messages are gone. Owns the table `response`; who is woken when is in `waiters`.

use bytes::Bytes;
use model::{Answer, ErrorInfo, MessageId, Response, Timestamp};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::waiters::ResponseChanged;
use crate::{Error, MessageBox, properties};

/// How long the answer of a terminated message is kept: the port's own retention is not known here.
const TERMINATED_KEPT: i64 = 24 * 60 * 60 * 1000;

/// Time between two removals of old responses, in milliseconds, unless there are many.
const PURGE_EVERY: u64 = 60_000;

/// Old responses removed at once: few, because their bodies may be large and everybody waits meanwhile.
const PURGED_AT_ONCE: usize = 256;

/// What can be said about the response to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResponseState {
    /// There is no such message, or its response was forgotten.
    Unknown,
    /// The message is there and nobody expects a response to it: its port is one-way.
    NotExpected,
    /// The message is still here, and with it the exchange.
    Waiting {
        /// Why a person has to decide first, when it is suspended.
        suspended: Option<ErrorInfo>,
    },
    /// The exchange has ended.
    Ready {
        /// How.
        answer: Answer,
        /// It is kept until then.
        until: Timestamp,
    },
}

impl MessageBox {
    /// The response to a message, or what is in its way.
    pub async fn response(&self, id: MessageId, now: Timestamp) -> Result<ResponseState, Error> {
        if id.box_id() != self.box_id() {
            return Ok(ResponseState::Unknown);
        }
        let sequence = id.sequence().cast_signed();
        let read = move |connection: &Connection| state(connection, sequence, now);
        self.inner.rows.ask(read).await
    }

    /// Completes when the response to this message may have become available, or the message was
    /// suspended. Registered when this returns: call it, look with [`response`](Self::response), then
    /// wait, and nothing is missed. Completes once; also when the box is closed.
    pub fn response_changed(&self, id: MessageId) -> ResponseChanged {
        // An id of another box is never answered here; nobody else waits for its number by mistake.
        self.inner.waiters.register(id)
    }
}

/// Reads in an order in which no message can slip through: it goes in the transaction in which its
/// response comes.
fn state(
    connection: &Connection,
    sequence: i64,
    now: Timestamp,
) -> rusqlite::Result<ResponseState> {
    let message = connection
        .prepare_cached(
            "SELECT state, expects_response, error_code, error_text FROM message WHERE seq = ?1",
        )?
        .query_row([sequence], |row| {
            let suspended = row.get::<_, i64>(0)? == 1;
            Ok(match row.get(1)? {
                false => ResponseState::NotExpected,
                true => ResponseState::Waiting {
                    suspended: suspended.then(|| error(row, 2)).transpose()?,
                },
            })
        })
        .optional()?;
    let ready = connection
        .prepare_cached(
            "SELECT until, error_code, error_text, properties, body FROM response \
             WHERE seq = ?1 AND until > ?2",
        )?
        .query_row((sequence, now.0), |row| {
            Ok(ResponseState::Ready {
                until: Timestamp(row.get(0)?),
                answer: answer(row)?,
            })
        })
        .optional()?;
    Ok(ready.or(message).unwrap_or(ResponseState::Unknown))
}

fn answer(row: &Row<'_>) -> rusqlite::Result<Answer> {
    if row.get_ref(2)? != ValueRef::Null {
        return error(row, 1).map(Answer::Failed);
    }
    let body: Option<Vec<u8>> = row.get(4)?;
    Ok(Answer::Response(Response {
        properties: properties::from_column(row, 3)?,
        body: Bytes::from(body.unwrap_or_default()),
    }))
}

/// An error in two columns, the code first.
pub(crate) fn error(row: &Row<'_>, column: usize) -> rusqlite::Result<ErrorInfo> {
    Ok(ErrorInfo {
        code: row.get(column)?,
        text: row
            .get::<_, Option<String>>(column + 1)?
            .unwrap_or_default(),
    })
}

/// Keeps the answer to a message, in place of an earlier one.
pub(crate) fn keep(
    connection: &Connection,
    sequence: u64,
    answer: &Answer,
    until: Timestamp,
) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT OR REPLACE INTO response (seq, until, error_code, error_text, properties, body) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    let sequence = sequence.cast_signed();
    let none: Option<&str> = None;
    match answer {
        Answer::Response(response) => {
            let json = properties::to_json(&response.properties);
            let body = response.body.as_ref();
            insert.execute((sequence, until.0, none, none, json.as_ref(), body))?;
        }
        Answer::Failed(error) => {
            insert.execute((sequence, until.0, &error.code, &error.text, none, none))?;
        }
    }
    Ok(())
}

/// Keeps the answer to a message that a person has discarded.
pub(crate) fn keep_terminated(
    connection: &Connection,
    sequence: u64,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let error = ErrorInfo::new("terminated", "the message was terminated by a person");
    let until = Timestamp(now.0.saturating_add(TERMINATED_KEPT));
    keep(connection, sequence, &Answer::Failed(error), until)
}

/// When old responses were removed last.
#[derive(Debug, Default)]
pub(crate) struct Purge {
    /// `None` while there may be more to remove at once.
    last: Option<Timestamp>,
}

impl Purge {
    /// Removes some old responses if it is time. In a transaction of its own: no caller depends on it.
    pub(crate) fn run(&mut self, connection: &Connection, now: Timestamp) -> rusqlite::Result<()> {
        if self
            .last
            .is_some_and(|last| last.0.abs_diff(now.0) < PURGE_EVERY)
        {
            return Ok(());
        }
        // Whatever happens below, the next try is not the next write's.
        self.last = Some(now);
        let removed = connection
            .prepare_cached(
                "DELETE FROM response WHERE seq IN (SELECT seq FROM response \
                 INDEXED BY response_until WHERE until <= ?1 ORDER BY until LIMIT ?2)",
            )?
            .execute((now.0, PURGED_AT_ONCE as i64))?;
        if removed == PURGED_AT_ONCE {
            self.last = None;
        }
        Ok(())
    }
}
