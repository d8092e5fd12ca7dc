//! What a server said in its answer to EHLO that it can do.

use super::reply::Reply;

/// The extensions that this client uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extensions {
    /// Commands may be sent in groups (RFC 2920).
    pub(crate) pipelining: bool,
    /// Lines may have octets above 127 (RFC 6152).
    pub(crate) eight_bit: bool,
    /// Addresses may have characters outside ASCII (RFC 6531).
    pub(crate) utf8: bool,
    /// The size of a mail may be announced (RFC 1870). 0: the server names no limit.
    pub(crate) size: Option<u64>,
    /// AUTH PLAIN (RFC 4616).
    pub(crate) auth_plain: bool,
    /// AUTH LOGIN: older, without an RFC, and the only one on many servers.
    pub(crate) auth_login: bool,
}

impl Extensions {
    /// Reads the answer to EHLO: the first line greets, every other one is an extension.
    pub(super) fn of(reply: &Reply) -> Self {
        let mut extensions = Self::default();
        for line in reply.text.lines().skip(1) {
            // `AUTH=PLAIN` is an old spelling, still seen beside the right one.
            let mut words = line.split([' ', '=']).filter(|word| !word.is_empty());
            let keyword = words.next().unwrap_or_default().to_ascii_uppercase();
            match keyword.as_str() {
                "PIPELINING" => extensions.pipelining = true,
                "8BITMIME" => extensions.eight_bit = true,
                "SMTPUTF8" => extensions.utf8 = true,
                "SIZE" => {
                    let limit = words.next().and_then(|limit| limit.parse().ok());
                    extensions.size = Some(limit.unwrap_or(0));
                }
                "AUTH" => words.for_each(|mechanism| extensions.add_mechanism(mechanism)),
                _ => {}
            }
        }
        extensions
    }

    fn add_mechanism(&mut self, name: &str) {
        self.auth_plain |= name.eq_ignore_ascii_case("PLAIN");
        self.auth_login |= name.eq_ignore_ascii_case("LOGIN");
    }

    /// The limit that a mail of this size is over.
    pub(crate) fn exceeded_by(&self, size: u64) -> Option<u64> {
        self.size.filter(|&limit| limit != 0 && size > limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Extensions {
        Extensions::of(&Reply {
            code: 250,
            enhanced: None,
            text: text.to_owned(),
        })
    }

    #[test]
    fn the_answer_of_a_real_server_is_read() {
        let text = "mail.example.org Hello [127.0.0.1]\nSIZE 104857600\n8BITMIME\nPIPELINING\nPIPECONNECT\n\
                    AUTH PLAIN LOGIN\nSMTPUTF8\nHELP";
        let expected = Extensions {
            pipelining: true,
            eight_bit: true,
            utf8: true,
            size: Some(104_857_600),
            auth_plain: true,
            auth_login: true,
        };
        assert_eq!(of(text), expected);
    }

    #[test]
    fn keywords_have_no_case_and_the_greeting_is_no_keyword() {
        assert_eq!(of("PIPELINING"), Extensions::default());
        let extensions = of("mail\npipelining\nSize\nAUTH=login\nauth cram-md5");
        assert!(extensions.pipelining && extensions.auth_login && !extensions.auth_plain);
        assert_eq!(extensions.size, Some(0));
    }

    #[test]
    fn only_a_named_limit_is_exceeded() {
        assert_eq!(of("x\nSIZE 100").exceeded_by(101), Some(100));
        assert_eq!(of("x\nSIZE 100").exceeded_by(100), None);
        assert_eq!(of("x\nSIZE").exceeded_by(u64::MAX), None);
        assert_eq!(of("x\nSIZE much").exceeded_by(u64::MAX), None);
        assert_eq!(of("x").exceeded_by(u64::MAX), None);
    }
}
