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
use tempfile::NamedTempFile;
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
        create_private(directory).map_err(|e| error(format!("cannot create it: {e}")))?;
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

    /// Written under another name and renamed, so that nobody sees half a file, and under a name of its
    /// own, because others may compile the same component at the same time.
    fn store(&self, path: &Path, compiled: &[u8]) -> Result<(), Error> {
        let write = || {
            let mut file = NamedTempFile::new_in(&self.directory)?;
            file.write_all(compiled)?;
            file.write_all(&Sha256::digest(compiled))?;
            file.as_file().sync_all()?;
            file.persist(path)?;
            std::io::Result::Ok(())
        };
        write().map_err(|e| Error::Cache {
            path: path.to_owned(),
            reason: format!("cannot write: {e}"),
        })
    }
}

fn compatibility(engine: &Engine) -> u64 {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.finish()
}

/// For its owner alone, whatever the umask says: on many systems it lets the group write.
#[cfg(unix)]
fn create_private(directory: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    if let Some(parent) = directory.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(directory)
}

#[cfg(not(unix))]
fn create_private(directory: &Path) -> std::io::Result<()> {
    fs::create_dir_all(directory)
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

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use super::*;

    #[test]
    fn a_new_directory_is_private_and_one_that_others_write_to_is_refused() {
        let scratch = tempfile::tempdir().unwrap();
        let directory = scratch.path().join("data/cache");
        ArtefactCache::open(&directory).unwrap();
        assert_eq!(fs::metadata(&directory).unwrap().mode() & 0o777, 0o700);
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o770)).unwrap();
        let error = ArtefactCache::open(&directory).unwrap_err().to_string();
        assert!(error.contains("chmod go-w"), "{error}");
    }

    #[test]
    fn the_same_component_may_be_stored_by_many_at_the_same_time() {
        let scratch = tempfile::tempdir().unwrap();
        let cache = ArtefactCache::open(scratch.path()).unwrap();
        let path = scratch.path().join("a.cwasm");
        std::thread::scope(|threads| {
            for _ in 0..8 {
                threads.spawn(|| {
                    for _ in 0..20 {
                        cache.store(&path, b"compiled").unwrap();
                    }
                });
            }
        });
        assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 1);
    }
}
