//! Lists of mailboxes as operators and publishers write them: `Ann <ann@example.org>, bob@example.org`.

use lettre::Address;
use lettre::message::{Mailbox, Mailboxes};

/// A text that names no mailbox, or something that must not get into a mail.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no mailbox; write an address such as ann@example.org, or a name and an address such as \
     Ann <ann@example.org>; quote a name with a comma in it"
)]
pub(crate) struct BadMailbox(String);

/// Reads a list, separated by commas. Nothing is an empty list.
pub(crate) fn parse_list(text: &str) -> Result<Vec<Mailbox>, BadMailbox> {
    let parts = split(text).into_iter().map(str::trim);
    parts
        .filter(|part| !part.is_empty())
        .map(parse_one)
        .collect()
}

/// Reads one mailbox.
pub(crate) fn parse_one(text: &str) -> Result<Mailbox, BadMailbox> {
    let bad = || BadMailbox(text.to_owned());
    if text.chars().any(char::is_control) {
        return Err(bad());
    }
    let text = text.trim();
    // The list's parser is the one that takes nothing after the mailbox. Only that of an address alone
    // knows `ann@[192.0.2.1]`.
    let mailbox = match text.parse::<Mailboxes>() {
        Ok(list) => list.into_single().ok_or_else(bad)?,
        Err(_) => text.parse::<Address>().map_err(|_| bad())?.into(),
    };
    // Stands between angle brackets in a command of its own line.
    let address: &str = mailbox.email.as_ref();
    let breaks_out = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>');
    if address.contains(breaks_out) {
        return Err(bad());
    }
    Ok(mailbox)
}

/// Parts between commas that are in no quotes and no angle brackets.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut begin) = (Vec::new(), 0);
    let (mut quoted, mut angled, mut escaped) = (false, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '<' if !quoted => angled = true,
            '>' if !quoted => angled = false,
            ',' if !quoted && !angled => {
                parts.push(&text[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[begin..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let list = parse_list(text).unwrap();
        list.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn lists_are_separated_by_commas_outside_of_names() {
        assert_eq!(read(""), [""; 0]);
        assert_eq!(read(" , "), [""; 0]);
        assert_eq!(read(" a@x.de ,b@x.de,"), ["a@x.de", "b@x.de"]);
        assert_eq!(
            read("Ann Lee <a@x.de>, \"Groß, Jörg\" <j@x.de>, Dr. No <n@x.de>, <o'neil+x@x.de>"),
            [
                "Ann Lee <a@x.de>",
                "\"Groß, Jörg\" <j@x.de>",
                "\"Dr. No\" <n@x.de>",
                "o'neil+x@x.de"
            ]
        );
        assert_eq!(
            read("jörg@müller.de, a@localhost"),
            ["jörg@müller.de", "a@localhost"]
        );
        assert_eq!(read("a@[192.0.2.1]"), ["a@[192.0.2.1]"]);
    }

    #[test]
    fn what_is_no_mailbox_is_named() {
        let wrong = [
            "ann",
            "@x.de",
            "a@",
            "a@x.de b@x.de",
            "a@x.de; b@x.de",
            "Groß, Jörg <j@x.de>",
            "a@x.de\r\nBcc: b@x.de",
            "a@x.de>\r\nRCPT TO:<b@x.de",
            "Ann\r\nBcc: b@x.de <a@x.de>",
            "a b@x.de",
            "<a@x.de> <b@x.de>",
            "a@x.de\0",
        ];
        for text in wrong {
            let error = parse_list(text).expect_err(text).to_string();
            assert!(error.contains("is no mailbox"), "{error}");
        }
        let error = parse_list("a@x.de, bob, c@x.de").unwrap_err();
        assert_eq!(error, BadMailbox("bob".to_owned()));
    }
}
