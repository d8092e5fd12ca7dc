//! The layout of the database file: its tables, its versions, how it tells a box from another file.
//!
//! The file may be read with the stock `sqlite3` tool while the box is in use; the SQL below is stored
//! in it with its comments (`.schema` shows them). Versions are counted in `PRAGMA user_version`; a
//! migration, once released, is never edited, only followed by another. Each runs in one transaction
//! together with its version number.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use crate::Error;
use crate::files::Location;

/// `PRAGMA application_id` of every box: "SPbx".
const APPLICATION_ID: i64 = 0x5350_6278;

/// Layout versions 1, 2, … in order.
const MIGRATIONS: &[&str] = &[VERSION_1, VERSION_2, VERSION_3];

pub(crate) const VERSION_1: &str = "
CREATE TABLE meta (
    name   TEXT PRIMARY KEY,    -- box_id: the first 48 bits of every message id
    value  INTEGER NOT NULL     -- next_sequence: numbers from here on were never used
) WITHOUT ROWID;
INSERT INTO meta VALUES ('box_id', random() & 0xFFFFFFFFFFFF), ('next_sequence', 1);

CREATE TABLE port (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    accepted   INTEGER NOT NULL DEFAULT 0,  -- messages ever accepted
    delivered  INTEGER NOT NULL DEFAULT 0,  -- messages ever delivered; the rest are rows of message
    bytes      INTEGER NOT NULL DEFAULT 0   -- bodies of the messages in the box
);

CREATE TABLE message (
    seq         INTEGER PRIMARY KEY,  -- the last 62 bits of the message's id; never used twice
    port        INTEGER NOT NULL,     -- port.id
    state       INTEGER NOT NULL,     -- 0 pending, 1 suspended
    priority    INTEGER NOT NULL,     -- 1 first, 10 last
    due         INTEGER NOT NULL,     -- not before; all times are milliseconds since 1970, UTC
    attempts    INTEGER NOT NULL,     -- failed attempts so far
    accepted    INTEGER NOT NULL,     -- when it was published
    suspended   INTEGER,              -- when it was suspended
    error_code  TEXT,                 -- the last failure: a word for machines, if any,
    error_text  TEXT,                 -- and a text for people
    size        INTEGER NOT NULL,     -- of the body, in bytes
    body_id     INTEGER,              -- of a large body: its pieces
    properties  TEXT NOT NULL,        -- JSON object of texts, in the publisher's order
    body        BLOB                  -- a small body itself
);
CREATE INDEX message_pending ON message (port, priority, due) WHERE state = 0;
CREATE INDEX message_suspended ON message (port, suspended) WHERE state = 1;

CREATE TABLE piece (
    id     INTEGER PRIMARY KEY,  -- body_id * 1048576 + number of the piece, from 0
    bytes  BLOB NOT NULL         -- 256 KiB, the last one less
);

CREATE TABLE stage (
    body_id  INTEGER PRIMARY KEY  -- being written and not published yet: removed at the next start
);

CREATE TABLE idempotency (
    port         INTEGER NOT NULL,  -- port.id
    key          TEXT NOT NULL,
    fingerprint  BLOB NOT NULL,     -- SHA-256 of what was published under the key
    first_seq    INTEGER NOT NULL,  -- the messages it became: first_seq .. first_seq + count - 1
    count        INTEGER NOT NULL,
    created      INTEGER NOT NULL,  -- forgotten after 24 hours
    PRIMARY KEY (port, key)
) WITHOUT ROWID;
CREATE INDEX idempotency_created ON idempotency (created);
";

/// Few indexes: each costs every message, also those that are in none of the partial ones.
///
/// Adds columns instead of building the tables anew: however large the box is, it needs no more room.
const VERSION_2: &str = "
ALTER TABLE port ADD COLUMN routed INTEGER NOT NULL DEFAULT 0
    /* messages ever removed because they went on as others (failed-message routing) */;
