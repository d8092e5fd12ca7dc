//! Messages that a settlement publishes besides: responses, notifications, routed failures. Rows like any
//! others, but written in the transaction that ends another message, whatever the room that is left.
//!
//! Nobody is handed them in memory; their port's feed is told to look into the database.

use model::{Body, Emission, Timestamp, TransportSlot};

use crate::feed::Waiting;
use crate::lane;
use crate::new_row::{self, Content, NewRow};
use crate::round::Round;
use crate::{body, properties};

/// Publishes an emission without content of its own with a copy of the message's.
pub(crate) fn emit(
    round: &mut Round<'_>,
    emission: &Emission,
    original: &Waiting,
    now: Timestamp,
) -> rusqlite::Result<()> {
    match &emission.body {
        Some(_) => emit_own(round, emission, now),
        None => {
            let copied = original.body_id.map(|from| {
                let (to, size) = (round.new_body(), original.message.body.size());
                body::copy(round.connection, from, to, size).map(|()| to)
            });
            insert(round, emission, content(original, copied.transpose()?), now)
        }
    }
}

/// Publishes what a message goes on as (B90). True when it has taken over the pieces of the message's
/// body, which then must not be removed with the message.
pub(crate) fn route(
    round: &mut Round<'_>,
    emission: &Emission,
    original: &Waiting,
    now: Timestamp,
) -> rusqlite::Result<bool> {
    match &emission.body {
        Some(_) => emit_own(round, emission, now).map(|()| false),
        None => {
            insert(round, emission, content(original, original.body_id), now)?;
            Ok(original.body_id.is_some())
        }
    }
}

fn emit_own(round: &mut Round<'_>, emission: &Emission, now: Timestamp) -> rusqlite::Result<()> {
    let bytes = emission.body.as_deref().unwrap_or_default();
    if bytes.len() <= round.inline_limit {
        return insert(round, emission, Content::Inline(bytes), now);
    }
    let body_id = round.new_body();
    body::store(round.connection, body_id, bytes)?;
    let size = bytes.len() as u64;
    insert(round, emission, Content::Pieces { body_id, size }, now)
}

/// The content of a message in memory, with its pieces, if any, under the number given.
fn content(original: &Waiting, body_id: Option<u64>) -> Content<'_> {
    match (&original.message.body, body_id) {
        (Body::Inline(bytes), _) => Content::Inline(bytes),
        (Body::Stored { size, .. }, Some(body_id)) => Content::Pieces {
            body_id,
            size: *size,
        },
        // The box stores every body that is not in memory in pieces with a number.
        (Body::Stored { .. }, None) => Content::Inline(&[]),
    }
}

fn insert(
    round: &mut Round<'_>,
    emission: &Emission,
    content: Content<'_>,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let port = round.port(&emission.port)?;
    let lane = emission.lane.as_deref().map(lane::stored_name);
    let row = NewRow {
        sequence: round.sequence.take(round.connection, 1)?,
        port,
        priority: emission.priority,
        now,
        lane: lane.as_deref(),
        expires: emission.expires,
        // Nobody has its id, so nobody can ask.
        expects_response: false,
        properties: &properties::to_json(&emission.properties),
        content,
    };
    if !row.insert(round, &mut new_row::inserting(round.connection)?)? {
        round
            .alarms
            .add(&emission.port, TransportSlot::Primary, now);
    }
    round.tally.accepted(port, 1, content.size());
    Ok(())
}
