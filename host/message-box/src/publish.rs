//! Publishing: what a caller gives, made ready on the caller's side, and its inserts on the writer's
//! side. Idempotency and memory are asked, not decided here.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use model::{Body, Message, MessageId, PortName, Priority, Properties, Timestamp, TransportSlot};

use crate::body::StagedBody;
use crate::command::Reply;
use crate::feed::Waiting;
use crate::feeds::Feeds;
use crate::idempotency::{Fingerprint, Known};
use crate::new_row::{self, Content, NewRow};
use crate::reader::Reader;
use crate::round::Round;
use crate::stored_body::StoredBody;
use crate::{Error, body, idempotency, lane, properties};

/// Properties travel with every claim of their message, so they must stay small beside a body.
pub(crate) const PROPERTIES_LIMIT: u64 = 1024 * 1024;

/// What a row takes beside its body and properties: an estimate for the room check, on the safe side.
pub(crate) const ROW_BYTES: u64 = 160;

/// Messages that are accepted together or not at all.
#[derive(Debug, Default)]
pub struct Publication {
    /// The messages, in the order in which they get their ids.
    pub messages: Vec<NewMessage>,
    /// Within 24 hours, the same key with the same content on the same port is accepted once only, and
    /// answered with the ids of the first time.
    pub idempotency_key: Option<String>,
}

/// A message that has no identity yet.
#[derive(Debug)]
pub struct NewMessage {
    /// Its content.
    pub body: NewBody,
    /// What else is known about it.
    pub properties: Properties,
    /// Its place in the queue.
    pub priority: Priority,
    /// On an ordered port, its lane: it is delivered after all messages of this lane that the port has
    /// now. Names of more than 256 bytes come back shortened, but equal when they were.
    pub lane: Option<Arc<str>>,
    /// Not to be delivered from this time on. The box only remembers it.
    pub expires: Option<Timestamp>,
    /// Somebody may ask for the response to it: its port is two-way.
    pub expects_response: bool,
}

impl NewMessage {
    /// A message of the usual priority, in no lane, that does not expire and is not answered.
    pub fn new(body: NewBody, properties: Properties) -> Self {
        Self {
            body,
            properties,
            priority: Priority::default(),
            lane: None,
            expires: None,
            expects_response: false,
        }
    }
}

/// The content of a new message.
#[derive(Debug)]
pub enum NewBody {
    /// In memory, of any size; above [`Config::inline_limit`](crate::Config::inline_limit) the box
    /// stores it in pieces.
    Inline(Bytes),
    /// Already in the box, see [`MessageBox::stage_body`](crate::MessageBox::stage_body).
    Staged(StagedBody),
}

/// A publication that is on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The messages' ids, in the order of the publication.
    pub ids: Vec<MessageId>,
    /// The idempotency key was known: these are the ids of the first time.
    pub repeated: bool,
}

/// A publication on its way to the disk.
#[derive(Debug)]
pub(crate) struct Publish {
    pub(crate) port: PortName,
    messages: Vec<Prepared>,
    key: Option<(String, Fingerprint)>,
    now: Timestamp,
    bytes: u64,
    pub(crate) reply: Reply<Published>,
}

#[derive(Debug)]
struct Prepared {
    message: NewMessage,
    json: Cow<'static, str>,
}

/// The rows of a publication, written but not committed. By default, none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accepted {
    first: u64,
    count: u64,
    repeated: bool,
    /// Of them, the ones that wait behind the heads of their lanes, in order.
    queued: Vec<u64>,
}

impl NewBody {
    /// Length in bytes.
    pub fn size(&self) -> u64 {
        match self {
            Self::Inline(bytes) => bytes.len() as u64,
            Self::Staged(staged) => staged.size(),
        }
    }

    /// As a row holds it.
    pub(crate) fn content(&self) -> Content<'_> {
        match self {
            Self::Inline(bytes) => Content::Inline(bytes),
            Self::Staged(staged) => Content::Pieces {
                body_id: staged.id(),
                size: staged.size(),
            },
        }
    }

    /// A message that is on disk has the pieces now; dropping the stage must not remove them.
    pub(crate) fn keep(&mut self) {
        if let Self::Staged(staged) = self {
            staged.keep();
        }
    }

    /// Refuses what another box has staged.
    pub(crate) fn check(self, box_id: u64) -> Result<Self, Error> {
        match self {
            Self::Staged(staged) if staged.box_id() != box_id => Err(Error::StagedElsewhere),
            // No pieces, nothing to refer to.
            Self::Staged(staged) if staged.size() == 0 => Ok(Self::Inline(Bytes::new())),
            body => Ok(body),
        }
    }
}

impl Publish {
    /// Everything that needs no database: serialising, hashing, checking.
    pub(crate) fn new(
        port: PortName,
        publication: Publication,
        now: Timestamp,
        box_id: u64,
        reply: Reply<Published>,
    ) -> Result<Self, Error> {
        let mut messages = Vec::with_capacity(publication.messages.len());
        let mut bytes = 0;
        for mut message in publication.messages {
            let json = properties::to_json(&message.properties);
            limit("properties", json.len() as u64, PROPERTIES_LIMIT)?;
            if let Some(lane) = &message.lane
                && let Cow::Owned(shortened) = lane::stored_name(lane)
            {
                message.lane = Some(shortened.into());
            }
            message.body = message.body.check(box_id)?;
            // A lane stands in the row and in an index.
            let lane = message.lane.as_ref().map_or(0, |lane| 2 * lane.len());
            bytes += ROW_BYTES + (json.len() + lane) as u64;
            if let NewBody::Inline(body) = &message.body {
                bytes += body.len() as u64;
            }
            messages.push(Prepared { message, json });
        }
        let key = publication.idempotency_key.map(|key| {
            let fingerprint = fingerprint(&messages);
            (key, fingerprint)
        });
        Ok(Self {
            port,
            messages,
            key,
            now,
            bytes,
            reply,
        })
    }

