//! Saying why something failed.

use std::time::Duration;

use crate::raw::types::RetryHint;
use crate::{ErrorInfo, Failure};

impl ErrorInfo {
    /// An error with a code: a short word that a program can test, such as `connection-refused`.
    pub fn new(code: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            code: Some(code.into()),
            text: text.into(),
        }
    }
}

impl Failure {
    /// Worth trying again, when the port's policy says.
    pub fn retryable(error: impl Into<ErrorInfo>) -> Self {
        Self::Retryable(RetryHint {
            error: error.into(),
            after: None,
        })
    }

    /// Worth trying again, but not before this much time has passed.
    pub fn retryable_after(delay: Duration, error: impl Into<ErrorInfo>) -> Self {
        Self::Retryable(RetryHint {
            error: error.into(),
            after: Some(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX)),
        })
    }

    /// The same message would fail the same way.
    pub fn permanent(error: impl Into<ErrorInfo>) -> Self {
        Self::Permanent(error.into())
    }

    /// Why it failed.
    pub fn error(&self) -> &ErrorInfo {
        match self {
            Self::Retryable(hint) => &hint.error,
            Self::Permanent(error) => error,
        }
    }
}

impl From<String> for ErrorInfo {
    fn from(text: String) -> Self {
        Self { code: None, text }
    }
}

impl From<&str> for ErrorInfo {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_given_in_milliseconds() {
        let failure =
            Failure::retryable_after(Duration::from_secs(2), ErrorInfo::new("busy", "later"));
        let Failure::Retryable(hint) = failure else {
            panic!("{failure:?} is not retryable");
        };
        assert_eq!(hint.after, Some(2_000));
        assert_eq!(hint.error.code.as_deref(), Some("busy"));
    }
}
