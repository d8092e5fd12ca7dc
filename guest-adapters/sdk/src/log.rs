//! The host's log.

use std::panic;

use crate::raw::transport_proxy::{self, LogLevel};

/// For the adapter's author.
pub fn debug(text: &str) {
    transport_proxy::log(LogLevel::Debug, text);
}

/// Worth knowing.
pub fn info(text: &str) {
    transport_proxy::log(LogLevel::Info, text);
}

/// Nothing is lost, but look.
pub fn warn(text: &str) {
    transport_proxy::log(LogLevel::Warn, text);
}

/// Somebody must act.
pub fn error(text: &str) {
    transport_proxy::log(LogLevel::Error, text);
}

/// Logs a panic before it becomes a trap, which has no text. A component has no standard error.
pub(crate) fn log_panics() {
    panic::set_hook(Box::new(|panic| error(&panic.to_string())));
}
