//! Compiled components on disk: made once per digest and engine, loaded in half a millisecond.
//!
//! Loading machine code is trusting it, so only files of the host's own cache directory are loaded: the
//! directory must belong to nobody else, and every artefact carries the digest of its own bytes, so that
//! a torn or altered file is compiled again instead of run.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::Error;

/// The directory of compiled components.
#[derive(Clone, Debug)]
pub(crate) struct ArtefactCache {
    directory: PathBuf,
}

impl ArtefactCache {
    /// Creates the directory if need be and checks that only its owner can write to it.
    pub(crate) fn open(directory: &Path) -> Result<Self, Error> {
        let error = |reason: String| Error::Cache {
            path: directory.to_owned(),
            reason,
        };
        fs::create_dir_all(directory).map_err(|e| error(format!("cannot create it: {e}")))?;
        let metadata = fs::metadata(directory).map_err(|e| error(e.to_string()))?;
        if !metadata.is_dir() {
            return Err(error("it is not a directory".to_owned()));
        }
        only_owner_writes(&metadata).map_err(error)?;
        Ok(Self {
            directory: directory.to_owned(),
        })
    }

    /// The compiled form of a component, from the cache or compiled now.
    pub(crate) fn load(
        &self,
        engine: &Engine,
        source: &Path,
        bytes: &[u8],
        digest: &str,
    ) -> Result<Component, Error> {
        let path = self
            .directory
            .join(format!("{digest}-{:016x}.cwasm", compatibility(engine)));
        if let Some(component) = self.load_cached(engine, &path) {
            return Ok(component);
        }
        let invalid = |e: wasmtime::Error| Error::Invalid {
            path: source.to_owned(),
            reason: format!("{e:#}"),
        };
        let compiled = engine.precompile_component(bytes).map_err(invalid)?;
        self.store(&path, &compiled)?;
        self.load_cached(engine, &path).ok_or_else(|| Error::Cache {
            path,
            reason: "what was just written cannot be read back".to_owned(),
        })
    }

    /// Nothing when there is none, or it is damaged or of another engine.
    fn load_cached(&self, engine: &Engine, path: &Path) -> Option<Component> {
        let bytes = fs::read(path).ok()?;
        let (compiled, digest) = bytes.split_at_checked(bytes.len().checked_sub(32)?)?;
        if Sha256::digest(compiled).as_slice() != digest {
            tracing::warn!(path = %path.display(), "damaged compiled adapter, compiling again");
            return None;
        }
        // SAFETY: the bytes are what `precompile_component` returned: this file lies in a directory that
        // only this user can write to, its name carries the engine's compatibility hash, and its own
        // digest has just been checked.
        #[expect(
            unsafe_code,
            reason = "loading machine code that this host compiled itself"
        )]
        let component = unsafe { Component::deserialize(engine, compiled) };
        component
            .inspect_err(
                |e| tracing::warn!(path = %path.display(), "compiled adapter not usable: {e:#}"),
            )
            .ok()
    }

    /// Written under another name and renamed, so that nobody sees half a file.
    fn store(&self, path: &Path, compiled: &[u8]) -> Result<(), Error> {
        let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
        let write = || {
            let mut file = fs::File::create(&temporary)?;
            file.write_all(compiled)?;
            file.write_all(&Sha256::digest(compiled))?;
            file.sync_all()?;
            fs::rename(&temporary, path)
        };
        write().map_err(|e| {
            drop(fs::remove_file(&temporary));
            Error::Cache {
                path: path.to_owned(),
                reason: format!("cannot write: {e}"),
            }
        })
    }
}

fn compatibility(engine: &Engine) -> u64 {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.finish()
}

#[cfg(unix)]
fn only_owner_writes(metadata: &fs::Metadata) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt;
    match metadata.mode() & 0o022 {
        0 => Ok(()),
        _ => Err("others than its owner can write to it, and machine code is loaded from it; `chmod go-w` it".to_owned()),
    }
}

#[cfg(not(unix))]
fn only_owner_writes(_: &fs::Metadata) -> Result<(), String> {
    Ok(())
}