ALTER TABLE port ADD COLUMN terminated INTEGER NOT NULL DEFAULT 0
    /* messages ever discarded by a person */;
ALTER TABLE port ADD COLUMN pending INTEGER NOT NULL DEFAULT 0
    /* rows of message in state 0 or 2 */;
ALTER TABLE port ADD COLUMN suspended INTEGER NOT NULL DEFAULT 0
    /* rows of message in state 1; accepted = delivered + routed + terminated + pending + suspended */;
ALTER TABLE port ADD COLUMN enlistment TEXT NOT NULL DEFAULT 'started'
    /* what an operator says: started, stopped or unenlisted */;
UPDATE port SET
    pending = (SELECT count(*) FROM message WHERE state = 0 AND port = port.id),
    suspended = (SELECT count(*) FROM message WHERE state = 1 AND port = port.id);

ALTER TABLE message ADD COLUMN transport INTEGER NOT NULL DEFAULT 0
    /* 0 primary, 1 backup */;
ALTER TABLE message ADD COLUMN earlier_attempts INTEGER NOT NULL DEFAULT 0
    /* failed attempts on the transports before, and before it was resumed */;
ALTER TABLE message ADD COLUMN lane TEXT
    /* of ordered messages: only the first of its port and lane is delivered, the others are in state 2 */;
ALTER TABLE message ADD COLUMN expires INTEGER
    /* not delivered from this time on */;
ALTER TABLE message ADD COLUMN expects_response INTEGER NOT NULL DEFAULT 0
    /* 1: its port was two-way when it was published */;
ALTER TABLE message ADD COLUMN resumable INTEGER NOT NULL DEFAULT 1
    /* of suspended messages. 0: can only be terminated */;
ALTER TABLE message ADD COLUMN adapter TEXT
    /* of suspended messages: the adapter that failed, and its version */;
ALTER TABLE message ADD COLUMN edited INTEGER NOT NULL DEFAULT 0
    /* 1: a person has changed it; what it was is in original */;

DROP INDEX message_pending;
DROP INDEX message_suspended;
CREATE INDEX message_pending ON message (port, transport, priority, due) WHERE state = 0;
CREATE INDEX message_late ON message (port, accepted, state, due)
    WHERE state = 2 OR state = 0 AND due > accepted;
CREATE INDEX message_suspended ON message (suspended, seq, port) WHERE state = 1;
CREATE INDEX message_lane ON message (port, lane) WHERE lane IS NOT NULL;

CREATE TABLE original (
    seq         INTEGER PRIMARY KEY,  -- of the edited message, with which it goes
    properties  TEXT NOT NULL,        -- as they were before the first edit
    size        INTEGER,              -- of the body before; NULL while the body was not edited,
    body_id     INTEGER,              -- which is then still the message's
    body        BLOB
);

CREATE TABLE response (
    seq         INTEGER PRIMARY KEY,  -- of the message that was answered, which may be gone
    until       INTEGER NOT NULL,     -- kept until then
    error_code  TEXT,                 -- of an exchange that failed for good
    error_text  TEXT,                 -- NULL when there is a response
    properties  TEXT,                 -- of the response, as in message
    body        BLOB
);
CREATE INDEX response_until ON response (until);

CREATE TABLE transaction_decision (
    port     INTEGER NOT NULL,  -- port.id
    name     TEXT NOT NULL,     -- of a prepared transaction at the port's destination: to be committed;
    decided  INTEGER NOT NULL,  -- removed when it is. One that is not here is rolled back
    PRIMARY KEY (port, name)
) WITHOUT ROWID;
";

