//! What became of one delivery of one message.

use std::fmt;
use std::time::Duration;

use crate::{Properties, Response, Timestamp};

/// Why something failed, in the adapter's words. BizTalk's SetErrorInfo.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorInfo {
    /// A short machine-readable word, such as `http-503` or `connection-refused`.
    pub code: Option<String>,
    /// What a person should read.
    pub text: String,
}

impl ErrorInfo {
    /// An error with a code.
    pub fn new(code: &str, text: impl Into<String>) -> Self {
        Self {
            code: Some(code.to_owned()),
            text: text.into(),
        }
    }
}

impl fmt::Display for ErrorInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Some(code) => write!(f, "{} ({code})", self.text),
            None => f.write_str(&self.text),
        }
    }
}

/// Whether trying again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Yes: when the port's policy says.
    ByPolicy,
    /// Yes: not before this much time has passed (an HTTP answer's Retry-After, for instance).
    After(Duration),
    /// No: the same message would fail the same way.
    Never,
}

/// A failed attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Why.
    pub error: ErrorInfo,
    /// Whether to try again.
    pub retry: Retry,
}

impl Failure {
    /// A failure that the port's policy decides about.
    pub fn retryable(error: ErrorInfo) -> Self {
        Self {
            error,
            retry: Retry::ByPolicy,
        }
    }
}

/// What an adapter reported about a message, or the host found out.
///
/// Sources: the return value of TransmitMessage, the operations of IBTTransportBatch, the end of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Sent. The box deletes it (BizTalk's `true`, or DeleteMessage).
    Delivered,
    /// Sent, and the destination answered: deleted, and the response kept, in one transaction
    /// (SubmitResponseMessage).
    Answered(Response),
    /// An attempt failed; the port's policy decides what follows.
    Failed(Failure),
    /// The adapter wants it again (Resubmit); costs a retry like any failed attempt.
    Resubmit {
        /// Not before this time; the port's interval when absent.
        not_before: Option<Timestamp>,
        /// Properties to set for the redelivery (PropertiesToUpdate).
        carry: Properties,
    },
    /// The adapter gives this transport up (MoveToNextTransport).
    NextTransport(ErrorInfo),
    /// The adapter wants a person to look (MoveToSuspendQ).
    Suspend(ErrorInfo),
    /// Handed back untried or undecided, through no fault of its own: terminated, instance ended. Costs no retry.
    Returned,
    /// In flight in an instance that trapped, among others: costs no retry, redelivered alone to find the culprit.
    Suspect(ErrorInfo),
}
