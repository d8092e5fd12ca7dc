//! The messages that wait for a person: listing them, page by page, the oldest suspension first. Reads
//! only; what a person decides is in `decide`.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use model::{ErrorInfo, MessageId, PortName, Timestamp, TransportSlot};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::{Error, MessageBox, fill, ports, response};

/// Rows looked at in one read, when not every one of them may be wanted. Keeps each read short.
pub(crate) const SLICE: usize = 1000;

/// Ends of pages that are remembered.
const BOOKMARKS: usize = 1024;

/// Which suspended messages are meant: those for which everything given here is true. By default, all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SuspendedFilter {
    /// Of this port.
    pub port: Option<PortName>,
    /// With this error code.
    pub code: Option<String>,
    /// Suspended at this time or later.
    pub since: Option<Timestamp>,
    /// Suspended before this time.
    pub until: Option<Timestamp>,
    /// Those that may be resumed, or those that may not.
    pub resumable: Option<bool>,
}

/// A message that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuspendedMessage {
    /// The message.
    pub id: MessageId,
    /// Its port.
    pub port: PortName,
    /// When it was accepted.
    pub accepted: Timestamp,
    /// When it was suspended.
    pub suspended_at: Timestamp,
    /// The transport on which it failed last.
    pub transport: TransportSlot,
    /// Failed attempts on all transports, also before it was resumed.
    pub attempts: u32,
    /// Why it was suspended.
    pub error: ErrorInfo,
    /// The adapter that failed, and its version, as far as it was said.
    pub adapter: Option<String>,
    /// False when it can only be terminated (B60).
    pub resumable: bool,
    /// A person has changed it.
    pub edited: bool,
    /// Size of its body in bytes.
    pub size: u64,
}

impl MessageBox {
    /// Up to `limit` suspended messages; those suspended first come first. Goes on after the message
    /// `after`, the last one of the page before, which may meanwhile be gone.
    ///
    /// Fails with [`Error::CursorLost`] when nothing is known of `after`: it is gone, and the page that it
    /// ended is too long ago.
    pub async fn suspended(
        &self,
        filter: &SuspendedFilter,
        after: Option<MessageId>,
        limit: usize,
    ) -> Result<Vec<SuspendedMessage>, Error> {
        let mut place = match after {
            Some(id) => Some(self.place_of(id).await?),
            None => None,
        };
        let mut page = Vec::new();
        while page.len() < limit {
            let step = match filter.is_selective() {
                true => SLICE,
                false => SLICE.min(limit - page.len()),
            };
            let slice = self.suspended_slice(filter, place, step).await?;
            place = slice.last().map(SuspendedMessage::place);
            let is_last = slice.len() < step;
            let wanted = slice.into_iter().filter(|message| filter.admits(message));
            page.extend(wanted.take(limit - page.len()));
            if is_last {
                break;
            }
        }
        if let Some(last) = page.last() {
            self.inner.bookmarks.add(last);
        }
        Ok(page)
    }

    /// Up to `step` suspended messages after a place, of the filter's port and time; whatever else the
    /// filter says is left to the caller.
    pub(crate) async fn suspended_slice(
        &self,
        filter: &SuspendedFilter,
        after: Option<Place>,
        step: usize,
    ) -> Result<Vec<SuspendedMessage>, Error> {
        let (box_id, filter) = (self.box_id(), filter.clone());
        let read = move |connection: &Connection| slice(connection, box_id, &filter, after, step);
        self.inner.lists.ask(read).await
    }

    async fn place_of(&self, id: MessageId) -> Result<Place, Error> {
        if let Some(place) = self.inner.bookmarks.find(id) {
            return Ok(place);
        }
        let lost = Error::CursorLost { id };
        if id.box_id() != self.box_id() {
            return Err(lost);
        }
        let sequence = id.sequence().cast_signed();
        let read = move |connection: &Connection| {
            connection
                .prepare_cached("SELECT suspended FROM message WHERE seq = ?1 AND state = 1")?
                .query_row([sequence], |row| row.get(0))
                .optional()
        };
        let suspended = self.inner.lists.ask(read).await?;
        suspended.map(|time| (time, sequence)).ok_or(lost)
    }
}

/// A place in the order of suspension: the time and the message's number.
pub(crate) type Place = (i64, i64);

impl SuspendedMessage {
    pub(crate) fn place(&self) -> Place {
        (self.suspended_at.0, self.id.sequence().cast_signed())
    }
}

impl SuspendedFilter {
    /// True when the reading by port and time does not say it all.
    fn is_selective(&self) -> bool {
        self.code.is_some() || self.resumable.is_some()
    }

