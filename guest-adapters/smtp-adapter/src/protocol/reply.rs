//! Replies of a server: taking them out of what has arrived, and reading them.

use std::fmt;

use smtp_proto::Error;
use smtp_proto::response::parser::ResponseReceiver;

use super::wire::Trouble;

/// More of a reply's text than this is of no use to a person.
const LONGEST_TEXT: usize = 400;

/// No reply is longer. The parser has a limit of its own, but not for lines of one character.
const LONGEST_REPLY: usize = 64 * 1024;

/// A reply: a code, perhaps an enhanced one (RFC 3463), and lines of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    /// From 200 to 599.
    pub(crate) code: u16,
    /// Such as 5.1.1.
    pub(crate) enhanced: Option<[u8; 3]>,
    /// Lines, without codes.
    pub(crate) text: String,
}

impl Reply {
    /// It was done.
    pub(crate) fn is_completion(&self) -> bool {
        self.code / 100 == 2
    }

    /// The server wants more.
    pub(crate) fn is_intermediate(&self) -> bool {
        self.code / 100 == 3
    }

    /// The same will not be accepted.
    pub(crate) fn is_permanent(&self) -> bool {
        self.code / 100 == 5
    }

    /// The server closes the connection, whatever it was asked.
    pub(crate) fn is_farewell(&self) -> bool {
        self.code == 421
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some([class, subject, detail]) = self.enhanced {
            write!(f, " {class}.{subject}.{detail}")?;
        }
        // One line, whatever the server has put into it: this ends up in logs and consoles.
        let text = self.text.replace('\n', " / ");
        let text: String = text.chars().take(LONGEST_TEXT).collect();
        let text = text.replace(char::is_control, " ");
        if text.is_empty() {
            Ok(())
        } else {
            write!(f, " {text}")
        }
    }
}

/// Replies that have arrived, whole ones and the beginning of the next.
#[derive(Default)]
pub(super) struct Replies {
    receiver: ResponseReceiver,
    unread: Vec<u8>,
    /// Bytes of the reply that is not whole yet.
    begun: usize,
}

impl Replies {
    /// Adds what has arrived.
    pub(super) fn arrived(&mut self, bytes: &[u8]) {
        self.unread.extend_from_slice(bytes);
    }

    /// The next reply, when it is whole.
    pub(super) fn next(&mut self) -> Result<Option<Reply>, Trouble> {
        let mut rest = self.unread.iter();
        let parsed = self.receiver.parse(&mut rest);
        let read = self.unread.len() - rest.len();
        self.unread.drain(..read);
        let response = match parsed {
            Ok(response) => response,
            Err(Error::NeedsMoreData { .. }) => {
                self.begun += read;
                return if self.begun > LONGEST_REPLY {
                    Err(endless())
                } else {
                    Ok(None)
                };
            }
            Err(Error::ResponseTooLong) => return Err(endless()),
            Err(error) => return Err(Trouble::Garbage(error.to_string())),
        };
        self.receiver.reset();
        self.begun = 0;
        if !(200..600).contains(&response.code) {
            let text = format!("its reply has the code {}", response.code);
            return Err(Trouble::Garbage(text));
        }
        Ok(Some(Reply {
            code: response.code,
            enhanced: (response.esc[0] != 0).then_some(response.esc),
            text: response.message,
        }))
    }
}

fn endless() -> Trouble {
    Trouble::Garbage("its reply does not end".to_owned())
}

impl fmt::Debug for Replies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Replies").field(&self.unread.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8], piece: usize) -> Vec<Reply> {
        let mut replies = Replies::default();
        let mut found = Vec::new();
        for piece in bytes.chunks(piece) {
            replies.arrived(piece);
            while let Some(reply) = replies.next().unwrap() {
                found.push(reply);
            }
        }
        found
    }

    #[test]
    fn replies_are_the_same_however_they_arrive() {
        let bytes =
            b"220 mail.example.org ESMTP\r\n250-mail.example.org\r\n250-SIZE 1000\r\n250 HELP\r\n\
                      550 5.1.1 <a@b.de>: no such user\r\n250 5 recipients\r\n354\r\n";
        let whole = all(bytes, bytes.len());
        let shown: Vec<_> = whole.iter().map(ToString::to_string).collect();
        let expected = [
            "220 mail.example.org ESMTP",
            "250 mail.example.org / SIZE 1000 / HELP",
            "550 5.1.1 <a@b.de>: no such user",
            "250 5 recipients",
            "354",
        ];
        assert_eq!(shown, expected);
        assert_eq!(whole[2].enhanced, Some([5, 1, 1]));
        for piece in 1..20 {
            assert_eq!(all(bytes, piece), whole, "in pieces of {piece}");
        }
    }

    #[test]
    fn every_line_may_have_the_enhanced_code() {
        let replies = all(b"554-5.7.1 Not\r\n554-5.7.1 from\r\n554 5.7.1 here\r\n", 7);
        assert_eq!(replies.len(), 1);
        assert_eq!(replies[0].to_string(), "554 5.7.1 Not / from / here");
    }

    #[test]
    fn what_is_no_reply_is_garbage() {
        let endless = b"250-x\r\n".repeat(10_000);
        let long = [&b"250 "[..], &b"x".repeat(10_000)].concat();
        let cases: [&[u8]; 6] = [
            b"HTTP/1.1 400 Bad Request\r\n",
            b"25x no\r\n",
            b"250?ok\r\n",
            b"999 too high\r\n",
            &endless,
            &long,
        ];
        for bytes in cases {
            let mut replies = Replies::default();
            replies.arrived(bytes);
            assert!(
                matches!(replies.next(), Err(Trouble::Garbage(_))),
                "{:?}",
                String::from_utf8_lossy(&bytes[..20.min(bytes.len())])
            );
        }
    }

    #[test]
    fn a_shown_reply_is_one_printable_line_and_not_long() {
        let reply = Reply {
            code: 550,
            enhanced: None,
            text: format!("no\u{1b}[31m\r\nway {}", "x".repeat(5_000)),
        };
        let shown = reply.to_string();
        assert!(shown.starts_with("550 no [31m  / way xxx"), "{shown}");
        assert!(shown.len() < LONGEST_TEXT + 10);
    }
}
