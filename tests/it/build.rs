//! Lists the hostile guests, so that none is without a test and no test without a guest: see `hostile.rs`.

#[path = "../guests/hostile_guests.rs"]
mod hostile_guests;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use hostile_guests::in_folder;

/// Folders of guests: beneath `tests/guests`, with the extension of their files, and the adapter that all
/// of a folder are; none where each is one of its own.
const FOLDERS: [(&str, &str, Option<&str>); 4] = [
    ("hostile-adapter/src/guests", "rs", Some("hostile-adapter")),
    (
        "hostile-batch-adapter/src/guests",
        "rs",
        Some("hostile-batch-adapter"),
    ),
    (
        "hostile-sync-adapter/src/guests",
        "rs",
        Some("hostile-sync-adapter"),
    ),
    ("hostile-raw/guests", "wat", None),
];

fn main() {
    let variable = |name| PathBuf::from(env::var_os(name).expect("cargo sets it"));
    let guests = variable("CARGO_MANIFEST_DIR").join("../guests");
    let file = variable("OUT_DIR").join("hostile_guests.rs");
    fs::write(file, generated(&guests)).expect("the output directory can be written");
}

/// A constant for each guest, and the macro that hands all of them to another macro.
fn generated(guests: &Path) -> String {
    let (mut constants, mut list) = (String::new(), String::new());
    let mut seen = BTreeSet::new();
    for (folder, extension, adapter) in FOLDERS {
        for guest in in_folder(&guests.join(folder), extension) {
            let (name, identifier) = (guest.name, guest.identifier);
            assert!(seen.insert(name.clone()), "there are two guests {name:?}");
            let constant = identifier.to_uppercase();
            let value = match adapter {
                Some(adapter) => format!("{{ adapter: {adapter:?}, name: Some({name:?}) }}"),
                None => format!("{{ adapter: {name:?}, name: None }}"),
            };
            writeln!(
                constants,
                "pub(crate) const {constant}: Guest = Guest {value};"
            )
            .and_then(|()| writeln!(list, "$do!({identifier});"))
            .expect("a String takes everything");
        }
    }
    format!(
        "/// The hostile guests.\npub(crate) mod guests {{\nuse super::Guest;\n{constants}}}\n\
         macro_rules! foreach_hostile_guest {{\n($do:ident) => {{\n{list}}};\n}}\n"
    )
}
