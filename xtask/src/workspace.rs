//! What `cargo metadata` says about this workspace: where things are and which crates are guests.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::cargo;

/// The workspace this task was built from.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// Where the top `Cargo.toml` is.
    pub(crate) root: PathBuf,
    /// Where cargo builds; honours `CARGO_TARGET_DIR`.
    pub(crate) target: PathBuf,
    /// The crates that become components: those with `package.metadata.sendport.component = true`.
    pub(crate) guests: Vec<Guest>,
}

/// A crate that becomes a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Guest {
    /// The package's name; the component's file is called the same.
    pub(crate) package: String,
    /// The stem of the core module's file.
    pub(crate) module: String,
    /// What it is compiled for, when that is not what all the others are: `package.metadata.sendport.target`.
    pub(crate) target: Option<String>,
}

impl Workspace {
    /// Asks cargo.
    pub(crate) fn load() -> Result<Self> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = manifest
            .parent()
            .context("the xtask crate is not inside a workspace")?;
        let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let text = cargo::read(
            Command::new(program)
                .args(["metadata", "--no-deps", "--format-version", "1"])
                .current_dir(root),
        )?;
        let metadata = serde_json::from_str(&text).context("cargo metadata printed no JSON")?;
        Self::from_metadata(&metadata)
    }

    fn from_metadata(metadata: &Value) -> Result<Self> {
        let path = |key: &str| {
            let found = metadata[key].as_str().map(PathBuf::from);
            found.with_context(|| format!("cargo metadata names no {key}"))
        };
        let packages = metadata["packages"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        let mut guests: Vec<Guest> = packages.iter().filter_map(guest).collect();
        guests.sort_by(|a, b| a.package.cmp(&b.package));
        Ok(Self {
            root: path("workspace_root")?,
            target: path("target_directory")?,
            guests,
        })
    }

    /// Where components are put.
    pub(crate) fn adapters(&self) -> PathBuf {
        self.target.join("adapters")
    }

    /// The host's program.
    pub(crate) fn host(&self) -> PathBuf {
        self.binary("sendport")
    }

    /// A program of the workspace.
    pub(crate) fn binary(&self, name: &str) -> PathBuf {
        let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        self.target.join("release").join(name)
    }
}

fn guest(package: &Value) -> Option<Guest> {
    if package["metadata"]["sendport"]["component"] != Value::Bool(true) {
        return None;
    }
    let cdylib = |target: &&Value| {
        let kinds = target["crate_types"].as_array();
        kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind == "cdylib"))
    };
    let target = package["targets"].as_array()?.iter().find(cdylib)?;
    Some(Guest {
        package: package["name"].as_str()?.to_owned(),
        module: target["name"].as_str()?.replace('-', "_"),
        target: package["metadata"]["sendport"]["target"]
            .as_str()
            .map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn guests_are_the_crates_that_say_so() {
        let package = |name: &str, kind: &str, metadata: Value| {
            json!({
                "name": name,
                "metadata": metadata,
                "targets": [{ "name": name.replace('-', "_"), "crate_types": [kind] }],
            })
        };
        let component = json!({ "sendport": { "component": true } });
        let wasip2 = json!({ "sendport": { "component": true, "target": "wasm32-wasip2" } });
        let metadata = json!({
            "workspace_root": "/w",
            "target_directory": "/t",
            "packages": [
                package("z-adapter", "cdylib", component.clone()),
                package("model", "lib", Value::Null),
                package("no-adapter", "cdylib", json!({ "sendport": { "component": false } })),
                package("a-adapter", "cdylib", component),
                package("p-adapter", "cdylib", wasip2),
            ],
        });
        let workspace = Workspace::from_metadata(&metadata).unwrap();
        let guests = workspace.guests.iter();
        let guests: Vec<_> = guests
            .map(|g| (g.module.as_str(), g.target.as_deref()))
            .collect();
        assert_eq!(
            guests,
            [
                ("a_adapter", None),
                ("p_adapter", Some("wasm32-wasip2")),
                ("z_adapter", None)
            ]
        );
        assert_eq!(workspace.adapters(), Path::new("/t/adapters"));
    }
}
