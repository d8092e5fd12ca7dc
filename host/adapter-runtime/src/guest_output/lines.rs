//! Makes lines of what a guest writes to a stream, piece by piece.

use crate::guest_log::LONGEST;

/// What has been written of a line that has not ended.
#[derive(Debug, Default)]
pub(super) struct Lines {
    unfinished: Vec<u8>,
}

impl Lines {
    /// Takes a piece, which ends as many lines as it likes; those go to `tell`.
    pub(super) fn write(&mut self, mut piece: &[u8], mut tell: impl FnMut(&str)) {
        while let Some(end) = piece.iter().position(|byte| *byte == b'\n') {
            self.add(&piece[..end]);
            self.end(&mut tell);
            piece = &piece[end + 1..];
        }
        self.add(piece);
    }

    /// Ends the line that is there. An empty one says nothing.
    pub(super) fn end(&mut self, mut tell: impl FnMut(&str)) {
        let text = String::from_utf8_lossy(&self.unfinished);
        let text = text.trim_end_matches('\r');
        if !text.is_empty() {
            tell(text);
        }
        self.unfinished.clear();
    }

    /// No more is held of a line than is kept of it in the end.
    fn add(&mut self, bytes: &[u8]) {
        let room = LONGEST.saturating_sub(self.unfinished.len());
        self.unfinished
            .extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(pieces: &[&[u8]]) -> Vec<String> {
        let (mut lines, mut told) = (Lines::default(), Vec::new());
        for piece in pieces {
            lines.write(piece, |line| told.push(line.to_owned()));
        }
        lines.end(|line| told.push(line.to_owned()));
        told
    }

    #[test]
    fn pieces_become_lines_and_the_last_one_needs_no_end() {
        assert_eq!(
            told(&[b"one\ntw", b"o\r\n", b"\n\nthr", b"ee"]),
            ["one", "two", "three"]
        );
        assert_eq!(told(&[b"\xff\n"]), ["\u{fffd}"]);
        assert_eq!(told(&[]), [""; 0]);
    }

    #[test]
    fn a_line_without_an_end_is_not_kept_whole() {
        let mut lines = Lines::default();
        for _ in 0..100 {
            lines.write(&[b'x'; LONGEST], |line| panic!("it has not ended: {line}"));
        }
        assert!(lines.unfinished.capacity() <= 2 * LONGEST);
        let mut told = 0;
        lines.write(b"\nshort\n", |line| {
            told += 1;
            assert_eq!(line.len(), if told == 1 { LONGEST } else { 5 });
        });
        assert_eq!(told, 2);
    }
}
