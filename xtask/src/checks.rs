//! Tests, lints and benchmarks: cargo, with the environment they need.

use std::process::Command;
use std::time::Instant;

use anyhow::Result;

use crate::adapters;
use crate::cargo::{cargo, run};
use crate::workspace::Workspace;

/// The program that measures.
const BENCHMARKS: &str = "sendport-bench";

/// Builds what the tests start, then runs those whose names contain one of the filters, or all.
pub(crate) fn test(workspace: &Workspace, filters: &[String]) -> Result<()> {
    step("adapters", || adapters::build(workspace).map(drop))?;
    step("host", || build_host(workspace))?;
    step("tests", || {
        let mut tests = cargo(workspace);
        tests.args(["test", "--release", "--workspace"]);
        built(&mut tests, workspace);
        run(tests.arg("--").args(filters))
    })
}

/// Everything a change must pass beside the tests.
pub(crate) fn lint(workspace: &Workspace) -> Result<()> {
    step("tools", || component(workspace, "fmt", "rustfmt"))?;
    step("tools", || component(workspace, "clippy", "clippy"))?;
    step("format", || {
        run(cargo(workspace).args(["fmt", "--all", "--check"]))
    })?;
    step("lints", || {
        run(cargo(workspace)
            .args(["clippy", "--release", "--workspace", "--all-targets"])
            .args(["--", "--deny", "warnings"]))
    })?;
    step("documentation", || {
        run(cargo(workspace)
            .args(["doc", "--release", "--no-deps", "--workspace"])
            .env("RUSTDOCFLAGS", "--deny warnings"))
    })
}

/// Builds what the benchmarks start, then runs them.
pub(crate) fn bench(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    step("adapters", || adapters::build(workspace).map(drop))?;
    step("host", || build_host(workspace))?;
    let mut benchmarks = Command::new(workspace.binary(BENCHMARKS));
    run(built(&mut benchmarks, workspace).args(arguments))
}

/// Builds the host's program, and everything else: cargo unifies features over what one command builds,
/// so that naming one package would build wasmtime again for the next command that names another.
pub(crate) fn build_host(workspace: &Workspace) -> Result<()> {
    run(cargo(workspace).args(["build", "--release", "--workspace"]))
}

/// Runs one step, and says how long it took.
pub(crate) fn step(name: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    eprintln!("── {name}");
    let begin = Instant::now();
    let result = work();
    let word = if result.is_ok() { "done" } else { "FAILED" };
    eprintln!("── {name} {word} in {:.1} s", begin.elapsed().as_secs_f64());
    result
}

/// Tells tests and benchmarks where the adapters and the host are.
fn built<'a>(command: &'a mut Command, workspace: &Workspace) -> &'a mut Command {
    command
        .env("SENDPORT_ADAPTERS", workspace.adapters())
        .env("SENDPORT_BIN", workspace.host())
}

/// Adds a component of the toolchain when its cargo command is not there.
fn component(workspace: &Workspace, command: &str, name: &str) -> Result<()> {
    let version = crate::cargo::output(cargo(workspace).args([command, "--version"]))?;
    if version.status.success() {
        return Ok(());
    }
    run(Command::new("rustup").args(["component", "add", name]))
}
