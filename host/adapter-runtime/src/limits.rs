//! What an instance may take, and what it is told when it wants more.
//!
//! A guest that asks for too much memory or too many table elements gets what every program gets on a
//! full machine: its request fails. Everything else ends the instance by a trap, and the trap names the
//! key of the port's configuration that allows more.

mod growth;
mod host_memory;
mod reason;

use std::time::Duration;

use wasmtime::Store;

use crate::context::Context;

pub(crate) use growth::Growth;
pub(crate) use host_memory::{HostMemory, Kept};
pub(crate) use reason::reason;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// Limits of every instance of a port's adapters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory of all the instance's modules together, in bytes.
    pub memory: usize,
    /// Guest CPU time for one message, and without a break of the event loop.
    pub cpu_per_message: Duration,
    /// Guest CPU time of all instances of one transport together within a second. Beyond it they pause.
    pub cpu_per_second: Option<Duration>,
    /// Handles the instance may hold: messages, batches, streams, files, sockets.
    pub handles: usize,
    /// Bytes that the guest may hand to the host in one call.
    pub host_call_bytes: usize,
    /// Bytes that the host keeps for the instance between calls: headers of requests, texts of errors,
    /// properties. Responses are not among them; the port's `max-response` bounds those.
    pub host_memory: usize,
    /// Lines of log within a second; errors that the adapter reports count as lines.
    pub log_lines: u32,
    /// Bytes of log within a second.
    pub log_bytes: usize,
}

impl Default for Limits {
    /// What a decent adapter never notices.
    fn default() -> Self {
        Self {
            // Four times what the largest of our own adapters takes under load.
            memory: 64 * MIB,
            // Our own adapters use a ten-thousandth of it.
            cpu_per_message: Duration::from_secs(1),
            cpu_per_second: None,
            // A message in flight takes about five; the default of 128 open calls takes 640. wasi:http
            // keeps up to `FIELDS` bytes behind each, which makes 160 MiB at worst.
            handles: 5_000,
            // The largest value that is handed over whole is a response: 1 MiB by default.
            host_call_bytes: 16 * MIB,
            // Headers of a request are a kilobyte or two.
            host_memory: 16 * MIB,
            log_lines: 200,
            log_bytes: 256 * KIB,
        }
    }
}

/// Elements of all tables together: a pointer each, so 8 MiB. Python's interpreter has some 10,000.
pub(crate) const TABLE_ELEMENTS: usize = 1_000_000;
/// Core module instances. Components of dynamically linked languages have dozens.
const CORE_INSTANCES: usize = 256;
/// Their linear memories; each reserves address space.
const CORE_MEMORIES: usize = 32;
/// Their tables.
const CORE_TABLES: usize = 256;
/// Entries of wasmtime's own table of tasks, threads, streams and futures for every handle: a call that
/// is open has three.
const TASKS_PER_HANDLE: usize = 4;
/// Headers of one request or answer in wasi:http.
pub(crate) const FIELDS: usize = 32 * KIB;
/// Names and values together of the properties that an adapter sets on a message, or on a response.
pub(crate) const PROPERTIES: usize = 64 * KIB;

/// Names and values of a message's properties, with those that adapters carry from attempt to attempt: as
/// many as a publisher may give it.
pub(crate) const CARRIED: usize = 1024 * KIB;
/// What a pair of texts takes beside its bytes.
pub(crate) const PAIR: usize = size_of::<(String, String)>();
/// An error's text as the host keeps it, in bytes; what is longer is cut.
const ERROR_TEXT: usize = 8 * KIB;
/// An error's code.
const ERROR_CODE: usize = 128;

/// Too much. The texts are for the operator: what happened, and which key says what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Exceeded {
    #[error(
        "interrupted: the guest computed for {used:?} without a break; the port allows {limit:?} (limits.cpu-per-message)"
    )]
    CpuStretch { used: Duration, limit: Duration },
    #[error(
        "interrupted: the guest used {used:?} of CPU for one message; the port allows {limit:?} (limits.cpu-per-message)"
    )]
    CpuMessage { used: Duration, limit: Duration },
    #[error(
        "interrupted: the guest called the host over and over and kept everything else of its instance waiting for {held_up:?}, more than ten times the {limit:?} of limits.cpu-per-message"
    )]
    HoldUp { held_up: Duration, limit: Duration },
    #[error(
        "the host would have to keep more than {limit} bytes for the instance; that is what the port allows (limits.host-memory)"
    )]
    HostMemory { limit: usize },
    #[error(
        "the guest wants to set properties of {size} bytes on a message, of which {PROPERTIES} are allowed"
    )]
    Carry { size: usize },
}

impl Limits {
    /// Applies those that wasmtime watches over. CPU time is [`crate::cpu`]'s.
    pub(crate) fn apply(&self, store: &mut Store<Context>) {
        store.limiter(|context| &mut context.growth);
        store.set_max_component_handles(self.handles);
        store.set_hostcall_fuel(self.host_call_bytes);
        if let Some(table) = store.concurrent_resource_table() {
            table.set_max_capacity(self.handles.saturating_mul(TASKS_PER_HANDLE));
        }
    }
}

/// An error's text and code as far as the host keeps them, without what a terminal would obey: they end up
/// in logs and in front of operators.
pub(crate) fn cut_error(mut code: Option<String>, mut text: String) -> (Option<String>, String) {
    let cut = |text: &mut String, longest: usize| {
        if text.len() > longest {
            text.truncate(text.floor_char_boundary(longest));
            text.shrink_to_fit();
        }
    };
    cut(&mut text, ERROR_TEXT);
    if let Some(code) = &mut code {
        cut(code, ERROR_CODE);
    }
    (code.map(harmless), harmless(text))
}

/// Control characters as escapes, but for line ends and tabs.
fn harmless(text: String) -> String {
    let obeyed = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if !text.contains(obeyed) {
        return text;
    }
    let mut harmless = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match obeyed(character) {
            true => harmless.extend(character.escape_default()),
            false => harmless.push(character),
        }
    }
    harmless
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_guest_says_about_an_error_is_kept_as_far_as_anybody_reads() {
        let (code, text) = cut_error(Some("x".repeat(1000)), "ü".repeat(1 << 20));
        assert_eq!(code.map(|code| code.len()), Some(ERROR_CODE));
        assert_eq!((text.len(), text.capacity()), (ERROR_TEXT, ERROR_TEXT));
        let (code, text) = cut_error(Some("a\r".to_owned()), "b\n\tc\u{1b}[2J\u{9b}".to_owned());
        assert_eq!(code.as_deref(), Some("a\\r"));
        assert_eq!(text, "b\n\tc\\u{1b}[2J\\u{9b}");
        let short = cut_error(None, "ü".to_owned());
        assert_eq!(short, (None, "ü".to_owned()));
    }
}
