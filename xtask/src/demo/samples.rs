//! The sample documents, and the files that come out at the other end.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::ledger::{self, Digest, Ledger};
use super::{FILES, orders};

/// Where the documents are, from the workspace's root.
const FOLDER: &str = "guest-adapters/samples";
/// What a message id has as text.
const ID_LENGTH: usize = 36;

/// What file names look like: the message, then where it came from.
pub(crate) const FILE_NAME: &str = "%MessageID%_%SourceFileName%";

/// A document.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Its file name.
    pub(crate) name: String,
    /// Its media type.
    pub(crate) content_type: &'static str,
    /// Its content.
    pub(crate) body: Vec<u8>,
    /// No document before it has the same media type.
    pub(crate) is_first_of_its_kind: bool,
}

impl Sample {
    /// The digest of the content.
    pub(crate) fn digest(&self) -> Digest {
        ledger::digest(&self.body)
    }
}

/// Reads the documents in the order of their names, and adds a large one, written into `directory`.
pub(crate) fn load(root: &Path, directory: &Path) -> Result<Vec<Sample>> {
    let large = directory.join("order-4799-large.xml");
    fs::write(&large, orders::large_order())
        .with_context(|| format!("cannot write {}", large.display()))?;

    let folder = root.join(FOLDER);
    let mut paths = paths_in(&folder)?;
    paths.push(large);
    let mut kinds = HashSet::new();
    let mut samples = Vec::new();
    for path in paths {
        let Some(content_type) = content_type(&path) else {
            continue;
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        samples.push(Sample {
            name: name.into_owned(),
            content_type,
            body: fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?,
            is_first_of_its_kind: kinds.insert(content_type),
            path,
        });
    }
    Ok(samples)
}

/// Enters what the file adapter wrote into the account. Nothing else may stand in the directory.
pub(crate) fn check_files(directory: &Path, ledger: &Ledger) -> Result<()> {
    for path in paths_in(directory)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') {
            bail!("the file adapter left the temporary file {name} behind");
        }
        let body = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        ledger.receive(FILES, name.get(..ID_LENGTH), ledger::digest(&body));
    }
    Ok(())
}

fn paths_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
    let entries = entries.with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths: Vec<_> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}

fn content_type(path: &Path) -> Option<&'static str> {
    match path.extension()?.to_str()? {
        "json" => Some("application/json"),
        "xml" => Some("application/xml"),
        "edi" => Some("application/edifact"),
        _ => None,
    }
}
