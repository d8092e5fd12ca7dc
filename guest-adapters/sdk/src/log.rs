//! The host's log.
//!
//! Asynchronous and synchronous adapters reach it through different imports, and a component must not
//! have the import of the other kind: the export macro says once which one it is.

use std::panic;
use std::sync::OnceLock;

pub use crate::raw::types::LogLevel;

/// The import that takes a line.
pub(crate) type Sink = fn(LogLevel, &str);

static SINK: OnceLock<Sink> = OnceLock::new();

/// For the adapter's author.
pub fn debug(text: &str) {
    write(LogLevel::Debug, text);
}

/// Worth knowing.
pub fn info(text: &str) {
    write(LogLevel::Info, text);
}

/// Nothing is lost, but look.
pub fn warn(text: &str) {
    write(LogLevel::Warn, text);
}

/// Somebody must act.
pub fn error(text: &str) {
    write(LogLevel::Error, text);
}

/// Writes a line. Outside of a component, in an author's unit tests, there is no log and nothing happens.
pub fn write(level: LogLevel, text: &str) {
    if let Some(sink) = SINK.get() {
        sink(level, text);
    }
}

/// Says where lines go, and logs every panic before it becomes a trap, which has no text: a component
/// has no standard error. The first call counts.
pub(crate) fn connect(sink: Sink) {
    if SINK.set(sink).is_ok() {
        panic::set_hook(Box::new(|panic| error(&panic.to_string())));
    }
}
