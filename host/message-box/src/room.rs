//! How much a box may still take: its configured size, and the space on its disk.
//!
//! Publishing stops before SQLite would fail. Settling needs room too (the log grows with every commit,
//! deleting and rescheduling may need pages), and a full box must always be able to get empty. So some
//! percent of the configured size and some of the disk are kept for it:
//!
//! - The size counts pages of the database file. The log beside it is not part of it.
//! - The disk's reserve holds the log at its full length, and what the database file may grow by when
//!   the log is written back. After that the log starts again at its beginning and needs nothing new.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

/// Pages of the configured size kept for settling, beside a share of it.
const LEAST_PAGES: u64 = 32;

/// Kept free on the disk, on a disk that is large enough.
const DISK_RESERVE: u64 = 128 * 1024 * 1024;

/// Pages in the log before SQLite writes them back: 64 MiB. The default of 4 MiB costs a copy every few
/// hundred commits, which shows in the slowest publishes.
const LOG_PAGES: u64 = 16_000;

/// The limits of one box.
#[derive(Debug)]
pub(crate) struct Room {
    max_pages: Option<u64>,
    page_size: u64,
    disk: Option<Disk>,
}

#[derive(Debug)]
struct Disk {
    directory: PathBuf,
    reserve: u64,
}

/// What may still be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) bytes: u64,
    pub(crate) limit: Limit,
}

/// What ends first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    Size,
    Disk,
}

impl Room {
    /// Looks at the disk and tells SQLite the limits as well; they are properties of the connection.
    pub(crate) fn open(
        connection: &Connection,
        database: &Path,
        max_size: Option<u64>,
    ) -> rusqlite::Result<Self> {
        let page_size = pragma(connection, "PRAGMA page_size")?.max(1);
        let disk = Disk::of(database.parent().unwrap_or(Path::new(".")));
        // Twice the log has to fit into the reserve, also on a small disk.
        let log_pages = disk.as_ref().map_or(LOG_PAGES, |disk| {
            (disk.reserve / 2 / page_size).clamp(16, LOG_PAGES)
        });
        connection.pragma_update(None, "wal_autocheckpoint", log_pages.cast_signed())?;
        let max_pages = max_size.map(|bytes| bytes / page_size);
        if let Some(pages) = max_pages {
            // Never below the file's present size; SQLite takes care of that.
            let pages = pages.clamp(1, u64::from(u32::MAX - 1));
            connection.pragma_update(None, "max_page_count", pages.cast_signed())?;
        }
        Ok(Self {
            max_pages,
            page_size,
            disk,
        })
    }

    /// What may still be published, seen from within the current transaction.
    pub(crate) fn left(&self, connection: &Connection) -> rusqlite::Result<Left> {
        let free = pragma(connection, "PRAGMA freelist_count")?;
        let disk = self.disk.as_ref().and_then(Disk::left);
        let by_disk = Left {
            // Free pages of the file are used before it grows.
            bytes: disk.map_or(u64::MAX, |bytes| bytes + free * self.page_size),
            limit: Limit::Disk,
        };
        let Some(max) = self.max_pages else {
            return Ok(by_disk);
        };
        let used = pragma(connection, "PRAGMA page_count")?.saturating_sub(free);
        let pages = max.saturating_sub(kept(max)).saturating_sub(used);
        let by_size = Left {
            bytes: pages * self.page_size,
            limit: Limit::Size,
        };
        Ok(if by_size.bytes <= by_disk.bytes {
            by_size
        } else {
            by_disk
        })
    }

    /// What bytes of rows take in the file: rows do not fill their pages, and every write may split one.
    pub(crate) fn needed(&self, bytes: u64) -> u64 {
        bytes + bytes / 3 + 2 * self.page_size
    }

    /// SQLite refuses to grow the file because of the limit, not because of the disk. Asked after the
    /// rollback, when the file is a little shorter again.
    pub(crate) fn is_used_up(&self, connection: &Connection) -> bool {
        self.max_pages.is_some_and(|max| {
            pragma(connection, "PRAGMA page_count").is_ok_and(|count| count + kept(max) >= max)
        })
    }
}

fn kept(max_pages: u64) -> u64 {
    LEAST_PAGES + max_pages / 16
}

fn pragma(connection: &Connection, sql: &str) -> rusqlite::Result<u64> {
    let value: i64 = connection
        .prepare_cached(sql)?
        .query_row([], |row| row.get(0))?;
    Ok(value.cast_unsigned())
}

impl Disk {
    /// `None` when the system does not say; then SQLite finds out.
    fn of(directory: &Path) -> Option<Self> {
        let (_, total) = space(directory)?;
        Some(Self {
            directory: directory.to_owned(),
            reserve: DISK_RESERVE.min(total / 4),
        })
    }

    fn left(&self) -> Option<u64> {
        let (available, _) = space(&self.directory)?;
        Some(available.saturating_sub(self.reserve))
    }
}

/// Bytes available and in total on the disk of a directory.
#[cfg(unix)]
fn space(directory: &Path) -> Option<(u64, u64)> {
    let volume = rustix::fs::statvfs(directory).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(volume.f_frsize);
    Some((bytes(volume.f_bavail), bytes(volume.f_blocks)))
}

#[cfg(not(unix))]
fn space(_directory: &Path) -> Option<(u64, u64)> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(reserve: u64, max_pages: Option<u64>) -> Room {
        Room {
            max_pages,
            page_size: 4096,
            disk: Some(Disk {
                directory: std::env::temp_dir(),
                reserve,
            }),
        }
    }

    #[test]
    fn what_ends_first_is_the_limit() {
        let connection = Connection::open_in_memory().unwrap();
        let left = |room: Room| room.left(&connection).unwrap();
        let nothing = left(room(u64::MAX, Some(1000)));
        assert_eq!((nothing.bytes, nothing.limit), (0, Limit::Disk));
        let small = left(room(0, Some(100)));
        assert_eq!((small.bytes, small.limit), ((100 - 38) * 4096, Limit::Size));
        assert_eq!(left(room(0, None)).limit, Limit::Disk);
    }

    #[cfg(unix)]
    #[test]
    fn a_disk_says_how_much_it_holds() {
        let (available, total) = space(&std::env::temp_dir()).unwrap();
        assert!(available <= total && total > 0);
        assert_eq!(space(Path::new("/no/such/directory")), None);
    }
}