    /// Whether a message is meant.
    pub(crate) fn admits(&self, message: &SuspendedMessage) -> bool {
        let code = self.code.as_deref();
        self.port.as_ref().is_none_or(|port| *port == message.port)
            && code.is_none_or(|code| message.error.code.as_deref() == Some(code))
            && self.since.is_none_or(|since| message.suspended_at >= since)
            && self.until.is_none_or(|until| message.suspended_at < until)
            && self
                .resumable
                .is_none_or(|resumable| resumable == message.resumable)
    }
}

const COLUMNS: &str = "seq, port.name, message.accepted, message.suspended, transport, \
    attempts + earlier_attempts, error_code, error_text, adapter, resumable, edited, size \
    FROM message";

fn slice(
    connection: &Connection,
    box_id: u64,
    filter: &SuspendedFilter,
    after: Option<Place>,
    step: usize,
) -> rusqlite::Result<Vec<SuspendedMessage>> {
    let first = (filter.since.map_or(i64::MIN, |since| since.0), i64::MIN);
    let (time, sequence) = after.map_or(first, |after| after.max(first));
    let until = filter.until.map_or(i64::MAX, |until| until.0);
    let step = i64::try_from(step).unwrap_or(i64::MAX);
    let port = filter.port.as_ref().map(PortName::as_str);
    connection
        .prepare_cached(&slice_of(port.is_some()))?
        .query_map((time, sequence, until, step, port), |row| {
            message(row, box_id)
        })?
        .collect()
}

/// A port's messages are found among all of that time, without looking at the others' rows.
fn slice_of(one_port: bool) -> String {
    let of_port = match one_port {
        true => "message.port = (SELECT id FROM port WHERE name = ?5)",
        false => "?5 IS NULL",
    };
    format!(
        "SELECT {COLUMNS} INDEXED BY message_suspended JOIN port ON port.id = message.port \
         WHERE state = 1 AND {of_port} AND (message.suspended, seq) > (?1, ?2) \
         AND message.suspended < ?3 ORDER BY message.suspended, seq LIMIT ?4"
    )
}

/// One suspended message, for whoever is about to decide about it.
pub(crate) fn find(
    connection: &Connection,
    box_id: u64,
    sequence: u64,
) -> rusqlite::Result<Option<SuspendedMessage>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} JOIN port ON port.id = message.port WHERE seq = ?1 AND state = 1"
        ))?
        .query_row([sequence.cast_signed()], |row| message(row, box_id))
        .optional()
}

fn message(row: &Row<'_>, box_id: u64) -> rusqlite::Result<SuspendedMessage> {
    Ok(SuspendedMessage {
        id: MessageId::new(box_id, row.get::<_, i64>(0)?.cast_unsigned()),
        port: ports::name(row.get_ref(1)?.as_str()?)?,
        accepted: Timestamp(row.get(2)?),
        suspended_at: Timestamp(row.get(3)?),
        transport: fill::slot(row.get(4)?),
        attempts: row.get(5)?,
        error: response::error(row, 6)?,
        adapter: row.get(8)?,
        resumable: row.get(9)?,
        edited: row.get(10)?,
        size: row.get::<_, i64>(11)?.cast_unsigned(),
    })
}

/// The places of messages that ended a page: whoever goes on after one of them has often resumed or
/// terminated it meanwhile, and its row no longer tells.
#[derive(Debug, Default)]
pub(crate) struct Bookmarks(Mutex<VecDeque<(MessageId, Place)>>);

impl Bookmarks {
    fn add(&self, message: &SuspendedMessage) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(id, _)| *id != message.id);
        if kept.len() == BOOKMARKS {
            kept.pop_front();
        }
        kept.push_back((message.id, message.place()));
    }

    fn find(&self, id: MessageId) -> Option<Place> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter()
            .find(|(known, _)| *known == id)
            .map(|(_, place)| *place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema;

    #[test]
    fn a_slice_is_read_in_order_and_no_further() {
        let connection = schema::in_memory();
        for one_port in [true, false] {
            let plan = schema::plan(&connection, &slice_of(one_port));
            let of_messages = plan.iter().find(|step| step.contains("message"));
            let search =
                "SEARCH message USING INDEX message_suspended (suspended>? AND suspended<?)";
            assert_eq!(of_messages.map(String::as_str), Some(search), "{plan:#?}");
            assert!(plan.iter().all(|step| !step.contains("TEMP")), "{plan:#?}");
        }
    }
}
