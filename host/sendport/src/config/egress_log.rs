//! `egress-log = { … }`: where the host writes down what adapters send out and are denied.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use super::section::Entry;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

const MAX_SIZE: u64 = 64 * MIB;
/// A smaller file would hold a handful of lines.
const MAX_SIZES: RangeInclusive<u64> = 64 * KIB..=1024 * GIB;
const KEEP: usize = 5;
const KEEPS: RangeInclusive<u64> = 0..=1000;

pub(super) const KEYS: &[&str] = &["file", "max-size", "keep"];

/// The log of what leaves the sandboxes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EgressLog {
    pub(crate) file: PathBuf,
    /// Bytes of the file, at which another one is begun.
    pub(crate) max_size: u64,
    /// Full files that are kept.
    pub(crate) keep: usize,
}

impl EgressLog {
    /// `None` when there is none, or the mistake is noted.
    pub(super) fn read(entry: Option<Entry<'_>>, directory: &Path) -> Option<Self> {
        let section = entry?.section()?;
        section.refuse_others(KEYS);
        let max_size = section.size_or("max-size", MAX_SIZES, MAX_SIZE);
        let keep = section.whole_or("keep", KEEPS, KEEP);
        let file = section.require("file", "say where: file = \"data/egress.jsonl\"");
        Some(Self {
            file: directory.join(file?.text()?),
            max_size,
            keep,
        })
    }
}
