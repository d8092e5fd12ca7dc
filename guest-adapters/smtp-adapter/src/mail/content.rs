//! What follows DATA: the header, the body piece by piece in its encoding, and what closes it.
//!
//! No body is ever whole in memory.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memchr::memchr_iter;

use super::encoding::{BASE64_LINE, Encoding};
use crate::protocol::Problem;

/// How much of a body is in the instance at once.
pub(crate) const PIECE: u64 = 256 * 1024;

/// A body that can be read more than once.
pub(crate) trait Body {
    /// In bytes.
    fn size(&self) -> u64;

    /// From its beginning, in pieces.
    fn pieces(&self) -> impl Iterator<Item = Vec<u8>>;
}

/// The content of a mail.
#[derive(Debug)]
pub(crate) struct Content<'a, B> {
    head: Vec<u8>,
    encoding: Encoding,
    body: &'a B,
    tail: Vec<u8>,
}

impl<'a, B: Body> Content<'a, B> {
    pub(super) fn new(head: Vec<u8>, encoding: Encoding, body: &'a B, tail: Vec<u8>) -> Self {
        Self {
            head,
            encoding,
            body,
            tail,
        }
    }

    /// The size to announce, when the encoded body has this length: about what the server counts, which
    /// may add the end of the last line.
    pub(super) fn size(&self, body: u64) -> u64 {
        self.head.len() as u64 + body + self.tail.len() as u64
    }

    /// Piece by piece. The end is an error when the body is shorter than it said: then the host has
    /// taken the message back, and the mail must not be ended.
    pub(crate) fn pieces(self) -> impl Iterator<Item = Result<Vec<u8>, Problem>> {
        let Self {
            head,
            encoding,
            body,
            tail,
        } = self;
        let size = body.size();
        let mut encoder = Encoder::new(encoding);
        let mut found = 0;
        let mut rest = Some(tail);
        let mut pieces = body.pieces();
        let body = std::iter::from_fn(move || {
            if let Some(piece) = pieces.next() {
                found += piece.len() as u64;
                return Some(Ok(encoder.encode(piece)));
            }
            let tail = rest.take()?;
            if found != size {
                return Some(Err(Problem::Body { found, size }));
            }
            let mut last = encoder.finish();
            last.extend_from_slice(&tail);
            Some(Ok(last))
        });
        std::iter::once(Ok(head)).chain(body)
    }
}

/// Encodes a body that comes in pieces.
#[derive(Debug)]
enum Encoder {
    /// Ends every line with CRLF.
    Lines {
        /// The last byte was a carriage return.
        returned: bool,
    },
    /// Lines of 76 characters.
    Base64 {
        /// What does not fill a line yet.
        rest: Vec<u8>,
        /// A line was written.
        begun: bool,
    },
}

impl Encoder {
    fn new(encoding: Encoding) -> Self {
        match encoding {
            Encoding::SevenBit | Encoding::EightBit => Self::Lines { returned: false },
            Encoding::Base64 => Self::Base64 {
                rest: Vec::new(),
                begun: false,
            },
        }
    }

    fn encode(&mut self, piece: Vec<u8>) -> Vec<u8> {
        match self {
            Self::Lines { returned } => with_crlf(piece, returned),
            Self::Base64 { rest, begun } => {
                rest.extend_from_slice(&piece);
                let whole = rest.len() - rest.len() % BASE64_LINE;
                let encoded = base64_lines(&rest[..whole], begun);
                rest.drain(..whole);
                encoded
            }
        }
    }

    fn finish(&mut self) -> Vec<u8> {
        match self {
            Self::Lines { .. } => Vec::new(),
            Self::Base64 { rest, begun } => base64_lines(rest, begun),
        }
    }
}

/// Puts a carriage return before every line feed that has none.
fn with_crlf(piece: Vec<u8>, returned: &mut bool) -> Vec<u8> {
    let bare = |at: usize| match at.checked_sub(1) {
        Some(before) => piece[before] != b'\r',
        None => !*returned,
    };
    let bare: Vec<usize> = memchr_iter(b'\n', &piece).filter(|&at| bare(at)).collect();
    if let Some(&last) = piece.last() {
        *returned = last == b'\r';
    }
    if bare.is_empty() {
        return piece;
    }
    let mut lines = Vec::with_capacity(piece.len() + bare.len());
    let mut copied = 0;
    for at in bare {
        lines.extend_from_slice(&piece[copied..at]);
        lines.push(b'\r');
        copied = at;
    }
    lines.extend_from_slice(&piece[copied..]);
    lines
}

/// Lines of base64, with CRLF between them and none after the last one.
fn base64_lines(bytes: &[u8], begun: &mut bool) -> Vec<u8> {
    let lines = bytes.len().div_ceil(BASE64_LINE);
    let mut encoded = String::with_capacity(lines * (BASE64_LINE / 3 * 4 + 2));
    for line in bytes.chunks(BASE64_LINE) {
        if *begun {
            encoded.push_str("\r\n");
        }
        *begun = true;
        STANDARD.encode_string(line, &mut encoded);
    }
    encoded.into_bytes()
}

#[cfg(test)]
impl Body for &[u8] {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn pieces(&self) -> impl Iterator<Item = Vec<u8>> {
        self.chunks(1_000).map(<[u8]>::to_vec)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(encoding: Encoding, body: &[u8], piece: usize) -> Vec<u8> {
        let mut encoder = Encoder::new(encoding);
        let mut encoded = Vec::new();
        for piece in body.chunks(piece) {
            encoded.extend(encoder.encode(piece.to_vec()));
        }
        encoded.extend(encoder.finish());
        encoded
    }

    #[test]
    fn lines_end_in_crlf_whatever_they_ended_in() {
        for piece in 1..10 {
            let lines = encoded(Encoding::EightBit, b"a\nb\r\n\n\r\nc", piece);
            assert_eq!(lines, b"a\r\nb\r\n\r\n\r\nc", "in pieces of {piece}");
        }
    }

    #[test]
    fn base64_is_the_same_however_the_body_comes() {
        let body: Vec<u8> = (0..1_000_u32).map(|n| (n * n % 251) as u8).collect();
        for length in [0, 1, 56, 57, 58, 114, 1_000] {
            let body = &body[..length];
            let whole = encoded(Encoding::Base64, body, 10_000);
            let text = String::from_utf8(whole.clone()).unwrap();
            assert!(text.split("\r\n").all(|line| line.len() <= 76), "{text}");
            let decoded = STANDARD.decode(text.replace("\r\n", "")).unwrap();
            assert_eq!(decoded, body);
            for piece in [1, 7, 57, 100] {
                assert_eq!(
                    encoded(Encoding::Base64, body, piece),
                    whole,
                    "in pieces of {piece}"
                );
            }
        }
    }

    /// A body that ends before it should, as one does that the host has taken back.
    struct Short;

    impl Body for Short {
        fn size(&self) -> u64 {
            10
        }

        fn pieces(&self) -> impl Iterator<Item = Vec<u8>> {
            [b"abc".to_vec()].into_iter()
        }
    }

    #[test]
    fn a_body_that_breaks_off_ends_in_an_error_and_not_in_the_tail() {
        let content = Content::new(b"h".to_vec(), Encoding::SevenBit, &Short, b"t".to_vec());
        let pieces: Vec<_> = content.pieces().collect();
        let lost = Problem::Body { found: 3, size: 10 };
        assert_eq!(pieces, [Ok(b"h".to_vec()), Ok(b"abc".to_vec()), Err(lost)]);
    }
}
