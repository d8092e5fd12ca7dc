//! What the build script of a crate of hostile guests does: makes a module of every file in `src/guests`,
//! and the macro `foreach_hostile_guest!`, which hands all of them to another macro.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::hostile_guests::in_folder;

/// Writes `guests.rs`, which the crate includes.
pub(crate) fn write() {
    let variable = |name| PathBuf::from(env::var_os(name).expect("cargo sets it"));
    let folder = variable("CARGO_MANIFEST_DIR").join("src/guests");
    let file = variable("OUT_DIR").join("guests.rs");
    fs::write(file, generated(&folder)).expect("the output directory can be written");
}

fn generated(folder: &Path) -> String {
    let (mut modules, mut list) = (String::new(), String::new());
    for guest in in_folder(folder, "rs") {
        let identifier = &guest.identifier;
        let file = folder.join(identifier).with_extension("rs");
        writeln!(modules, "#[path = {file:?}]\nmod {identifier};")
            .and_then(|()| writeln!(list, "{:?} => {identifier},", guest.name))
            .expect("a String takes everything");
    }
    format!(
        "{modules}\nmacro_rules! foreach_hostile_guest {{\n($do:ident) => {{ $do! {{\n{list}}} }};\n}}\n"
    )
}
