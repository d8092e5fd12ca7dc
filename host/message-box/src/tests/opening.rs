//! Directories and files that cannot be opened, each with its own reason.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::*;
use crate::files::{self, Location};

fn refused(config: Config) -> Error {
    MessageBox::open(config).expect_err("the box must not open")
}

fn database(fixture: &Fixture) -> std::path::PathBuf {
    fixture.directory.path().join("box.sqlite")
}

#[test]
fn a_box_in_use_names_its_owner() {
    let fixture = Fixture::new();
    let held = fixture.open();
    let error = refused(fixture.config());
    let pid = std::process::id();
    assert!(matches!(error, Error::Locked { owner: Some(o), .. } if o == pid));
    assert!(
        error.to_string().contains(&format!("by process {pid}")),
        "{error}"
    );
    drop(held);
    fixture.open();
}

#[test]
fn a_box_of_a_newer_version_is_refused_and_not_touched() {
    let fixture = Fixture::new();
    drop(fixture.open());
    let connection = Connection::open(database(&fixture)).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let before = fs::read(database(&fixture)).unwrap();
    let error = refused(fixture.config());
    assert!(
        matches!(
            error,
            Error::Newer {
                found: 99,
                supported: 3,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(fs::read(database(&fixture)).unwrap(), before);
}

#[test]
fn a_file_that_is_no_box_is_refused_and_not_touched() {
    let fixture = Fixture::new();
    let text = "an order, by mistake. ".repeat(100);
    fs::write(database(&fixture), &text).unwrap();
    let error = refused(fixture.config());
    assert!(matches!(error, Error::NotABox { .. }), "{error}");
    assert_eq!(fs::read_to_string(database(&fixture)).unwrap(), text);
}

#[test]
fn the_database_of_another_program_is_refused_and_not_touched() {
    let fixture = Fixture::new();
    let connection = Connection::open(database(&fixture)).unwrap();
    connection
        .execute_batch("CREATE TABLE customer (name)")
        .unwrap();
    drop(connection);
    let before = fs::read(database(&fixture)).unwrap();
    let error = refused(fixture.config());
    assert!(matches!(error, Error::NotABox { .. }), "{error}");
    assert_eq!(fs::read(database(&fixture)).unwrap(), before);
}

#[test]
fn a_directory_that_is_a_file_is_named() {
    let fixture = Fixture::new();
    let path = fixture.directory.path().join("file");
    fs::write(&path, "").unwrap();
    let error = refused(Config::new(&path));
    assert!(
        matches!(&error, Error::Unusable { path: p, .. } if *p == path),
        "{error}"
    );
}

#[test]
fn a_missing_directory_is_made() {
    let fixture = Fixture::new();
    let path = fixture.directory.path().join("a/b");
    MessageBox::open(Config::new(&path)).unwrap();
    assert!(path.join("box.sqlite").exists());
}

/// Permission bits do not stop every user, so the reasons are given directly.
#[test]
fn what_cannot_be_written_is_called_read_only() {
    for kind in [ErrorKind::PermissionDenied, ErrorKind::ReadOnlyFilesystem] {
        let error = files::unusable(Path::new("/box"), io::Error::from(kind));
        assert!(matches!(error, Error::ReadOnly { .. }), "{error}");
    }
    let fixture = Fixture::new();
    drop(fixture.open());
    let location = Location::new(database(&fixture), None);
    let connection =
        Connection::open_with_flags(database(&fixture), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let error = files::ensure_writable(&connection, &location).unwrap_err();
    assert!(matches!(error, Error::ReadOnly { .. }), "{error}");
    let failed = connection.execute("DELETE FROM message", []).unwrap_err();
    let error = location.error(failed);
    assert!(matches!(error, Error::ReadOnly { .. }), "{error}");
}
