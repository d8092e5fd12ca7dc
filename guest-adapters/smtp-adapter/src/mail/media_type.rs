//! The type of a body: `text/plain; charset=utf-8`.

use std::fmt;

use lettre::message::header::{ContentType, Headers};

/// A content type that a header can carry.
#[derive(Clone, Debug)]
pub(crate) struct MediaType {
    header: ContentType,
    text: String,
}

impl MediaType {
    /// Reads one. Nothing: the text is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let header = ContentType::parse(text).ok()?;
        let mut headers = Headers::new();
        headers.set(header.clone());
        let text = headers.get_raw("Content-Type")?.to_owned();
        // The parser takes `text/` for a type.
        let (_, subtype) = text.split_once('/')?;
        subtype
            .starts_with(|c: char| c.is_ascii_alphanumeric())
            .then_some(Self { header, text })
    }

    /// For the header.
    pub(super) fn header(&self) -> ContentType {
        self.header.clone()
    }

    /// A person reads it as it is.
    pub(super) fn is_text(&self) -> bool {
        self.text.starts_with("text/")
    }

    /// Has parts of its own, and so must not be encoded (RFC 2045, 6.4).
    pub(super) fn is_container(&self) -> bool {
        self.text.starts_with("multipart/") || self.text.starts_with("message/")
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_no_case_and_no_line_ends() {
        let of = |text: &str| MediaType::parse(text).unwrap();
        assert!(of("TEXT/Plain; charset=UTF-8").is_text());
        assert!(of("Message/rfc822").is_container());
        assert!(of("multipart/mixed; boundary=x").is_container());
        let json = of("application/json");
        assert!(!json.is_text() && !json.is_container());
        assert_eq!(json.to_string(), "application/json");
        for text in [
            "",
            "text",
            "text/",
            "text/plain\r\nBcc: eve@x.de",
            "text/plain\n",
            "text plain",
        ] {
            assert!(MediaType::parse(text).is_none(), "{text:?}");
        }
    }
}
