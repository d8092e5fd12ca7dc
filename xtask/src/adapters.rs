//! Building guests: core modules by cargo, components by `wit-component`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use wit_component::ComponentEncoder;

use crate::cargo;
use crate::toolchain::{self, TARGET, Toolchain};
use crate::workspace::{Guest, Workspace};

/// Builds every guest of the workspace; returns the directory of the components.
pub(crate) fn build(workspace: &Workspace) -> Result<PathBuf> {
    let guests = &workspace.guests;
    if guests.is_empty() {
        bail!("no crate of the workspace has package.metadata.sendport.component = true");
    }
    let (others, usual): (Vec<_>, Vec<_>) = guests.iter().partition(|g| g.target.is_some());
    let mut build = Toolchain::find()?.build(workspace);
    for guest in &usual {
        build.args(["--package", &guest.package]);
    }
    cargo::run(&mut build)?;

    let adapters = workspace.adapters();
    fs::create_dir_all(&adapters)
        .with_context(|| format!("cannot create {}", adapters.display()))?;
    println!("{}", adapters.display());
    for guest in usual {
        let component = componentize(workspace, guest)
            .with_context(|| format!("cannot make a component of {}", guest.package))?;
        put(&adapters, guest, &component)?;
    }
    for guest in others {
        // One test needs it, and says so. Whoever cannot have its target can have everything else.
        if let Err(error) = build_other(workspace, &adapters, guest) {
            eprintln!("without {}: {error:#}", guest.package);
        }
    }
    Ok(adapters)
}

/// A guest for a target whose linker makes components.
fn build_other(workspace: &Workspace, adapters: &Path, guest: &Guest) -> Result<()> {
    let target = guest.target.as_deref().unwrap_or(TARGET);
    let mut build = toolchain::build_for(workspace, target)?;
    cargo::run(build.args(["--package", &guest.package]))?;
    let component = built(workspace, target, guest)?;
    put(adapters, guest, &component)
}

fn put(adapters: &Path, guest: &Guest, component: &[u8]) -> Result<()> {
    let written = write(adapters, &guest.package, component)?;
    let kibibytes = component.len().div_ceil(1024);
    let note = if written { "" } else { "  unchanged" };
    println!("  {:<28} {kibibytes:>5} KiB{note}", guest.package);
    Ok(())
}

fn componentize(workspace: &Workspace, guest: &Guest) -> Result<Vec<u8>> {
    let module = built(workspace, TARGET, guest)?;
    ComponentEncoder::default()
        .module(&module)?
        .validate(true)
        .encode()
}

/// What the compiler made of a guest.
fn built(workspace: &Workspace, target: &str, guest: &Guest) -> Result<Vec<u8>> {
    let file = workspace
        .target
        .join(target)
        .join("guest")
        .join(&guest.module)
        .with_extension("wasm");
    fs::read(&file).with_context(|| format!("cannot read {}", file.display()))
}

/// Writes the component unless it is there already, so that what depends on the file's age is not redone.
fn write(adapters: &Path, name: &str, component: &[u8]) -> Result<bool> {
    let file = adapters.join(name).with_extension("wasm");
    if fs::read(&file).is_ok_and(|old| old == component) {
        return Ok(false);
    }
    // Renamed into place: a host that loads the file meanwhile sees the old one or the new one.
    let temporary = file.with_extension("wasm.tmp");
    fs::write(&temporary, component)
        .and_then(|()| fs::rename(&temporary, &file))
        .with_context(|| format!("cannot write {}", file.display()))?;
    Ok(true)
}
