//! Errors of the other rooms as problems.

use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::http::StatusCode;
use dispatcher::{ControlError, Refusal};

use super::Problem;
use crate::message_error::MessageError;
use crate::suspended::code;

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        match refusal {
            Refusal::UnknownPort { .. } => Self::unknown_port(detail),
            Refusal::Terminating { .. } => Self::unavailable(detail),
            Refusal::Unenlisted { .. } => {
                let status = StatusCode::SERVICE_UNAVAILABLE;
                let title = "The port is out of service";
                Self::new(status, "unenlisted", title, detail)
            }
            Refusal::BacklogFull {
                limit, retry_after, ..
            } => {
                let status = StatusCode::TOO_MANY_REQUESTS;
                let title = "Too many messages are waiting";
                Self::new(status, "backlog-full", title, detail)
                    .with("limit", limit)
                    .retry_after(retry_after)
            }
            _ => {
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                let title = "The port cannot take this message";
                Self::new(status, "unacceptable-message", title, detail)
            }
        }
    }
}

impl From<ControlError> for Problem {
    fn from(error: ControlError) -> Self {
        let detail = error.to_string();
        match error {
            ControlError::UnknownPort { .. } => Self::unknown_port(detail),
            ControlError::UnknownAdapter { .. } => {
                let title = "No such adapter";
                Self::new(StatusCode::NOT_FOUND, "unknown-adapter", title, detail)
            }
            ControlError::Terminating | ControlError::StillTerminating { .. } => {
                Self::unavailable(detail)
            }
            ControlError::Storage(error) => error.into(),
            _ => {
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                Self::new(status, "start-failed", "The port does not start", detail)
            }
        }
    }
}

impl From<message_box::Error> for Problem {
    fn from(error: message_box::Error) -> Self {
        use message_box::{Error, Refusal as Reason};
        let detail = error.to_string();
        match error {
            Error::Full { .. } | Error::DiskFull { .. } => {
                let status = StatusCode::INSUFFICIENT_STORAGE;
                Self::new(status, "box-full", "The message box is full", detail)
            }
            Error::IdempotencyConflict { .. } => {
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                let title = "The idempotency key belongs to another request";
                Self::new(status, "idempotency-conflict", title, detail)
            }
            Error::TooLarge { limit, .. } => {
                let status = StatusCode::PAYLOAD_TOO_LARGE;
                Self::new(status, "message-too-large", "Message too large", detail)
                    .with("limit", limit)
            }
            Error::Refused { reason, .. } => match reason {
                Reason::Unknown => Self::unknown_message(detail),
                _ => Self::new(
                    StatusCode::CONFLICT,
                    code(reason),
                    "The message is in another state",
                    detail,
                ),
            },
            Error::CursorLost { .. } => {
                let title = "The page is forgotten";
                Self::new(StatusCode::GONE, "cursor-lost", title, detail)
            }
            Error::Closed => Self::unavailable("the host is stopping; try again later"),
            other => Self::internal(&other),
        }
    }
}

impl From<MessageError> for Problem {
    fn from(error: MessageError) -> Self {
        let detail = error.to_string();
        match error {
            MessageError::Malformed(_) => Self::malformed(detail),
            MessageError::NotEdited(_) => {
                let title = "There is no other original";
                Self::new(StatusCode::NOT_FOUND, "not-edited", title, detail)
            }
            MessageError::Box(error) => error.into(),
        }
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Self {
        Self::malformed(rejection.body_text())
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::malformed(rejection.body_text())
    }
}

impl From<BytesRejection> for Problem {
    fn from(rejection: BytesRejection) -> Self {
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => {
                let title = "Body too large";
                let detail = "the JSON body is too large; ask for less at once";
                Self::new(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "body-too-large",
                    title,
                    detail,
                )
            }
            _ => Self::malformed(rejection.body_text()),
        }
    }
}
