//! One event of the log as it is written: nothing in it begins a line of its own.
//!
//! Events hold what adapters and destinations say. A text with line ends could pretend to be the host's
//! next event, so every line after the first is indented; what would move a terminal's cursor is spelled
//! out. Sequences that colour a terminal have been spelled out before, by `tracing_subscriber`.

use std::borrow::Cow;
use std::io::{self, Write};

const INDENT: &[u8] = b"\n    ";

/// Writes whole events, one with each call.
pub(super) struct Events<W>(pub(super) W);

impl<W: Write> Write for Events<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        self.0.write_all(&as_one(event))?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn as_one(event: &[u8]) -> Cow<'_, [u8]> {
    let (text, end) = match event.strip_suffix(b"\n") {
        Some(text) => (text, &b"\n"[..]),
        None => (event, &b""[..]),
    };
    // The formatter's own colours begin with an escape.
    let is_harmless = |byte: &u8| *byte >= b' ' || matches!(byte, b'\t' | 0x1b);
    if text.iter().all(is_harmless) {
        return Cow::Borrowed(event);
    }
    let mut one = Vec::with_capacity(event.len() + 64);
    for byte in text {
        match byte {
            b'\n' => one.extend_from_slice(INDENT),
            byte if is_harmless(byte) => one.push(*byte),
            byte => one.extend_from_slice(format!("\\x{byte:02x}").as_bytes()),
        }
    }
    one.extend_from_slice(end);
    Cow::Owned(one)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(event: &str) -> String {
        let mut log = Events(Vec::new());
        let length = log.write(event.as_bytes()).expect("a Vec takes everything");
        assert_eq!(length, event.len());
        String::from_utf8(log.0).expect("text")
    }

    #[test]
    fn an_event_of_one_line_stays_as_it_is() {
        for event in [
            "",
            "\n",
            "INFO all is well\n",
            "\tü \u{1b}[32mINFO\u{1b}[0m\n",
        ] {
            assert_eq!(written(event), event);
        }
    }

    #[test]
    fn no_text_begins_a_line_or_goes_back_to_its_beginning() {
        assert_eq!(
            written("WARN one\n2026 INFO two\rthree\0\n\n"),
            "WARN one\n    2026 INFO two\\x0dthree\\x00\n    \n"
        );
    }
}
