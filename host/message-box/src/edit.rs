//! Editing suspended messages: a person repairs what made them fail. The first edit keeps what was there
//! before; see `original`.

use model::{MessageId, Properties};
use tokio::sync::oneshot;

use crate::command::{Command, Reply, Write};
use crate::publish::{NewBody, PROPERTIES_LIMIT, ROW_BYTES, limit};
use crate::round::Round;
use crate::suspend_queue::SuspendedMessage;
use crate::{Error, MessageBox, body, decide, original, properties};

/// An edit on its way to the disk.
#[derive(Debug)]
pub(crate) struct Edit {
    id: MessageId,
    properties: Option<String>,
    body: Option<NewBody>,
    pub(crate) reply: Reply<()>,
}

impl MessageBox {
    /// Replaces the properties or the body of a suspended message, or both; `None` leaves them as they are.
    /// What was published is kept until the message is gone. The message stays in its lane, whatever the
    /// new properties say.
    ///
    /// Fails with [`Error::Refused`] when the message is not suspended.
    pub async fn edit(
        &self,
        id: MessageId,
        properties: Option<Properties>,
        body: Option<NewBody>,
    ) -> Result<(), Error> {
        let properties = properties.map(|p| properties::to_json(&p).into_owned());
        if let Some(json) = &properties {
            limit("properties", json.len() as u64, PROPERTIES_LIMIT)?;
        }
        let body = match body {
            Some(body) => Some(self.stage_large(body).await?.check(self.box_id())?),
            None => None,
        };
        let (reply, answer) = oneshot::channel();
        self.inner.send(Command::Write(Write::Edit(Edit {
            id,
            properties,
            body,
            reply,
        })))?;
        answer.await.map_err(|_| Error::Closed)?
    }
}

impl Edit {
    /// Bytes that it writes, about.
    pub(crate) fn bytes(&self) -> u64 {
        let properties = self.properties.as_ref().map_or(0, String::len);
        let body = match &self.body {
            Some(NewBody::Inline(bytes)) => bytes.len(),
            _ => 0,
        };
        ROW_BYTES + (properties + body) as u64
    }

    pub(crate) fn apply(&self, round: &mut Round<'_>) -> rusqlite::Result<Result<(), Error>> {
        let message = match decide::find(round, self.id)? {
            Ok(message) => message,
            Err(reason) => {
                return Ok(Err(Error::Refused {
                    id: self.id,
                    reason,
                }));
            }
        };
        if let Err(full) = round.take_room(self.bytes())? {
            return Ok(Err(full));
        }
        let (connection, sequence) = (round.connection, self.id.sequence().cast_signed());
        if !message.edited {
            original::keep_properties(connection, sequence)?;
        }
        if let Some(json) = &self.properties {
            connection
                .prepare_cached("UPDATE message SET properties = ?2 WHERE seq = ?1")?
                .execute((sequence, json))?;
        }
        if let Some(body) = &self.body {
            replace_body(round, &message, body)?;
        }
        connection
            .prepare_cached("UPDATE message SET edited = 1 WHERE seq = ?1")?
            .execute([sequence])?;
        Ok(Ok(()))
    }

    /// The transaction is on disk. The pieces of a refused body are removed before the caller hears.
    pub(crate) fn committed(self, outcome: Result<(), Error>) {
        if let Some(mut body) = self.body
            && outcome.is_ok()
        {
            body.keep();
        }
        drop(self.reply.send(outcome));
    }
}

fn replace_body(
    round: &mut Round<'_>,
    message: &SuspendedMessage,
    new: &NewBody,
) -> rusqlite::Result<()> {
    let (connection, sequence) = (round.connection, message.id.sequence().cast_signed());
    original::keep_content(connection, sequence)?;
    let content = new.content();
    connection
        .prepare_cached("UPDATE message SET size = ?2, body_id = ?3, body = ?4 WHERE seq = ?1")?
        .execute((
            sequence,
            content.size().cast_signed(),
            content.body_id(),
            content.inline(),
        ))?;
    if let Some(body_id) = content.body_id() {
        body::publish(connection, body_id.cast_unsigned())?;
    }
    let port = round.port(&message.port)?;
    round.tally.resized(port, message.size, content.size());
    Ok(())
}
