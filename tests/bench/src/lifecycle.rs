//! Publish, claim, null adapter, settle on the embedded box with fsync, against bare SQLite doing the
//! same commits and nothing else.

use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use rusqlite::Connection;

use crate::adapters::{Adapters, Shape};
use crate::machine::{cpu_seconds, scratch};
use crate::measure::Report;
use crate::refill::BODY;
use crate::walk::{PUBLICATION, Walk};

const MESSAGES: usize = 200_000;
/// Messages that wait in the bare store meanwhile, as they do in the box.
const WAITING: i64 = 1024;

pub(crate) fn run(components: &Path, report: &mut Report) -> Result<()> {
    let adapters = Adapters::new(components, 2)?;
    let components = ["null-adapter", "null-batch-adapter"];
    let (mut bare, mut walks) = (Vec::new(), [const { Vec::new() }; 2]);
    let mut cpu = [const { Vec::new() }; 2];
    for _ in 0..report.runs {
        bare.push(bare_store()?);
        for (i, component) in components.iter().enumerate() {
            let (rate, used) = walk(&adapters, component)?;
            walks[i].push(rate);
            cpu[i].push(used);
        }
    }
    let bare = report.add("bare store, 64 per commit", "messages/s", bare);
    for ((component, rates), cpu) in components.iter().zip(walks).zip(cpu) {
        let rate = report.add(&format!("lifecycle, {component}"), "messages/s", rates);
        report.add(&format!("lifecycle, {component}, CPU"), "µs/message", cpu);
        report.add(
            &format!("lifecycle, {component}/bare store"),
            "ratio",
            vec![rate / bare],
        );
    }
    Ok(())
}

fn walk(adapters: &Adapters, component: &str) -> Result<(f64, f64)> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let walk = Walk::new("null://", 1024)?;
        let shape = Shape {
            address: "null://".to_owned(),
            instances: 2,
            open_calls: 256,
        };
        let pool = adapters.pool(component, &shape, walk.sink())?;
        let walk = walk.start(pool)?;
        let (start, cpu) = (Instant::now(), cpu_seconds("self"));
        walk.publish_and_wait(MESSAGES).await?;
        let rate = MESSAGES as f64 / start.elapsed().as_secs_f64();
        let cpu = (cpu_seconds("self") - cpu) * 1e6 / MESSAGES as f64;
        walk.end().await?;
        Ok((rate, cpu))
    })
}

/// One transaction inserts 64 messages and deletes the 64 oldest.
fn bare_store() -> Result<f64> {
    let directory = scratch()?;
    let connection = Connection::open(directory.path().join("bare.sqlite"))?;
    connection.execute_batch(
        "PRAGMA journal_mode = wal; PRAGMA synchronous = full; PRAGMA wal_autocheckpoint = 16000;
         CREATE TABLE message (seq INTEGER PRIMARY KEY, port INTEGER NOT NULL, state INTEGER NOT NULL,
             priority INTEGER NOT NULL, due INTEGER NOT NULL, attempts INTEGER NOT NULL,
             accepted INTEGER NOT NULL, size INTEGER NOT NULL, properties TEXT NOT NULL, body BLOB);
         CREATE INDEX message_pending ON message (port, priority, due) WHERE state = 0;",
    )?;
    let body = vec![b'x'; BODY];
    let (mut next, mut oldest) = (0_i64, 0_i64);
    let mut commit = |insert: i64, delete: i64| -> rusqlite::Result<()> {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let mut statement = connection.prepare_cached(
            "INSERT INTO message VALUES (?1, 1, 0, 5, ?2, 0, ?2, 1024, '{}', ?3)",
        )?;
        for _ in 0..insert {
            statement.execute((next, next / 10, &body))?;
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
    let batch = i64::try_from(PUBLICATION)?;
    for _ in 0..MESSAGES / PUBLICATION {
        commit(batch, batch)?;
    }
    Ok(MESSAGES as f64 / start.elapsed().as_secs_f64())
}
