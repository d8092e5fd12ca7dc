//! Message lifecycles per second: insert, then delete, fsync on, 64 messages of 1 KiB per commit. First
//! with bare SQLite doing nothing else, then through the message box; the difference is what leases,
//! feeds, ids and threads cost.
//!
//! `cargo run --release -p message-box --example lifecycles [DIRECTORY]`: the directory decides which disk
//! is measured; without it, the system's temporary one.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytes::Bytes;
use message_box::{Config, MessageBox, NewBody, NewMessage, Publication, Settlement};
use model::{PortName, Properties, Timestamp, TransportSlot, Verdict};
use rusqlite::Connection;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Messages per publication, claim and settlement.
const BATCH: usize = 64;

/// Messages waiting while the measurement runs, as in a port under load.
const WAITING: usize = 16 * BATCH;

const BODY: &[u8] = &[b'x'; 1024];
const ROUND: Duration = Duration::from_secs(2);
const ROUNDS: usize = 3;

fn main() -> Result<()> {
    let directory = std::env::args_os().nth(1).map(PathBuf::from);
    let directory = directory.unwrap_or_else(std::env::temp_dir);
    let runtime = tokio::runtime::Builder::new_multi_thread().build()?;
    let mut rates = [const { Vec::new() }; 3];
    // Interleaved, so that a slow moment of the disk hits all of them.
    for _ in 0..ROUNDS {
        rates[0].push(bare(&directory)?);
        rates[1].push(runtime.block_on(through_the_box(&directory, 1))?);
        rates[2].push(runtime.block_on(through_the_box(&directory, 8))?);
    }
    println!("lifecycles/s, 1 KiB, {BATCH} per commit, median of {ROUNDS} rounds of {ROUND:?}");
    let names = [
        "bare SQLite",
        "message box, 1 caller",
        "message box, 8 callers",
    ];
    for (name, rates) in names.into_iter().zip(&mut rates) {
        rates.sort_by(f64::total_cmp);
        println!("{name:<24} {:>8.0}", rates[ROUNDS / 2]);
    }
    Ok(())
}

/// The same rows, one index, one transaction per batch: inserts a batch and deletes the oldest one.
fn bare(directory: &Path) -> Result<f64> {
    let directory = tempfile::tempdir_in(directory)?;
    let connection = Connection::open(directory.path().join("bare.sqlite"))?;
    connection.execute_batch(
        "PRAGMA journal_mode = wal; PRAGMA synchronous = full; PRAGMA wal_autocheckpoint = 16000;
         CREATE TABLE message (seq INTEGER PRIMARY KEY, port INTEGER NOT NULL, state INTEGER NOT NULL,
             priority INTEGER NOT NULL, due INTEGER NOT NULL, attempts INTEGER NOT NULL,
             accepted INTEGER NOT NULL, size INTEGER NOT NULL, properties TEXT NOT NULL, body BLOB);
         CREATE INDEX message_pending ON message (port, priority, due) WHERE state = 0;",
    )?;
    let mut next = 0_i64;
    let mut oldest = 0_i64;
    let mut commit = |insert: usize, delete: usize| -> rusqlite::Result<()> {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let mut statement = connection
            .prepare_cached("INSERT INTO message VALUES (?1, 1, 0, 5, ?2, 0, ?2, ?3, '{}', ?4)")?;
        for _ in 0..insert {
            statement.execute((next, next / 10, BODY.len().cast_signed(), BODY))?;
            next += 1;
        }
        let mut statement = connection.prepare_cached("DELETE FROM message WHERE seq = ?1")?;
        for _ in 0..delete {
            statement.execute([oldest])?;
            oldest += 1;
        }
        connection.execute_batch("COMMIT")
    };
    commit(WAITING, 0)?;
    let start = Instant::now();
    let mut done = 0;
    while start.elapsed() < ROUND {
        commit(BATCH, BATCH)?;
        done += BATCH;
    }
    Ok(done as f64 / start.elapsed().as_secs_f64())
}

/// Publish, claim and settle by so many independent callers, each on its own port.
async fn through_the_box(directory: &Path, callers: usize) -> Result<f64> {
    let directory = tempfile::tempdir_in(directory)?;
    let message_box = MessageBox::open(Config::new(directory.path()))?;
    let mut tasks = Vec::new();
    for n in 0..callers {
        let port = PortName::new(&format!("port-{n}"))?;
        tasks.push(tokio::spawn(caller(
            message_box.clone(),
            port,
            WAITING / callers,
        )));
    }
    let mut rate = 0.0;
    for task in tasks {
        rate += task.await??;
    }
    let audit = message_box.audit().await?;
    assert!(audit.holds, "{audit:?}");
    message_box.close().await?;
    Ok(rate)
}

async fn caller(
    message_box: MessageBox,
    port: PortName,
    waiting: usize,
) -> std::result::Result<f64, message_box::Error> {
    let feed = message_box.feed(&port, TransportSlot::Primary);
    message_box
        .publish(&port, publication(waiting), now())
        .await?;
    let start = Instant::now();
    let mut done = 0;
    while start.elapsed() < ROUND {
        message_box
            .publish(&port, publication(BATCH), now())
            .await?;
        let lease_until = now().after(Duration::from_secs(60));
        let claim = feed.claim(BATCH, now(), lease_until).await?;
        done += claim.messages.len();
        let delete = |id, lease| Settlement::new(id, lease, Verdict::Delete);
        let leased = claim.messages.into_iter();
        let settled = leased.map(|leased| delete(leased.message.id, leased.lease));
        message_box.settle(settled.collect(), now()).await?;
    }
    Ok(done as f64 / start.elapsed().as_secs_f64())
}

fn publication(n: usize) -> Publication {
    let body = || NewBody::Inline(Bytes::from_static(BODY));
    let message = || NewMessage::new(body(), Properties::default());
    Publication {
        messages: (0..n).map(|_| message()).collect(),
        idempotency_key: None,
    }
}

fn now() -> Timestamp {
    Timestamp::from_system(std::time::SystemTime::now())
}
