//! The record of hot swaps: what took the place of what on which port, and the proof that nothing was lost.
//! And the deployments they leave behind: which component serves a port instead of the one that the
//! configuration names. Owns the tables `swap` and `deployment`.
//!
//! A swap and the deployment that it makes are one write, so that a restart runs what the record says.

use std::time::Duration;

use model::{MessageId, PortName, Timestamp};
use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};

use crate::command::{Command, Reply, Write};
use crate::round::Round;
use crate::{Error, MessageBox};

/// Records that are kept of each port; older ones go when new ones come.
const KEPT: i64 = 1000;

/// One swap, or the attempt of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwapRecord {
    /// The port.
    pub port: PortName,
    /// What it was for, such as `deploy`, `rollback` or `reload`.
    pub kind: String,
    /// When it was asked for.
    pub began: Timestamp,
    /// When the old generation had ended, or the attempt had failed.
    pub ended: Timestamp,
    /// What was replaced, for people: adapter, version, digest.
    pub from: String,
    /// What took its place, or was to.
    pub to: String,
    /// What is different, one line each: new imports, changed grants and settings.
    pub changes: Vec<String>,
    /// How it went.
    pub result: SwapResult,
}

/// How a swap went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SwapResult {
    /// The new generation serves the port. `in_flight` = `settled` + `handed_over` + `lost`.
    Switched {
        /// Messages with the old generation when it claimed for the last time.
        in_flight: u64,
        /// Of those, settled by the old generation.
        settled: u64,
        /// Of those, handed to the new one.
        handed_over: u64,
        /// Of those, neither.
        lost: u64,
        /// Of those handed over, the ones that may have been sent before.
        perhaps_sent: Vec<MessageId>,
        /// The old generation did not drain in time, or trapped.
        interrupted: bool,
        /// The longest time in which messages waited and none was settled.
        longest_pause: Duration,
    },
    /// The old generation goes on.
    Failed {
        /// Why.
        reason: String,
    },
}

/// A component that serves a port in place of the one that the configuration names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// The port.
    pub port: PortName,
    /// The adapter's name in the configuration.
    pub adapter: String,
    /// The component's SHA-256.
    pub digest: String,
    /// That of the component which the configuration named at the time: when it names another one now,
    /// the configuration is newer.
    pub configured: String,
    /// That of the component that was replaced, to go back to.
    pub previous: String,
}

/// A swap on its way to the disk.
#[derive(Debug)]
pub(crate) struct Record {
    swap: SwapRecord,
    deployment: Option<Deployment>,
    pub(crate) reply: Reply<()>,
}

impl MessageBox {
    /// Records a swap, and the deployment that it makes. On disk when it returns.
    pub async fn record_swap(
        &self,
        swap: SwapRecord,
        deployment: Option<Deployment>,
    ) -> Result<(), Error> {
        let record = |reply| Record {
            swap,
            deployment,
            reply,
        };
        self.inner
            .ask(|reply| Command::Write(Write::Record(Box::new(record(reply)))))
            .await
    }

    /// The last swaps, the newest first; of one port or of all.
    pub async fn swaps(
        &self,
        port: Option<&PortName>,
        limit: usize,
    ) -> Result<Vec<SwapRecord>, Error> {
        let port = port.cloned();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let read = move |connection: &Connection| swaps(connection, port.as_ref(), limit);
        self.inner.lists.ask(read).await
    }

    /// The components that serve ports in place of those that the configuration names.
    pub async fn deployments(&self) -> Result<Vec<Deployment>, Error> {
        self.inner.lists.ask(deployments).await
    }
}

impl Record {
    pub(crate) fn apply(&self, round: &mut Round<'_>) -> rusqlite::Result<()> {
        let port = round.port(&self.swap.port)?;
        insert(round.connection, port, &self.swap)?;
        if let Some(deployment) = &self.deployment {
            let port = round.port(&deployment.port)?;
            deploy(round.connection, port, deployment)?;
        }
        Ok(())
    }
}

