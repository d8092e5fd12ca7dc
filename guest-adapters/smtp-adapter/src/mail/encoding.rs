//! How a body travels: text as it is where lines allow it, everything else in base64.

use memchr::{memchr, memchr2_iter};

use super::content::Body;
use super::media_type::MediaType;

/// The longest line that SMTP carries, without its end (RFC 5322, 2.1.1).
const LONGEST_LINE: u64 = 998;

/// Octets in a line of base64, before encoding (RFC 2045, 6.8: lines of 76 characters).
pub(super) const BASE64_LINE: usize = 57;

/// A content transfer encoding (RFC 2045, 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Lines of ASCII.
    SevenBit,
    /// Lines with octets above 127; the server must allow them.
    EightBit,
    /// For everything; nothing is changed on the way.
    Base64,
}

/// What a body looks like, and so which encodings are right for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Lines, of a type that says so.
    Lines {
        /// Without octets above 127.
        ascii: bool,
        /// In bytes, each line with CRLF.
        length: u64,
        /// Base64 is not allowed: the type is a container of other parts (RFC 2045, 6.4).
        container: bool,
    },
    /// Bytes.
    Opaque,
    /// Bytes of a type that must be lines.
    Unencodable,
}

impl Shape {
    /// Looks at the body where that matters: an attachment arrives as it is, byte for byte, and so does
    /// what is no text.
    pub(super) fn of(content_type: &MediaType, is_attachment: bool, body: &impl Body) -> Self {
        let container = content_type.is_container();
        let is_text = content_type.is_text() && !is_attachment;
        if !container && !is_text {
            return Self::Opaque;
        }
        let mut survey = Survey::default();
        for piece in body.pieces() {
            survey.add(&piece);
        }
        match survey.finish() {
            Some((ascii, length)) => Self::Lines {
                ascii,
                length,
                container,
            },
            None if container => Self::Unencodable,
            None => Self::Opaque,
        }
    }

    /// The encoding for a server with or without 8BITMIME. Nothing: there is none.
    pub(super) fn encoding(self, eight_bit: bool) -> Option<Encoding> {
        match self {
            Self::Lines { ascii: true, .. } => Some(Encoding::SevenBit),
            Self::Lines { .. } if eight_bit => Some(Encoding::EightBit),
            Self::Lines {
                container: true, ..
            }
            | Self::Unencodable => None,
            Self::Lines { .. } | Self::Opaque => Some(Encoding::Base64),
        }
    }

    /// The length of a body of this size in an encoding, in bytes.
    pub(super) fn encoded_length(self, encoding: Encoding, size: u64) -> u64 {
        match (encoding, self) {
            (Encoding::SevenBit | Encoding::EightBit, Self::Lines { length, .. }) => length,
            _ => {
                let lines = size.div_ceil(BASE64_LINE as u64);
                size.div_ceil(3) * 4 + lines.saturating_sub(1) * 2
            }
        }
    }
}

/// What is known of a text so far.
#[derive(Debug, Default)]
struct Survey {
    /// It cannot be sent as lines.
    opaque: bool,
    above_127: bool,
    length: u64,
    /// Of the line that is not yet ended.
    line: u64,
    /// The last byte was a carriage return.
    returned: bool,
}

impl Survey {
    fn add(&mut self, piece: &[u8]) {
        if self.opaque || piece.is_empty() {
            return;
        }
        self.above_127 |= !piece.is_ascii();
        self.opaque |= memchr(0, piece).is_some();
        let mut begin = 0;
        for at in memchr2_iter(b'\r', b'\n', piece) {
            self.text(at - begin);
            begin = at + 1;
            if piece[at] == b'\r' {
                // Two of them in a row: the first has no line feed.
                self.opaque |= self.returned;
                self.returned = true;
            } else {
                self.returned = false;
                self.end_line();
                self.length += 2;
            }
        }
        self.text(piece.len() - begin);
    }

    fn text(&mut self, length: usize) {
        if length > 0 {
            self.opaque |= self.returned;
            self.line += length as u64;
            self.length += length as u64;
        }
    }

    fn end_line(&mut self) {
        self.opaque |= self.line > LONGEST_LINE;
        self.line = 0;
    }

    /// Whether it is ASCII, and how long it is. Nothing: it cannot be sent as lines.
    fn finish(mut self) -> Option<(bool, u64)> {
        self.end_line();
        (!self.opaque && !self.returned).then_some((!self.above_127, self.length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether it is ASCII, and how long it is, when it can be sent as lines.
    type Found = Option<(bool, u64)>;

    fn survey(text: &[u8], piece: usize) -> Found {
        let mut survey = Survey::default();
        text.chunks(piece).for_each(|piece| survey.add(piece));
        survey.finish()
    }

    #[test]
    fn text_is_lines_that_a_server_takes() {
        let longest = [&b"x".repeat(998)[..], b"\r\n"].concat();
        let too_long = [&b"x".repeat(999)[..], b"\n"].concat();
        let table: [(&[u8], Found); 14] = [
            (b"", Some((true, 0))),
            (b"a", Some((true, 1))),
            (b"a\nb\r\n", Some((true, 6))),
            (b"\n\n", Some((true, 4))),
            (b"\r\n\r\n", Some((true, 4))),
            ("ä\n".as_bytes(), Some((false, 4))),
            (b"\xff", Some((false, 1))),
            (&longest, Some((true, 1_000))),
            (&too_long, None),
            (&too_long[1..999], Some((true, 998))),
            (b"a\rb\n", None),
            (b"a\r\r\n", None),
            (b"a\r", None),
            (b"a\0b\n", None),
        ];
        for (text, expected) in table {
            for piece in [1, 2, 3, 5, 10_000] {
                assert_eq!(
                    survey(text, piece),
                    expected,
                    "{:?}",
                    String::from_utf8_lossy(text)
                );
            }
        }
    }

    #[test]
    fn the_type_decides_what_may_become_lines() {
        let of = |media_type: &str, is_attachment, body: &'static [u8]| {
            let content_type = MediaType::parse(media_type).unwrap();
            Shape::of(&content_type, is_attachment, &body)
        };
        let lines = |container| Shape::Lines {
            ascii: true,
            length: 3,
            container,
        };
        assert_eq!(of("text/plain", false, b"a\n"), lines(false));
        assert_eq!(of("text/plain", true, b"a\n"), Shape::Opaque);
        assert_eq!(of("text/plain", false, b"a\r"), Shape::Opaque);
        assert_eq!(of("application/json", false, b"a\n"), Shape::Opaque);
        assert_eq!(of("message/rfc822", true, b"a\n"), lines(true));
        assert_eq!(
            of("multipart/mixed; boundary=x", false, b"a\n"),
            lines(true)
        );
        assert_eq!(
            of("multipart/mixed; boundary=x", false, b"a\r"),
            Shape::Unencodable
        );
    }

    #[test]
    fn octets_above_127_need_a_server_that_takes_them() {
        let lines = |ascii, container| Shape::Lines {
            ascii,
            length: 3,
            container,
        };
        assert_eq!(lines(true, false).encoding(false), Some(Encoding::SevenBit));
        assert_eq!(lines(false, false).encoding(true), Some(Encoding::EightBit));
        assert_eq!(lines(false, false).encoding(false), Some(Encoding::Base64));
        assert_eq!(lines(false, true).encoding(false), None);
        assert_eq!(Shape::Opaque.encoding(true), Some(Encoding::Base64));
    }
}
