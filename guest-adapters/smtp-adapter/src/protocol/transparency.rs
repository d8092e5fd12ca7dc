//! The transparency of RFC 5321, 4.5.2: a line that begins with a dot gets another one, because a line
//! that is a dot ends the mail.

use memchr::memchr_iter;

/// Makes a content, given in pieces, fit to be sent after DATA. Its lines end in CRLF.
#[derive(Debug)]
pub(super) struct Transparency {
    /// The last two bytes; at the beginning, a line begins.
    before: [u8; 2],
}

impl Transparency {
    /// Before the first piece.
    pub(super) fn new() -> Self {
        Self { before: *b"\r\n" }
    }

    /// The next piece as it is sent.
    pub(super) fn stuff(&mut self, piece: Vec<u8>) -> Vec<u8> {
        let dots: Vec<usize> = memchr_iter(b'.', &piece)
            .filter(|&at| self.begins_line(&piece, at))
            .collect();
        if let Some(&last) = piece.last() {
            let second_last = match piece.len() {
                1 => self.before[1],
                length => piece[length - 2],
            };
            self.before = [second_last, last];
        }
        // Base64 has no dots, and most texts have none at the beginning of a line.
        if dots.is_empty() {
            return piece;
        }
        let mut stuffed = Vec::with_capacity(piece.len() + dots.len());
        let mut copied = 0;
        for at in dots {
            stuffed.extend_from_slice(&piece[copied..at]);
            stuffed.push(b'.');
            copied = at;
        }
        stuffed.extend_from_slice(&piece[copied..]);
        stuffed
    }

    /// What ends the mail after the last piece.
    pub(super) fn end(&self) -> &'static [u8] {
        match &self.before {
            b"\r\n" => b".\r\n",
            _ => b"\r\n.\r\n",
        }
    }

    fn begins_line(&self, piece: &[u8], at: usize) -> bool {
        let [first, second] = self.before;
        match at {
            0 => [first, second] == *b"\r\n",
            1 => [second, piece[0]] == *b"\r\n",
            _ => piece[at - 2..at] == *b"\r\n",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(content: &[u8], piece: usize) -> String {
        let mut transparency = Transparency::new();
        let mut sent = Vec::new();
        for piece in content.chunks(piece) {
            sent.extend(transparency.stuff(piece.to_vec()));
        }
        sent.extend_from_slice(transparency.end());
        String::from_utf8(sent).unwrap()
    }

    #[test]
    fn dots_are_doubled_at_the_beginning_of_lines_only() {
        let table = [
            ("", ".\r\n"),
            (".", "..\r\n.\r\n"),
            ("a", "a\r\n.\r\n"),
            ("a\r\n", "a\r\n.\r\n"),
            (".\r\n", "..\r\n.\r\n"),
            ("a\r\n.\r\nb.c\r\n", "a\r\n..\r\nb.c\r\n.\r\n"),
            ("..\r\n...", "...\r\n....\r\n.\r\n"),
            ("\r\n\r\n.x", "\r\n\r\n..x\r\n.\r\n"),
        ];
        for (content, expected) in table {
            for piece in 1..10 {
                assert_eq!(
                    sent(content.as_bytes(), piece),
                    expected,
                    "{content:?} by {piece}"
                );
            }
        }
    }
}