fn insert(connection: &Connection, port: i64, swap: &SwapRecord) -> rusqlite::Result<()> {
    let columns = Columns::of(&swap.result);
    connection
        .prepare_cached(
            "INSERT INTO swap (port, kind, began, ended, from_version, to_version, changes, reason, \
             in_flight, settled, handed_over, lost, perhaps_sent, interrupted, longest_pause) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        )?
        .execute(params![
            port,
            swap.kind,
            swap.began.0,
            swap.ended.0,
            swap.from,
            swap.to,
            swap.changes.join("\n"),
            columns.reason,
            columns.counts[0],
            columns.counts[1],
            columns.counts[2],
            columns.counts[3],
            columns.perhaps_sent,
            columns.interrupted,
            columns.longest_pause,
        ])?;
    connection
        .prepare_cached(
            "DELETE FROM swap WHERE port = ?1 AND id <= \
             (SELECT id FROM swap WHERE port = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
        )?
        .execute((port, KEPT))
        .map(drop)
}

fn deploy(connection: &Connection, port: i64, deployment: &Deployment) -> rusqlite::Result<()> {
    let Deployment {
        adapter,
        digest,
        configured,
        previous,
        ..
    } = deployment;
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO deployment (port, adapter, digest, configured, previous) \
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((port, adapter, digest, configured, previous))
        .map(drop)
}

/// A result as columns.
struct Columns<'a> {
    reason: Option<&'a str>,
    /// In flight, settled, handed over, lost.
    counts: [Option<i64>; 4],
    perhaps_sent: Option<String>,
    interrupted: Option<bool>,
    /// In microseconds.
    longest_pause: Option<i64>,
}

impl<'a> Columns<'a> {
    fn of(result: &'a SwapResult) -> Self {
        match result {
            SwapResult::Switched {
                in_flight,
                settled,
                handed_over,
                lost,
                perhaps_sent,
                interrupted,
                longest_pause,
            } => {
                let ids: Vec<_> = perhaps_sent.iter().map(ToString::to_string).collect();
                let pause = i64::try_from(longest_pause.as_micros());
                Self {
                    reason: None,
                    counts: [in_flight, settled, handed_over, lost].map(|n| Some(n.cast_signed())),
                    perhaps_sent: Some(ids.join(" ")),
                    interrupted: Some(*interrupted),
                    longest_pause: Some(pause.unwrap_or(i64::MAX)),
                }
            }
            SwapResult::Failed { reason } => Self {
                reason: Some(reason),
                counts: [None; 4],
                perhaps_sent: None,
                interrupted: None,
                longest_pause: None,
            },
        }
    }
}

fn swaps(
    connection: &Connection,
    port: Option<&PortName>,
    limit: i64,
) -> rusqlite::Result<Vec<SwapRecord>> {
    connection
        .prepare_cached(
            "SELECT port.name, kind, began, ended, from_version, to_version, changes, reason, \
             in_flight, settled, handed_over, lost, perhaps_sent, interrupted, longest_pause \
             FROM swap JOIN port ON port.id = swap.port \
             WHERE ?1 IS NULL OR port.name = ?1 ORDER BY swap.id DESC LIMIT ?2",
        )?
        .query_map((port.map(PortName::as_str), limit), swap)?
        .collect()
}

fn swap(row: &Row<'_>) -> rusqlite::Result<SwapRecord> {
    let changes: String = row.get(6)?;
    Ok(SwapRecord {
        port: crate::ports::name(row.get_ref(0)?.as_str()?)?,
        kind: row.get(1)?,
        began: Timestamp(row.get(2)?),
        ended: Timestamp(row.get(3)?),
        from: row.get(4)?,
        to: row.get(5)?,
        changes: changes.lines().map(str::to_owned).collect(),
        result: match row.get(7)? {
            Some(reason) => SwapResult::Failed { reason },
            None => switched(row)?,
        },
    })
}

fn switched(row: &Row<'_>) -> rusqlite::Result<SwapResult> {
    let count = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
    let ids: String = row.get(12)?;
    let id = |text: &str| {
        text.parse::<MessageId>()
            .map_err(|e| rusqlite::Error::FromSqlConversionFailure(12, Type::Text, Box::new(e)))
    };
    Ok(SwapResult::Switched {
        in_flight: count(8)?,
        settled: count(9)?,
        handed_over: count(10)?,
        lost: count(11)?,
        perhaps_sent: ids.split_whitespace().map(id).collect::<Result<_, _>>()?,
        interrupted: row.get(13)?,
        longest_pause: Duration::from_micros(count(14)?),
    })
}

fn deployments(connection: &Connection) -> rusqlite::Result<Vec<Deployment>> {
    connection
        .prepare_cached(
            "SELECT port.name, adapter, digest, configured, previous \
             FROM deployment JOIN port ON port.id = deployment.port ORDER BY port.name, adapter",
        )?
        .query_map([], |row| {
            Ok(Deployment {
                port: crate::ports::name(row.get_ref(0)?.as_str()?)?,
                adapter: row.get(1)?,
                digest: row.get(2)?,
                configured: row.get(3)?,
                previous: row.get(4)?,
            })
        })?
        .collect()
}