    pub(crate) fn rows(&self) -> usize {
        self.messages.len()
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    /// Writes the rows; the inner result is the answer to the caller once the transaction is on disk.
    pub(crate) fn apply(&self, round: &mut Round<'_>) -> rusqlite::Result<Result<Accepted, Error>> {
        let port = round.port(&self.port)?;
        let count = self.messages.len() as u64;
        if let Some((key, fingerprint)) = &self.key {
            match idempotency::find(round.connection, port, key, fingerprint, self.now)? {
                Some(Known::Same { first, count }) => {
                    return Ok(Ok(Accepted {
                        first,
                        count,
                        repeated: true,
                        queued: Vec::new(),
                    }));
                }
                Some(Known::Different) => {
                    return Ok(Err(Error::IdempotencyConflict { key: key.clone() }));
                }
                None => {}
            }
        }
        if let Err(full) = round.take_room(self.bytes)? {
            return Ok(Err(full));
        }
        let first = round.sequence.take(round.connection, count)?;
        let queued = self.insert(round, port, first)?;
        if let Some((key, fingerprint)) = &self.key {
            let known = (first, count);
            idempotency::remember(round.connection, port, key, fingerprint, known, self.now)?;
        }
        Ok(Ok(Accepted {
            first,
            count,
            repeated: false,
            queued,
        }))
    }

    /// Returns the numbers of those that have to wait for the heads of their lanes.
    fn insert(&self, round: &mut Round<'_>, port: i64, first: u64) -> rusqlite::Result<Vec<u64>> {
        let mut insert = new_row::inserting(round.connection)?;
        let mut bytes = 0;
        let mut queued = Vec::new();
        for (sequence, Prepared { message, json }) in (first..).zip(&self.messages) {
            let content = message.body.content();
            let row = NewRow {
                sequence,
                port,
                priority: message.priority,
                now: self.now,
                lane: message.lane.as_deref(),
                expires: message.expires,
                expects_response: message.expects_response,
                properties: json,
                content,
            };
            if row.insert(round, &mut insert)? {
                queued.push(sequence);
            }
            bytes += content.size();
            if let Content::Pieces { body_id, .. } = content {
                body::publish(round.connection, body_id)?;
            }
        }
        round.tally.accepted(port, self.messages.len(), bytes);
        Ok(queued)
    }

    /// The transaction is on disk: the port's feed hears of the messages, then the caller.
    pub(crate) fn committed(
        self,
        accepted: Result<Accepted, Error>,
        feeds: &Feeds,
        bodies: &Reader,
        box_id: u64,
    ) {
        let answer = accepted.map(|accepted| {
            let ids: Vec<_> = (accepted.first..accepted.first + accepted.count)
                .map(|sequence| MessageId::new(box_id, sequence))
                .collect();
            if !accepted.repeated {
                let mut messages = self.messages;
                for prepared in &mut messages {
                    prepared.message.body.keep();
                }
                feeds.offer(&self.port, || {
                    let ready = messages
                        .into_iter()
                        .zip(&ids)
                        .filter(|(_, id)| accepted.queued.binary_search(&id.sequence()).is_err());
                    ready.map(|(m, id)| m.into_waiting(*id, &self.port, self.now, bodies))
                });
            }
            Published {
                ids,
                repeated: accepted.repeated,
            }
        });
        // A caller that has gone away lost only the answer; the messages are accepted.
        drop(self.reply.send(answer));
    }
}

impl Prepared {
    fn into_waiting(
        self,
        id: MessageId,
        port: &PortName,
        now: Timestamp,
        bodies: &Reader,
    ) -> Waiting {
        let message = self.message;
        let (body, body_id) = match message.body {
            NewBody::Inline(bytes) => (Body::Inline(bytes), None),
            NewBody::Staged(staged) => {
                let stored = StoredBody::new(bodies.clone(), staged.id(), staged.size());
                (stored.into_body(), Some(staged.id()))
            }
        };
        let message = Message {
            id,
            port: port.clone(),
            accepted: now,
            priority: message.priority,
            transport: TransportSlot::Primary,
            attempts: 0,
            earlier_attempts: 0,
            expires: message.expires,
            lane: message.lane,
            properties: message.properties,
            body,
        };
        Waiting {
            message: Arc::new(message),
            due: now,
            body_id,
            edited: false,
        }
    }
}

/// Properties that differ from one attempt of the same publish to the next: a client that tries again
/// does so in a new span.
const PER_ATTEMPT: [&str; 2] = ["traceparent", "tracestate"];

/// The same for the same content, whether a body came in one go or was staged. Lane, expiry and whether a
/// response is expected come from the port's policy and are no content.
fn fingerprint(messages: &[Prepared]) -> Fingerprint {
    let mut print = idempotency::Printer::default();
    for Prepared { message, .. } in messages {
        match &message.body {
            NewBody::Inline(bytes) => print.body(&body::digest(bytes)),
            NewBody::Staged(staged) => print.body(staged.digest()),
        }
        let told = |(name, _): &(&str, &str)| !PER_ATTEMPT.contains(name);
        print.number(
            u8::try_from(message.properties.iter().filter(told).count() % 256).unwrap_or(0),
        );
        for (name, value) in message.properties.iter().filter(told) {
            print.text(name);
            print.text(value);
        }
        print.number(message.priority.get());
    }
    print.finish()
}

pub(crate) fn limit(what: &'static str, size: u64, limit: u64) -> Result<(), Error> {
    if size > limit {
        return Err(Error::TooLarge { what, size, limit });
    }
    Ok(())
}
