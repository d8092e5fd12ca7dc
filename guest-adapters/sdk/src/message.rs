//! Conveniences of a message: its settings, and its body in pieces.

use crate::{Configuration, Message};

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
