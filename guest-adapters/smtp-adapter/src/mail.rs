//! One message as a mail: who gets it, its header, and how its body is encoded.
//!
//! Pure: reads a message through [`Facts`] and [`Body`], and knows nothing of connections. What keeps a
//! message from ever becoming a mail is found out before any server is asked.

mod content;
mod encoding;
mod head;
mod media_type;

pub(crate) use content::{Body, Content, PIECE};
pub(crate) use encoding::Encoding;
pub(crate) use media_type::MediaType;

use std::time::Duration;

use lettre::message::Mailbox;

use crate::address::{Address, Server};
use crate::mailboxes::{BadMailbox, parse_list};
use crate::protocol::{Envelope, Extensions, Problem};
use crate::settings::{BodyAs, Settings};
use crate::template::{Facts, FillError};
use encoding::Shape;
use head::{Head, Wrapping};

/// Every server takes that many (RFC 5321, 4.5.3.1.8). More would need several mails, of which some
/// could be sent and others not.
const MOST_RECIPIENTS: usize = 100;

/// The properties that a mail is made from, beside those that macros name.
const TO: &str = "to";
const CONTENT_TYPE: &str = "content-type";

/// Why a message cannot become a mail.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MailError {
    #[error(
        "the mail has no recipient: set to, cc or bcc, put one behind the address, or set to-from-message"
    )]
    NoRecipient,
    #[error(
        "the message names no recipient: it has no property `{TO}`, and the port has no to, cc or bcc"
    )]
    NoRecipientInMessage,
    #[error("the mail has {0} recipients; {MOST_RECIPIENTS} are allowed")]
    TooManyRecipients(usize),
    #[error("recipients behind the address: {0}")]
    AddressRecipient(BadMailbox),
    #[error("property `{TO}`: {0}")]
    MessageRecipient(BadMailbox),
    #[error("the subject {0}")]
    Subject(FillError),
    #[error("the attachment's name {0}")]
    AttachmentName(FillError),
    #[error("the attachment's name would be {0:?}; a name is not empty and has no `/` and no `\\`")]
    AttachmentPath(String),
    #[error(
        "property `{CONTENT_TYPE}` is {0:?}, which is no content type such as text/plain; charset=utf-8"
    )]
    ContentType(String),
    #[error(
        "the body is of type {0}, which mails carry as it is, but it is no text: it has a line of more than \
         998 octets, a NUL, or a carriage return without a line feed"
    )]
    NotText(String),
}

impl MailError {
    /// The port has to be changed, not the message.
    pub(crate) fn is_configuration(&self) -> bool {
        matches!(self, Self::NoRecipient | Self::AddressRecipient(_))
    }
}

/// A message that will be a mail.
#[derive(Debug)]
pub(crate) struct Mail<'a> {
    settings: &'a Settings,
    /// Where it goes.
    pub(crate) server: Server,
    to: Vec<Mailbox>,
    subject: String,
    /// The attachment's name, when it is one.
    attachment: Option<String>,
    content_type: MediaType,
    message_id: String,
    date: Duration,
    shape: Shape,
}

impl<'a> Mail<'a> {
    /// Finds out everything that does not depend on the server. `now` is the time since 1970.
    pub(crate) fn new(
        settings: &'a Settings,
        address: Address,
        facts: &Facts<'_>,
        body: &impl Body,
        now: Duration,
    ) -> Result<Self, MailError> {
        let to = recipients(settings, &address, facts)?;
        let attachment = match settings.body_as {
            BodyAs::Body => None,
            BodyAs::Attachment => Some(attachment_name(settings, facts)?),
        };
        let content_type = content_type(settings, facts)?;
        let shape = Shape::of(&content_type, attachment.is_some(), body);
        if matches!(shape, Shape::Unencodable) {
            return Err(MailError::NotText(content_type.to_string()));
        }
        Ok(Self {
            settings,
            server: address.server,
            to,
            subject: settings.subject.fill(facts).map_err(MailError::Subject)?,
            attachment,
            content_type,
            message_id: facts.message_id.to_owned(),
            date: now,
            shape,
        })
    }

    /// The mail for a server that can do this.
    pub(crate) fn for_server<'b, B: Body>(
        &self,
        extensions: &Extensions,
        body: &'b B,
    ) -> Result<(Envelope, Content<'b, B>), Problem> {
        let encoding = self
            .shape
            .encoding(extensions.eight_bit)
            .ok_or_else(|| Problem::NoEightBit(self.content_type.to_string()))?;
        let Wrapping { head, tail } = self.wrapping(encoding);
        let content = Content::new(head, encoding, body, tail);
        let envelope = Envelope {
            sender: address_of(&self.settings.from),
            recipients: self.envelope_recipients(),
            size: content.size(self.shape.encoded_length(encoding, body.size())),
            eight_bit: encoding == Encoding::EightBit,
            accept_partial: self.settings.accept_partial,
        };
        Ok((envelope, content))
    }

    fn wrapping(&self, encoding: Encoding) -> Wrapping {
        let head = Head {
            from: &self.settings.from,
            to: &self.to,
            cc: &self.settings.cc,
            subject: &self.subject,
            date: self.date,
            message_id: &self.message_id,
            content_type: &self.content_type,
            encoding,
            attachment: self.attachment.as_deref(),
        };
        head.write()
    }

    /// Everybody once, also those in bcc.
    fn envelope_recipients(&self) -> Vec<String> {
        let mut addresses = Vec::new();
        let Settings { cc, bcc, .. } = self.settings;
        for mailbox in self.to.iter().chain(cc).chain(bcc) {
            let address = address_of(mailbox);
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        addresses
    }
}

/// Those whom the header names first. The message's word replaces the port's.
fn recipients(
    settings: &Settings,
    address: &Address,
    facts: &Facts<'_>,
) -> Result<Vec<Mailbox>, MailError> {
    let from_message = settings
        .to_from_message
        .then(|| (facts.property)(TO))
        .flatten();
    let to = match from_message {
        Some(to) => parse_list(&to).map_err(MailError::MessageRecipient)?,
        None => {
            let behind = address.recipients.as_deref().unwrap_or_default();
            let mut to = parse_list(behind).map_err(MailError::AddressRecipient)?;
            to.extend_from_slice(&settings.to);
            to
        }
    };
    match to.len() + settings.cc.len() + settings.bcc.len() {
        0 if settings.to_from_message => Err(MailError::NoRecipientInMessage),
        0 => Err(MailError::NoRecipient),
        count if count > MOST_RECIPIENTS => Err(MailError::TooManyRecipients(count)),
        _ => Ok(to),
    }
}

fn attachment_name(settings: &Settings, facts: &Facts<'_>) -> Result<String, MailError> {
    let name = settings.attachment_name.fill(facts);
    let name = name.map_err(MailError::AttachmentName)?;
    // A receiver may use the name as it is.
    if name.is_empty() || name.contains(['/', '\\']) {
        return Err(MailError::AttachmentPath(name));
    }
    Ok(name)
}

fn content_type(settings: &Settings, facts: &Facts<'_>) -> Result<MediaType, MailError> {
    match (facts.property)(CONTENT_TYPE) {
        Some(text) => MediaType::parse(&text).ok_or(MailError::ContentType(text)),
        None => Ok(settings.content_type.clone()),
    }
}

fn address_of(mailbox: &Mailbox) -> String {
    mailbox.email.to_string()
}

#[cfg(test)]
mod tests;
