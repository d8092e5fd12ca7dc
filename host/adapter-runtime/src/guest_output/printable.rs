//! A guest's text as one line of a log that people and programs read.

use std::fmt::{self, Write as _};

/// Shows control characters as escapes: a guest must not begin a line of its own, which would look like
/// one of the host's, nor tell a terminal anything.
pub(super) struct Printable<'a>(pub(super) &'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '\t' => f.write_char('\t')?,
                control if control.is_control() => write!(f, "{}", control.escape_default())?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_on_its_line_and_says_nothing_to_terminals() {
        let text = "panicked at x:\nüml\t\"quoted\"\r\u{1b}[31mred\u{85}";
        assert_eq!(
            Printable(text).to_string(),
            "panicked at x:\\nüml\t\"quoted\"\\r\\u{1b}[31mred\\u{85}"
        );
    }
}
