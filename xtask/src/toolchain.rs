//! Which compiler builds the guests, and installing it where it is missing.
//!
//! In this order: the target that is there already, the target from rustup, Debian's own Rust for wasm
//! with the standard library built from source, and otherwise a message that says what to do.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cargo;
use crate::workspace::Workspace;

/// What guests are compiled for. A component made from it imports exactly what its world names.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Debian's packages, and where they put their programs.
const DEBIAN_PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";

/// A compiler for guests.
#[derive(Debug)]
pub(crate) enum Toolchain {
    /// The one that builds everything else.
    Own,
    /// Debian's, with the standard library built on the way.
    Debian {
        /// Debian brings none for wasm; this is the one of the other toolchain.
        linker: PathBuf,
    },
}

impl Toolchain {
    /// Finds one, installing what is missing.
    pub(crate) fn find() -> Result<Self> {
        if add_target(TARGET)? {
            return Ok(Self::Own);
        }
        if Path::new("/etc/debian_version").exists() && is_root() {
            eprintln!(
                "installing the distribution's {}",
                DEBIAN_PACKAGES.join(", ")
            );
            return Self::debian();
        }
        bail!(
            "no compiler for {TARGET}. Install the target with `rustup target add {TARGET}`; or, on \
             Debian, run `apt-get install {}` as root and try again as root",
            DEBIAN_PACKAGES.join(" ")
        );
    }

    fn debian() -> Result<Self> {
        let apt = || {
            let mut apt = Command::new("apt-get");
            apt.env("DEBIAN_FRONTEND", "noninteractive");
            apt
        };
        cargo::run(apt().args(["update", "--quiet"]))?;
        cargo::run(
            apt()
                .args(["install", "--quiet", "--yes", "--no-install-recommends"])
                .args(DEBIAN_PACKAGES),
        )?;
        Ok(Self::Debian { linker: linker()? })
    }

    /// `cargo build` for guests, without the packages to build.
    pub(crate) fn build(&self, workspace: &Workspace) -> Command {
        let mut command = match self {
            Self::Own => cargo::cargo(workspace),
            Self::Debian { .. } => Command::new(DEBIAN_CARGO),
        };
        command.current_dir(&workspace.root).args([
            "build",
            "--profile",
            "guest",
            "--target",
            TARGET,
        ]);
        if let Self::Debian { linker } = self {
            command
                .arg("-Zbuild-std=std,panic_abort")
                .env("RUSTC", DEBIAN_RUSTC)
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker)
                // Building the standard library is not stable; these two versions belong together.
                .env("RUSTC_BOOTSTRAP", "1");
        }
        command
    }
}

/// `cargo build` for guests of another target, which only this toolchain and rustup can have.
pub(crate) fn build_for(workspace: &Workspace, target: &str) -> Result<Command> {
    if !add_target(target)? {
        bail!("no compiler for {target}. Install the target with `rustup target add {target}`");
    }
    let mut command = cargo::cargo(workspace);
    command.args(["build", "--profile", "guest", "--target", target]);
    Ok(command)
}

/// True when the target is there now; rustup is asked for it when it is not.
fn add_target(target: &str) -> Result<bool> {
    if has_target(target)? {
        return Ok(true);
    }
    eprintln!("the target {target} is missing; asking rustup for it");
    match cargo::run(Command::new("rustup").args(["target", "add", target])) {
        Ok(()) if has_target(target)? => return Ok(true),
        Ok(()) => eprintln!("rustup added the target to another toolchain than this one"),
        Err(error) => eprintln!("{error:#}"),
    }
    Ok(false)
}

fn rustc() -> Command {
    Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}

fn has_target(target: &str) -> Result<bool> {
    let libraries = cargo::output(rustc().args(["--print", "target-libdir", "--target", target]))?;
    let libraries = String::from_utf8_lossy(&libraries.stdout);
    Ok(!libraries.is_empty() && Path::new(libraries.trim_end()).exists())
}

fn is_root() -> bool {
    cargo::read(Command::new("id").arg("-u")).is_ok_and(|id| id == "0")
}

/// The linker that comes with every toolchain of rustup.
fn linker() -> Result<PathBuf> {
    let sysroot = cargo::read(rustc().args(["--print", "sysroot"]))?;
    let host = cargo::read(rustc().args(["--print", "host-tuple"]))?;
    let linker = Path::new(&sysroot)
        .join("lib/rustlib")
        .join(host)
        .join("bin/rust-lld");
    linker
        .exists()
        .then_some(linker)
        .context("this Rust has no rust-lld; use one from https://rustup.rs")
}
