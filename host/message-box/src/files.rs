//! The files of a box: the directory, the lock that makes one process its owner, the database
//! connections. Knows how they are opened and how their failures read; knows no table.
//!
//! ```text
//! DIRECTORY/box.lock        locked while the box is open; holds the owner's process id as text
//! DIRECTORY/box.sqlite      the database, see the schema
//! DIRECTORY/box.sqlite-wal  SQLite's log; belongs to the database, never delete it
//! DIRECTORY/box.sqlite-shm  SQLite's index of the log; rebuilt when missing
//! ```

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::{Error, StorageError};

/// An operator's tool may hold the write lock for a moment; waiting beats refusing a publish.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Page cache of the writer, in KiB.
const CACHE_KIB: i64 = 16 * 1024;

/// Where the database is and how large it may grow: what an error message has to name.
#[derive(Clone, Debug)]
pub(crate) struct Location {
    path: PathBuf,
    max_size: Option<u64>,
}

impl Location {
    pub(crate) fn new(path: PathBuf, max_size: Option<u64>) -> Self {
        Self { path, max_size }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn max_size(&self) -> Option<u64> {
        self.max_size
    }

    /// The box has its configured size.
    pub(crate) fn full(&self) -> Error {
        Error::Full {
            path: self.path.clone(),
            limit: self.max_size.unwrap_or(u64::MAX),
        }
    }

    /// The disk has no room for new messages.
    pub(crate) fn disk_full(&self) -> Error {
        Error::DiskFull {
            path: self.path.clone(),
        }
    }

    /// What a failure of SQLite means for the caller.
    pub(crate) fn error(&self, source: rusqlite::Error) -> Error {
        let path = self.path.clone();
        match source.sqlite_error_code() {
            Some(ErrorCode::ReadOnly) => Error::ReadOnly { path },
            Some(ErrorCode::DiskFull) => self.disk_full(),
            _ => StorageError { path, source }.into(),
        }
    }
}

/// The lock on a directory. Dropping it gives the box free.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "held, not used")] File);

impl Lock {
    /// Creates the directory if need be and takes it for this process.
    pub(crate) fn take(directory: &Path) -> Result<Self, Error> {
        fs::create_dir_all(directory).map_err(|e| unusable(directory, e))?;
        let path = directory.join("box.lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|e| unusable(&path, e))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::Locked {
                    path: directory.to_owned(),
                    owner: owner(&mut file),
                });
            }
            Err(TryLockError::Error(error)) => return Err(unusable(&path, error)),
        }
        sign(&mut file).map_err(|e| unusable(&path, e))?;
        Ok(Self(file))
    }
}

fn owner(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn sign(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

pub(crate) fn unusable(path: &Path, source: io::Error) -> Error {
    let path = path.to_owned();
    match source.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Error::ReadOnly { path },
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Error::DiskFull { path },
        _ => Error::Unusable { path, source },
    }
}

/// The one connection that writes. The schema is not looked at yet.
pub(crate) fn open_writer(location: &Location) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = connect(location, flags)?;
    ensure_writable(&connection, location)?;
    Ok(connection)
}

/// SQLite opens a file it may not write as read-only instead of failing.
pub(crate) fn ensure_writable(connection: &Connection, location: &Location) -> Result<(), Error> {
    match connection.is_readonly("main") {
        Ok(false) => Ok(()),
        Ok(true) => Err(Error::ReadOnly {
            path: location.path.clone(),
        }),
        Err(error) => Err(location.error(error)),
    }
}

/// The settings of the writer that need a prepared box.
pub(crate) fn configure_writer(connection: &Connection, location: &Location) -> Result<(), Error> {
    let configure = || -> rusqlite::Result<()> {
        // FULL: a commit has reached the disk when it returns.
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB)
    };
    configure().map_err(|e| location.error(e))
}

/// A connection that only reads; it never makes the writer wait.
pub(crate) fn open_reader(location: &Location) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    connect(location, flags)
}

fn connect(location: &Location, flags: OpenFlags) -> Result<Connection, Error> {
    let connect = || -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(&location.path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(64);
        // Dropping a box must be quick; `MessageBox::close` is there to write the log back.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        Ok(connection)
    };
    connect().map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::CannotOpen) => unusable(&location.path, io::Error::other(error)),
        _ => location.error(error),
    })
}
