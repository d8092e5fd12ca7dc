//! Conveniences of a message: its settings, its body in pieces, and the response to it.

use crate::{Configuration, Message, Response};

impl Message {
    /// The port's configuration, ready to be read. Parse it once per version: see
    /// [`PortSettings`](crate::PortSettings).
    pub fn settings(&self) -> Configuration {
        self.configuration().into()
    }

    /// The body from its beginning, in pieces of at most `length` bytes: for bodies that are larger
    /// than what an instance may use of memory.
    pub fn pieces(&self, length: u64) -> Pieces<'_> {
        Pieces {
            message: self,
            offset: 0,
            length,
        }
    }
}

impl Response {
    /// What a destination answered to a message, without properties. Leave it with the host by
    /// [`Message::submit_response`].
    pub fn new(body: impl Into<Vec<u8>>) -> Self {
        Self {
            properties: Vec::new(),
            body: body.into(),
        }
    }

    /// Adds a property, such as `content-type`.
    pub fn property(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.properties.push((name.into(), value.into()));
        self
    }
}

/// The body of a message, piece by piece. Ends with the body; a message that the host has taken back
/// has none.
#[derive(Debug)]
pub struct Pieces<'a> {
    message: &'a Message,
    offset: u64,
    length: u64,
}

impl Iterator for Pieces<'_> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let piece = self.message.read(self.offset, self.length);
        self.offset += piece.len() as u64;
        (!piece.is_empty()).then_some(piece)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_a_body_with_properties() {
        let response = Response::new("done").property("content-type", "text/plain");
        assert_eq!(response.body, b"done");
        let expected = ("content-type".to_owned(), "text/plain".to_owned());
        assert_eq!(response.properties, [expected]);
    }
}
