//! What the program says: results on the standard output, everything else on the standard error.
//!
//! `println!` panics when the reader has gone away (`sendport status | head -1`); these do not.

use std::io::{ErrorKind, Write as _};

use anyhow::Context as _;
use serde::Serialize;

/// Writes a result. A reader that has gone away has seen what it wanted.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("cannot write to the standard output")
        }
        _ => Ok(()),
    }
}

/// Writes a result as JSON.
pub(crate) fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(value).context("cannot write the answer as JSON")?;
    print(&format!("{text}\n"))
}

/// Writes a line for a person to the standard error.
pub(crate) fn complain(line: &str) {
    // There is nowhere left to report that the standard error is gone.
    drop(writeln!(std::io::stderr().lock(), "{line}"));
}
