//! What the synchronous probes can be told, by the property `probe` of a message. Both have this file.
//!
//! - `ok`; `respond`, which leaves the property `body` with the host as a response first;
//! - `retryable`, `retryable-after` (property `after-ms`), `permanent`;
//! - `set-error-info`, which complains and succeeds;
//! - `trap` and `spin`, which no call survives.
//!
//! The property `first`, if there is one, stands for `probe` at the first attempt.

use crate::bindings::sendport::adapter::sync_transport_proxy;
use crate::bindings::sendport::adapter::types::{
    ErrorInfo, Failure, LogLevel, Message, Response, RetryHint,
};

/// What the message says.
pub(crate) fn probe(msg: &Message) -> String {
    let first = msg.property("first").filter(|_| msg.attempt() == 1);
    let probe = first.or_else(|| msg.property("probe"));
    probe.unwrap_or_else(|| "ok".to_owned())
}

/// Does it.
pub(crate) fn act(probe: &str, msg: &Message) -> Result<(), Failure> {
    match probe {
        "ok" => Ok(()),
        "respond" => msg
            .submit_response(&Response {
                properties: vec![("answered-by".to_owned(), "probe".to_owned())],
                body: msg.property("body").unwrap_or_default().into_bytes(),
            })
            .map_err(Failure::Permanent),
        "retryable" => Err(retryable(None)),
        "retryable-after" => Err(retryable(Some(number(msg, "after-ms")))),
        "permanent" => Err(permanent("the probe was told to fail for good")),
        "set-error-info" => {
            sync_transport_proxy::set_error_info(&error("the probe was told to complain"));
            Ok(())
        }
        "trap" => core::arch::wasm32::unreachable(),
        "spin" => loop {
            std::hint::spin_loop();
        },
        _ => Err(permanent(&format!("there is no probe {probe:?}"))),
    }
}

pub(crate) fn permanent(text: &str) -> Failure {
    Failure::Permanent(error(text))
}

pub(crate) fn log(text: &str) {
    sync_transport_proxy::log(LogLevel::Info, text);
}

fn retryable(after: Option<u64>) -> Failure {
    Failure::Retryable(RetryHint {
        error: error("the probe was told to fail"),
        after,
    })
}

fn error(text: &str) -> ErrorInfo {
    ErrorInfo {
        code: Some("probe".to_owned()),
        text: text.to_owned(),
    }
}

fn number(msg: &Message, property: &str) -> u64 {
    let text = msg.property(property).unwrap_or_default();
    text.parse()
        .unwrap_or_else(|_| panic!("property {property} = {text:?} is no number"))
}
