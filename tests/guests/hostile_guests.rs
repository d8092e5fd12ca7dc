//! The folders of hostile guests, for the build scripts of their crates and of the tests: whatever file is
//! in such a folder is a guest. Nothing lists them twice, so none can be forgotten.

use std::fs;
use std::path::Path;

/// One guest.
pub(crate) struct Guest {
    /// As the tests call it and the configuration names it: `spin-in-terminate`.
    pub(crate) name: String,
    /// As Rust calls it: `spin_in_terminate`.
    pub(crate) identifier: String,
}

/// The guests of a folder, by name: its files of that extension. Cargo asks again when one comes or goes.
pub(crate) fn in_folder(folder: &Path, extension: &str) -> Vec<Guest> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let entries = fs::read_dir(folder).expect("the folder of the guests can be read");
    let mut guests: Vec<_> = entries
        .map(|entry| entry.expect("the folder can be read to its end").path())
        .filter(|file| file.extension().is_some_and(|found| found == extension))
        .map(|file| {
            let stem = file.file_stem().expect("a file with an extension has one");
            let identifier = stem.to_str().expect("guests have plain names").to_owned();
            Guest {
                name: identifier.replace('_', "-"),
                identifier,
            }
        })
        .collect();
    guests.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(!guests.is_empty(), "{} holds no guest", folder.display());
    guests
}
