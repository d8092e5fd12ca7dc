//! The inputs that are kept, as ordinary tests: what once was wrong (`regressions/`) and what reaches most
//! of the code (`corpus/`).
//!
//! A test binary of its own: panics on threads of the host, which survives them, are seen by a hook that
//! no other test may share.

use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once, PoisonError};

use sendport_fuzz::{TARGETS, Target};

/// Panics so far, on whatever thread. Targets run one after the other, so that each is blamed on its input.
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn watch_panics() {
    static WATCHING: Once = Once::new();
    WATCHING.call_once(|| {
        let report = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            let mut panics = PANICS.lock().unwrap_or_else(PoisonError::into_inner);
            panics.push(panic.to_string());
            report(panic);
        }));
    });
}

/// The files of a folder; none when there is no such folder.
fn inputs(folder: &str, target: &str) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(folder)
        .join(target);
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    files
}

/// The panics that an input leads to.
fn panics(target: Target, file: &Path) -> Vec<String> {
    let data = fs::read(file).expect("an input");
    drop(panic::catch_unwind(AssertUnwindSafe(|| target(&data))));
    let mut panics = PANICS.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::take(&mut *panics)
}

fn every_input_is_dealt_with(name: &str) {
    let (_, target) = TARGETS
        .iter()
        .find(|(other, _)| *other == name)
        .expect("a target");
    let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    watch_panics();
    let corpus = inputs("corpus", name);
    assert!(!corpus.is_empty(), "{name} has no corpus");
    let mut wrong = String::new();
    for file in inputs("regressions", name).into_iter().chain(corpus) {
        for panic in panics(*target, &file) {
            wrong.push_str(&format!("{}\n  {panic}\n", file.display()));
        }
    }
    drop(turn);
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn component_bytes() {
    every_input_is_dealt_with("component_bytes");
}

#[test]
fn configuration() {
    every_input_is_dealt_with("configuration");
}

#[test]
fn guest_values() {
    every_input_is_dealt_with("guest_values");
}

#[test]
fn publish_bodies() {
    every_input_is_dealt_with("publish_bodies");
}

#[test]
fn every_target_has_a_test() {
    let names = TARGETS.map(|(name, _)| name);
    let tested = [
        "component_bytes",
        "configuration",
        "guest_values",
        "publish_bodies",
    ];
    assert_eq!(names, tested);
}
