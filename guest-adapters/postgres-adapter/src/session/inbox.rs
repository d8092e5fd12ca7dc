//! Bytes from the server, cut into messages.

use bytes::BytesMut;
use postgres_protocol::message::backend::{Header, Message};

use super::Broken;

/// Far more than the server has to say to a writer. The protocol allows a gigabyte, which an instance
/// does not have, and a wrong length must not make it try.
const LONGEST: i32 = 16 * 1024 * 1024;

/// What has come and not been read yet.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    bytes: BytesMut,
}

impl Inbox {
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next message, when all of it has come.
    pub(super) fn next_message(&mut self) -> Result<Option<Message>, Broken> {
        match Header::parse(&self.bytes).map_err(Broken::malformed)? {
            Some(header) if header.len() > LONGEST => {
                let text = format!("a message of {} bytes", header.len());
                Err(Broken::Protocol(text))
            }
            _ => Message::parse(&mut self.bytes).map_err(Broken::malformed),
        }
    }
}
