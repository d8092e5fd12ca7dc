//! NDJSON: one JSON text per line, one message per line.
//!
//! The lines are checked and cut, not copied: each message's body is a piece of the whole text.

use bytes::Bytes;
use memchr::memchr_iter;
use message_box::{NewBody, NewMessage};
use model::{Priority, Properties};
use serde::de::IgnoredAny;

/// Why a text is not a sequence of messages. Lines and columns count from 1, columns in bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NdjsonError {
    /// A line is not JSON.
    #[error("line {line}, column {column}: {problem}; no line was accepted")]
    Line {
        /// Which line.
        line: usize,
        /// Where in the line.
        column: usize,
        /// What is wrong there.
        problem: String,
    },
    /// Every line is empty.
    #[error("there is no message: every line is empty")]
    Empty,
    /// More than one transaction takes.
    #[error("there are more than {limit} messages; send them in several requests")]
    TooMany {
        /// The most there may be.
        limit: usize,
    },
}

/// Cuts the text into messages, one per line that is not empty.
///
/// All get the same properties and priority. The whole text is refused for one bad line.
pub fn messages(
    text: &Bytes,
    properties: &Properties,
    priority: Priority,
    limit: usize,
) -> Result<Vec<NewMessage>, NdjsonError> {
    let valid = checked_utf8(text)?;
    let mut messages = Vec::new();
    let ends = memchr_iter(b'\n', text).chain([text.len()]);
    let mut start = 0;
    for (nth, end) in ends.enumerate() {
        let line = &valid[start..end];
        // Files from Windows end their lines with both.
        let line = line.strip_suffix('\r').unwrap_or(line);
        if !line.trim_ascii().is_empty() {
            if messages.len() == limit {
                return Err(NdjsonError::TooMany { limit });
            }
            check(nth + 1, line)?;
            let body = NewBody::Inline(text.slice_ref(line.as_bytes()));
            messages.push(NewMessage {
                priority,
                ..NewMessage::new(body, properties.clone())
            });
        }
        start = end + 1;
    }
    if messages.is_empty() {
        return Err(NdjsonError::Empty);
    }
    Ok(messages)
}

/// The whole text at once: far quicker than line by line.
fn checked_utf8(text: &[u8]) -> Result<&str, NdjsonError> {
    std::str::from_utf8(text).map_err(|error| {
        let before = &text[..error.valid_up_to()];
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        NdjsonError::Line {
            line: memchr_iter(b'\n', before).count() + 1,
            column: before.len() - line_start + 1,
            problem: "not UTF-8".to_owned(),
        }
    })
}

fn check(number: usize, line: &str) -> Result<(), NdjsonError> {
    match serde_json::from_str::<IgnoredAny>(line) {
        Ok(IgnoredAny) => Ok(()),
        Err(error) => Err(NdjsonError::Line {
            line: number,
            column: error.column(),
            problem: json_problem(&error),
        }),
    }
}

/// The parser's message without its own line and column, which are not the request's.
pub(crate) fn json_problem(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((problem, _)) => problem.to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &'static str) -> Result<Vec<String>, NdjsonError> {
        let text = Bytes::from_static(text.as_bytes());
        let messages = messages(&text, &Properties::default(), Priority::default(), 3)?;
        let bodies = messages.into_iter().map(|message| match message.body {
            NewBody::Inline(body) => String::from_utf8(body.to_vec()).unwrap(),
            NewBody::Staged(_) => panic!("a line is never staged"),
        });
        Ok(bodies.collect())
    }

    #[test]
    fn every_line_that_is_not_empty_is_a_message() {
        let read = read(" {\"a\":1}\r\n\n \t \n[2, 3] \n\"drei\"").unwrap();
        assert_eq!(read, [" {\"a\":1}", "[2, 3] ", "\"drei\""]);
    }

    #[test]
    fn a_bad_line_is_named() {
        let cases = [
            ("{}\n{]\n", "line 2, column 2: "),
            ("\n\n  nul", "line 3, column 5: "),
            ("{} {}", "line 1, column 4: trailing characters; "),
        ];
        for (text, expected) in cases {
            let error = read(text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{text:?}: {error}");
            assert!(error.ends_with("; no line was accepted"), "{error}");
        }
    }

    #[test]
    fn text_that_is_not_utf8_is_named_too() {
        let text = Bytes::from_static(b"{}\n\"\xff\"\n");
        let error = messages(&text, &Properties::default(), Priority::default(), 3).unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 2, column 2: not UTF-8; no line was accepted"
        );
    }

    #[test]
    fn none_and_too_many() {
        assert_eq!(read(""), Err(NdjsonError::Empty));
        assert_eq!(read("\n \r\n"), Err(NdjsonError::Empty));
        assert_eq!(read("1\n2\n3\n").map(|read| read.len()), Ok(3));
        assert_eq!(read("1\n2\n3\n4"), Err(NdjsonError::TooMany { limit: 3 }));
    }
}
