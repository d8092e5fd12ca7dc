//! The components that serve or have served ports, kept by digest in the data directory: what a deployment
//! brings, and what a roll-back goes back to, whatever becomes of the files that the configuration names.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use adapter_runtime::{Adapter, signature_beside};
use anyhow::{Context as _, bail};
use bytes::Bytes;
use sha2::{Digest as _, Sha256};

/// The directory's name in the data directory.
const DIRECTORY: &str = "components";

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct ComponentStore {
    directory: PathBuf,
}

impl ComponentStore {
    /// The store of a data directory. Made when something is kept in it.
    pub(super) fn of(data_directory: &Path) -> Self {
        Self {
            directory: data_directory.join(DIRECTORY),
        }
    }

    /// Where the component of this digest is, or would be.
    pub(super) fn path(&self, digest: &str) -> PathBuf {
        self.directory.join(digest).with_extension("wasm")
    }

    /// Keeps a component and its signature. On disk when it returns.
    pub(super) fn keep(
        &self,
        component: &Bytes,
        signature: Option<&str>,
    ) -> anyhow::Result<PathBuf> {
        let path = self.path(&digest(component));
        if let Some(signature) = signature {
            self.write(&signature_beside(&path), signature.as_bytes())?;
        }
        if !path.exists() {
            self.write(&path, component)?;
        }
        Ok(path)
    }

    /// Keeps the component of an adapter that was loaded from a file. One whose file has changed since is
    /// not kept: what runs is not there any more.
    pub(super) fn keep_loaded(&self, adapter: &Adapter) -> anyhow::Result<()> {
        if self.path(adapter.digest()).exists() {
            return Ok(());
        }
        let read =
            |path: &Path| fs::read(path).with_context(|| format!("cannot read {}", path.display()));
        let component = Bytes::from(read(adapter.path())?);
        if digest(&component) != adapter.digest() {
            bail!(
                "{} has changed since it was loaded",
                adapter.path().display()
            );
        }
        let signature = fs::read_to_string(signature_beside(adapter.path())).ok();
        self.keep(&component, signature.as_deref()).map(drop)
    }

    /// Removes everything but these digests.
    pub(super) fn prune(&self, kept: &[String]) {
        let Ok(entries) = fs::read_dir(&self.directory) else {
            return;
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let digest = name.split('.').next().unwrap_or_default();
            if !kept.iter().any(|kept| kept == digest)
                && let Err(error) = fs::remove_file(entry.path())
            {
                tracing::debug!(file = %entry.path().display(), %error, "cannot remove an old component");
            }
        }
    }

    /// Under another name first, so that nobody sees half a file.
    fn write(&self, path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
        let write = || {
            fs::create_dir_all(&self.directory)?;
            let mut file = tempfile::NamedTempFile::new_in(&self.directory)?;
            file.write_all(bytes)?;
            file.as_file().sync_all()?;
            file.persist(path)?;
            fs::File::open(&self.directory)?.sync_all()
        };
        write().with_context(|| format!("cannot keep the component in {}", path.display()))
    }
}

fn digest(component: &[u8]) -> String {
    let digest = Sha256::digest(component);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_is_kept_under_its_digest_and_old_ones_go() {
        let directory = tempfile::tempdir().unwrap();
        let store = ComponentStore::of(directory.path());
        store.prune(&[]);
        let one = store
            .keep(&Bytes::from_static(b"one"), Some("c2ln"))
            .unwrap();
        let two = store.keep(&Bytes::from_static(b"two"), None).unwrap();
        assert_eq!(fs::read(&one).unwrap(), b"one");
        assert_eq!(fs::read(signature_beside(&one)).unwrap(), b"c2ln");
        store.keep(&Bytes::from_static(b"one"), None).unwrap();
        let digest = two.file_stem().unwrap().to_string_lossy().into_owned();
        assert_eq!(store.path(&digest), two);
        store.prune(&[digest]);
        assert!(two.exists() && !one.exists() && !signature_beside(&one).exists());
    }
}
