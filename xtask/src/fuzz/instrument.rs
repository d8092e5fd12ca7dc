//! Compiling for the fuzzer: this program as cargo's wrapper around rustc.
//!
//! Flags in the environment would be flags of every library, and wasmtime would be built a second time.
//! A wrapper of the workspace's own crates adds them where coverage is wanted, and nothing else is built
//! again. Cargo tells the results of different wrappers apart by their paths, so each set of flags has a
//! name of its own for this program.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// Where the wrapper finds the archive of libFuzzer.
pub(super) const LIBFUZZER: &str = "SENDPORT_LIBFUZZER";

/// How this program is called when it is the wrapper: this, and digits.
const NAME: &str = "instrument-";

/// What `cargo fuzz` compiles with, but for the address sanitizer, which needs a nightly compiler and
/// finds little in safe code.
const FLAGS: [&str; 8] = [
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    // The tables of several units of a crate are not kept together.
    "-Ccodegen-units=1",
    "-Cdebug-assertions=yes",
];

/// The wrapper: a link to this program under the name that stands for the flags.
pub(super) fn wrapper(directory: &Path) -> Result<PathBuf> {
    let digest = Sha256::digest(FLAGS.join(" "));
    let digits: String = digest.iter().take(6).map(|b| format!("{b:02x}")).collect();
    let wrapper = directory.join(format!("{NAME}{digits}"));
    let this = env::current_exe().context("cannot find this program's file")?;
    // There may be an older one.
    drop(fs::remove_file(&wrapper));
    fs::hard_link(&this, &wrapper)
        .or_else(|_| fs::copy(&this, &wrapper).map(drop))
        .with_context(|| format!("cannot make {}", wrapper.display()))?;
    Ok(wrapper)
}

/// Compiles, when this program has been called as the wrapper; then nothing else is to be done.
pub(crate) fn compile() -> Option<Result<ExitCode>> {
    let mut arguments = env::args();
    let name = arguments.next()?;
    let name = Path::new(&name).file_name()?.to_str()?;
    name.starts_with(NAME).then(|| rustc(arguments.collect()))
}

fn rustc(arguments: Vec<String>) -> Result<ExitCode> {
    let (program, arguments) = arguments.split_first().context("no compiler is named")?;
    let mut command = Command::new(program);
    command.args(arguments);
    if is_of_the_host(arguments) {
        command.args(FLAGS);
        if follows(arguments, "--crate-type", "bin") {
            let archive = env::var(LIBFUZZER).context("nobody says where libFuzzer is")?;
            command.arg(format!("-Clink-arg={archive}"));
            command.arg("-Clink-arg=-lstdc++");
        }
    }
    let status = command
        .status()
        .with_context(|| format!("cannot start {program}"))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(1)))
}

/// False for questions to the compiler, and for what runs inside of it or of cargo.
fn is_of_the_host(arguments: &[String]) -> bool {
    let name = arguments
        .iter()
        .position(|argument| argument == "--crate-name");
    let name = name.and_then(|at| arguments.get(at + 1));
    let asks = arguments
        .iter()
        .any(|argument| argument.starts_with("--print"));
    name.is_some_and(|name| !name.starts_with("build_script_"))
        && !asks
        && !follows(arguments, "--crate-type", "proc-macro")
}

fn follows(arguments: &[String], key: &str, value: &str) -> bool {
    arguments
        .windows(2)
        .any(|pair| pair[0] == key && pair[1] == value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_in_the_host_is_instrumented() {
        let of = |text: &str| {
            let arguments: Vec<String> = text.split(' ').map(str::to_owned).collect();
            is_of_the_host(&arguments)
        };
        assert!(of(
            "--crate-name model --edition=2024 lib.rs --crate-type lib"
        ));
        assert!(of("--crate-name configuration --crate-type bin"));
        assert!(!of("-vV"));
        assert!(!of(
            "- --crate-name ___ --print=file-names --crate-type bin"
        ));
        assert!(!of("--crate-name build_script_build --crate-type bin"));
        assert!(!of("--crate-name derive --crate-type proc-macro"));
    }
}
