//! The header of a mail, and the frame of its one part when the body is an attachment.

use std::time::{Duration, SystemTime};

use lettre::message::header::{
    Cc, ContentDisposition, ContentTransferEncoding, Date, From, HeaderName, HeaderValue, Headers,
    MIME_VERSION_1_0, MessageId, Subject, To,
};
use lettre::message::{Mailbox, Mailboxes};

use super::encoding::Encoding;
use super::media_type::MediaType;

/// The end of the year 9999, after which a header has no date for it. No clock that is set is there.
const LAST_SECOND: u64 = 253_402_300_799;

/// What a header says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head<'a> {
    pub(super) from: &'a Mailbox,
    pub(super) to: &'a [Mailbox],
    pub(super) cc: &'a [Mailbox],
    pub(super) subject: &'a str,
    /// Since 1970.
    pub(super) date: Duration,
    /// The message's; the mail's is made from it.
    pub(super) message_id: &'a str,
    pub(super) content_type: &'a MediaType,
    pub(super) encoding: Encoding,
    /// The attachment's name, when the body is one.
    pub(super) attachment: Option<&'a str>,
}

/// What stands before and after the body.
#[derive(Debug)]
pub(super) struct Wrapping {
    /// To the first byte of the body.
    pub(super) head: Vec<u8>,
    /// From the last byte of the body to the end of the last line.
    pub(super) tail: Vec<u8>,
}

impl Head<'_> {
    /// Writes the header.
    pub(super) fn write(&self) -> Wrapping {
        let mut headers = self.envelope();
        let Some(name) = self.attachment else {
            self.describe_body(&mut headers);
            return Wrapping {
                head: format!("{headers}\r\n").into_bytes(),
                tail: Vec::new(),
            };
        };
        let boundary = self.boundary();
        let multipart = format!("multipart/mixed; boundary=\"{boundary}\"");
        headers.insert_raw(raw("Content-Type", multipart));
        let mut part = Headers::new();
        self.describe_body(&mut part);
        part.set(ContentDisposition::attachment(name));
        Wrapping {
            head: format!("{headers}\r\n--{boundary}\r\n{part}\r\n").into_bytes(),
            tail: format!("\r\n--{boundary}--\r\n").into_bytes(),
        }
    }

    fn envelope(&self) -> Headers {
        let mut headers = Headers::new();
        headers.set(From::from(Mailboxes::from(self.from.clone())));
        if !self.to.is_empty() {
            headers.set(To::from(Mailboxes::from(self.to.to_vec())));
        }
        if !self.cc.is_empty() {
            headers.set(Cc::from(Mailboxes::from(self.cc.to_vec())));
        }
        headers.set(Subject::from(self.subject.to_owned()));
        let seconds = self.date.as_secs().min(LAST_SECOND);
        let date = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        headers.set(Date::from(date));
        headers.set(MessageId::from(self.mail_id()));
        // Keeps answering machines from answering (RFC 3834).
        headers.insert_raw(raw("Auto-Submitted", "auto-generated".to_owned()));
        headers.set(MIME_VERSION_1_0);
        headers
    }

    fn describe_body(&self, headers: &mut Headers) {
        headers.set(self.content_type.header());
        headers.set(match self.encoding {
            Encoding::SevenBit => ContentTransferEncoding::SevenBit,
            Encoding::EightBit => ContentTransferEncoding::EightBit,
            Encoding::Base64 => ContentTransferEncoding::Base64,
        });
    }

    /// The same on every delivery of the message, so that a receiver recognises a mail that comes twice.
    fn mail_id(&self) -> String {
        format!("<{}@{}>", self.id_text(), self.from.email.domain())
    }

    /// In no body that is encoded, because base64 has no underscore. One that is not encoded does not
    /// know the id of its message.
    fn boundary(&self) -> String {
        let id: String = self.id_text().chars().take(60).collect();
        format!("=_{id}")
    }

    /// The message's id without what has a meaning in a header. There is nothing of that kind in it.
    fn id_text(&self) -> String {
        let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        self.message_id.chars().filter(plain).collect()
    }
}

fn raw(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value)
}