const VERSION_3: &str = "
CREATE TABLE swap (
    id             INTEGER PRIMARY KEY,  -- in the order in which they ended
    port           INTEGER NOT NULL,     -- port.id
    kind           TEXT NOT NULL,        -- deploy, rollback, reload, …
    began          INTEGER NOT NULL,     -- when it was asked for
    ended          INTEGER NOT NULL,     -- when the old generation had ended, or the attempt had failed
    from_version   TEXT NOT NULL,        -- what was replaced
    to_version     TEXT NOT NULL,        -- what took its place, or was to
    changes        TEXT NOT NULL,        -- what is different, a line each
    reason         TEXT,                 -- why it failed; everything below is NULL then
    in_flight      INTEGER,              -- messages with the old generation at the switch; of those:
    settled        INTEGER,              -- settled by it,
    handed_over    INTEGER,              -- handed to the new one,
    lost           INTEGER,              -- neither
    perhaps_sent   TEXT,                 -- ids of those handed over that may have been sent before
    interrupted    INTEGER,              -- 1: the old generation was ended by force
    longest_pause  INTEGER               -- microseconds in which messages waited and none was settled
);
CREATE INDEX swap_port ON swap (port, id);

CREATE TABLE deployment (
    port        INTEGER NOT NULL,  -- port.id
    adapter     TEXT NOT NULL,     -- its name in the configuration
    digest      TEXT NOT NULL,     -- of the component that serves the port
    configured  TEXT NOT NULL,     -- of the one that the configuration named then; another one is newer
    previous    TEXT NOT NULL,     -- of the one before, to go back to
    PRIMARY KEY (port, adapter)
) WITHOUT ROWID;
";

/// Makes sure that the file is a box of a version this program knows, and brings it to the newest one.
/// An empty file becomes a box; any other file is refused before anything is written to it.
pub(crate) fn prepare(connection: &mut Connection, location: &Location) -> Result<(), Error> {
    let version = identify(connection, location.path())?;
    // Only now: switching the journal mode writes to the file.
    connection
        .pragma_update(None, "journal_mode", "wal")
        .map_err(|e| location.error(e))?;
    migrate(connection, version).map_err(|e| location.error(e))
}

fn migrate(connection: &mut Connection, version: usize) -> rusqlite::Result<()> {
    for (number, sql) in (1_i64..).zip(MIGRATIONS).skip(version) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}

/// An empty box of the present layout, for tests that look at statements.
#[cfg(test)]
pub(crate) fn in_memory() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    migrate(&mut connection, 0).unwrap();
    connection
}

/// How SQLite carries out a statement, step by step.
#[cfg(test)]
pub(crate) fn plan(connection: &Connection, sql: &str) -> Vec<String> {
    let explain = format!("EXPLAIN QUERY PLAN {sql}");
    let mut statement = connection.prepare(&explain).unwrap();
    let parameters = vec![0; statement.parameter_count()];
    let parameters = rusqlite::params_from_iter(parameters);
    let steps = statement.query_map(parameters, |row| row.get(3)).unwrap();
    steps.collect::<Result<_, _>>().unwrap()
}

/// The version of the box in the file; 0 when the file is empty.
fn identify(connection: &Connection, path: &Path) -> Result<usize, Error> {
    let not_a_box = |reason: String| Error::NotABox {
        path: path.to_owned(),
        reason,
    };
    let read = || -> rusqlite::Result<(i64, i64, i64)> {
        let pragma = |name| connection.pragma_query_value(None, name, |row| row.get(0));
        let tables =
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        Ok((pragma("application_id")?, pragma("user_version")?, tables))
    };
    let (application, version, tables) =
        read().map_err(|error| match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                not_a_box("it is no SQLite database".to_owned())
            }
            _ => Location::new(path.to_owned(), None).error(error),
        })?;
    if (application, version, tables) == (0, 0, 0) {
        return Ok(0);
    }
    if application != APPLICATION_ID {
        return Err(not_a_box(format!(
            "it is an SQLite database of another application, number {application}"
        )));
    }
    match usize::try_from(version) {
        Ok(known) if (1..=MIGRATIONS.len()).contains(&known) => Ok(known),
        Ok(_) if version > 0 => Err(Error::Newer {
            path: path.to_owned(),
            found: version,
            supported: i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX),
        }),
        _ => Err(not_a_box(format!("its layout version is {version}"))),
    }
}
