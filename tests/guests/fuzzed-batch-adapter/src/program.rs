//! A program: bytes, and the values that are read from them. One that has ended goes on with zeros.

use crate::bindings::sendport::adapter::types::{ErrorInfo, Failure, RetryHint};

/// The bytes that are left, the next one last.
pub(crate) struct Program(Vec<u8>);

impl Program {
    pub(crate) fn new(mut bytes: Vec<u8>) -> Self {
        bytes.reverse();
        Self(bytes)
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.0.pop().unwrap_or(0)
    }

    /// What has not been read, in order.
    pub(crate) fn rest(self) -> impl Iterator<Item = u8> {
        self.0.into_iter().rev()
    }

    /// Small, large, or as large as can be.
    pub(crate) fn number(&mut self) -> u64 {
        let number = u64::from(self.byte());
        match number {
            0..128 => number,
            128..250 => number << (number % 57),
            _ => u64::MAX - number % 5,
        }
    }

    /// Of a message in a batch; seldom beyond it.
    pub(crate) fn index(&mut self) -> u32 {
        match self.byte() {
            byte @ 0..240 => u32::from(byte % 6),
            byte => u32::MAX - u32::from(byte % 4),
        }
    }

    /// Of one of a few lengths, up to one that no host should have to keep; letters, line ends, control
    /// characters, letters of several bytes.
    pub(crate) fn text(&mut self) -> String {
        const PIECES: [&str; 5] = ["a", "\n", "\u{1b}[2J", "é", "\0"];
        const LENGTHS: [usize; 6] = [0, 1, 2, 17, 300, 70_000];
        let byte = usize::from(self.byte());
        let length = LENGTHS[byte / 5 % 6];
        PIECES[byte % 5].repeat(length)
    }

    pub(crate) fn error(&mut self) -> ErrorInfo {
        let code = self.optional(Self::text);
        let text = self.text();
        ErrorInfo { code, text }
    }

    pub(crate) fn failure(&mut self) -> Failure {
        match self.byte() % 2 {
            0 => Failure::Permanent(self.error()),
            _ => Failure::Retryable(RetryHint {
                error: self.error(),
                after: self.optional(Self::number),
            }),
        }
    }

    pub(crate) fn optional<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.byte() % 2 == 1).then(|| read(self))
    }

    /// Any one of them.
    pub(crate) fn take_one<T>(&mut self, all: &mut Vec<T>) -> Option<T> {
        let place = usize::from(self.byte()).checked_rem(all.len())?;
        Some(all.swap_remove(place))
    }

    /// Whether to keep what it should let go of.
    pub(crate) fn keeps(&mut self) -> bool {
        self.byte() == u8::MAX
    }
}
