//! The program `sendport`; all of it is in the library beside this file.

#![forbid(unsafe_code)]

use std::process::ExitCode;

/// Many small allocations per message, freed on other threads than they were made on: a profile with the
/// system's allocator showed a seventh of all CPU time in it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    sendport::main()
}
