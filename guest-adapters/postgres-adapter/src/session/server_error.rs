//! An error as the server reports it.

use std::fmt;

use fallible_iterator::FallibleIterator as _;
use postgres_protocol::message::backend::ErrorFields;

use super::Broken;

/// What an error response says, as far as somebody reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ServerError {
    /// Five characters that a program can test; the first two are the class.
    pub(crate) sqlstate: String,
    /// The server ends the connection after it.
    pub(crate) fatal: bool,
    /// What happened.
    pub(crate) message: String,
    /// More about it, such as the key that is there already.
    pub(crate) detail: String,
    /// What to do about it.
    pub(crate) hint: String,
}

impl ServerError {
    /// Reads an error response or a notice.
    pub(super) fn read(mut fields: ErrorFields<'_>) -> Result<Self, Broken> {
        let mut error = Self::default();
        let mut severity = String::new();
        while let Some(field) = fields.next().map_err(Broken::malformed)? {
            // Before the login is through, the text has the encoding of the database.
            let value = String::from_utf8_lossy(field.value_bytes()).into_owned();
            match field.type_() {
                b'C' => error.sqlstate = value,
                b'M' => error.message = value,
                b'D' => error.detail = value,
                b'H' => error.hint = value,
                // V is the one that is never translated; servers before 9.6 do not send it.
                b'V' => severity = value,
                b'S' if severity.is_empty() => severity = value,
                _ => {}
            }
        }
        error.fatal = matches!(severity.as_str(), "FATAL" | "PANIC");
        Ok(error)
    }

    /// The first two characters of the SQLSTATE.
    pub(crate) fn class(&self) -> &str {
        self.sqlstate.get(..2).unwrap_or_default()
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (SQLSTATE {})", self.message, self.sqlstate)?;
        for more in [&self.detail, &self.hint] {
            if !more.is_empty() {
                write!(f, ". {}", more.trim_end_matches('.'))?;
            }
        }
        Ok(())
    }
}
