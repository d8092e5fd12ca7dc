//! Building the fuzzer and the programs of the targets.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::instrument::{self, LIBFUZZER};
use crate::cargo::{cargo, output};
use crate::workspace::Workspace;

/// The programs, kept apart from what ordinary builds put into the target directory under their names.
#[derive(Debug)]
pub(super) struct Programs(PathBuf);

impl Programs {
    /// Builds what is not up to date.
    pub(super) fn build(workspace: &Workspace, targets: &[&str]) -> Result<Self> {
        let directory = workspace.target.join("fuzz");
        let programs = Self(directory.join("programs"));
        fs::create_dir_all(&programs.0)
            .with_context(|| format!("cannot create {}", programs.0.display()))?;
        let libfuzzer = libfuzzer(workspace, &directory.join("libfuzzer"))?;
        let mut build = cargo(workspace);
        // All of the workspace, so that its libraries have the features that every other command gives
        // them; but no more than these programs.
        build.args(["build", "--release", "--workspace"]);
        for target in targets {
            build.args(["--bin", target]);
        }
        build
            .env("RUSTC_WORKSPACE_WRAPPER", instrument::wrapper(&directory)?)
            .env(LIBFUZZER, libfuzzer);
        for told in told(&mut build)? {
            if let Some(file) = told["executable"].as_str() {
                programs.keep(Path::new(file))?;
            }
        }
        Ok(programs)
    }

    pub(super) fn of(&self, target: &str) -> PathBuf {
        self.0.join(target)
    }

    fn keep(&self, file: &Path) -> Result<()> {
        let name = file
            .file_name()
            .context("cargo names a program without a name")?;
        let copy = self.0.join(name);
        // Not written over: it may be running.
        drop(fs::remove_file(&copy));
        fs::copy(file, &copy).with_context(|| format!("cannot write {}", copy.display()))?;
        Ok(())
    }
}

/// The archive of libFuzzer, from the crate that brings its source. Built for itself, in a directory of
/// its own: what that crate needs would change how half of the workspace's libraries are built.
fn libfuzzer(workspace: &Workspace, directory: &Path) -> Result<PathBuf> {
    if output(Command::new("c++").arg("--version")).is_err() {
        bail!("no C++ compiler: install one (on Debian: apt-get install g++)");
    }
    let mut build = cargo(workspace);
    build
        .args(["build", "--release", "--package", "libfuzzer-sys"])
        .arg("--target-dir")
        .arg(directory)
        // As in the targets' manifest: without it the workspace has no such dependency.
        .env("RUSTFLAGS", "--cfg fuzzing");
    let told = told(&mut build)?;
    let directory = told.iter().find_map(|told| {
        let package = told["package_id"].as_str()?;
        let is_it = told["reason"] == "build-script-executed" && package.contains("libfuzzer-sys");
        is_it.then(|| told["out_dir"].as_str()).flatten()
    });
    let directory = directory.context("cargo does not say where it has built libfuzzer-sys")?;
    Ok(Path::new(directory).join("libfuzzer.a"))
}

/// What cargo tells programs about a build; people get to see what they always do.
fn told(build: &mut Command) -> Result<Vec<Value>> {
    build
        .arg("--message-format=json-render-diagnostics")
        .stderr(Stdio::inherit());
    let output = output(build)?;
    if !output.status.success() {
        bail!("the build failed ({})", output.status);
    }
    let lines = output.stdout.split(|byte| *byte == b'\n');
    let lines = lines.filter(|line| line.starts_with(b"{"));
    let told = lines.map(serde_json::from_slice);
    told.collect::<Result<_, _>>()
        .context("cargo prints no JSON")
}
