//! Prepared transactions at destinations (B81–B86): the decision to commit, on disk in the transaction in
//! which the messages are settled. What is not recorded was not decided and is rolled back (presumed
//! abort). Owns the table `transaction_decision`.

use model::{PortName, Timestamp};
use rusqlite::Connection;

use crate::command::{Command, Reply, Write};
use crate::publish::limit;
use crate::round::Round;
use crate::settle::{Settle, Settlement};
use crate::{Error, MessageBox};

/// Names come from adapters; they stand in an index.
const NAME_LIMIT: u64 = 1024;

/// A decision that is recorded with settlements.
#[derive(Debug)]
pub(crate) struct Decision {
    pub(crate) port: PortName,
    pub(crate) name: String,
}

/// A decided transaction that is committed at its destination.
#[derive(Debug)]
pub(crate) struct Finish {
    port: PortName,
    name: String,
    pub(crate) reply: Reply<()>,
}

impl MessageBox {
    /// Settles like [`settle`](Self::settle) and records in the same transaction that the port's prepared
    /// transaction of this name is to be committed at its destination. When this fails, nothing was
    /// decided; when the future is dropped, ask [`decided_transactions`](Self::decided_transactions).
    pub async fn settle_transaction(
        &self,
        port: &PortName,
        transaction: &str,
        settlements: Vec<Settlement>,
        now: Timestamp,
    ) -> Result<(), Error> {
        limit(
            "the name of a transaction",
            transaction.len() as u64,
            NAME_LIMIT,
        )?;
        let decision = Some(Decision {
            port: port.clone(),
            name: transaction.to_owned(),
        });
        let settle = |reply| Settle {
            settlements,
            decision,
            now,
            reply,
        };
        self.inner
            .ask(|reply| Command::Write(Write::Settle(settle(reply))))
            .await
    }

    /// The port's transactions that are decided and not finished, the oldest first. Sees every decision
    /// that was asked for before the call: what is not among them will not be decided by those.
    pub async fn decided_transactions(&self, port: &PortName) -> Result<Vec<String>, Error> {
        // Decisions are on their way through the writer's queue, and reading does not wait for it.
        self.inner.ask(Command::Barrier).await?;
        let port = port.clone();
        let read = move |connection: &Connection| decided(connection, port.as_str());
        self.inner.rows.ask(read).await
    }

    /// Forgets a decided transaction: it is committed at its destination. No error when it is not known.
    pub async fn finish_transaction(
        &self,
        port: &PortName,
        transaction: &str,
    ) -> Result<(), Error> {
        let (port, name) = (port.clone(), transaction.to_owned());
        let finish = |reply| Finish { port, name, reply };
        self.inner
            .ask(|reply| Command::Write(Write::Finish(finish(reply))))
            .await
    }
}

fn decided(connection: &Connection, port: &str) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare_cached(
            "SELECT name FROM transaction_decision \
             WHERE port = (SELECT id FROM port WHERE name = ?1) ORDER BY decided, name",
        )?
        .query_map([port], |row| row.get(0))?
        .collect()
}

impl Decision {
    /// Records it. Deciding the same twice changes nothing.
    pub(crate) fn record(&self, round: &mut Round<'_>, now: Timestamp) -> rusqlite::Result<()> {
        let port = round.port(&self.port)?;
        round
            .connection
            .prepare_cached(
                "INSERT OR IGNORE INTO transaction_decision (port, name, decided) \
                 VALUES (?1, ?2, ?3)",
            )?
            .execute((port, &self.name, now.0))
            .map(drop)
    }
}

impl Finish {
    pub(crate) fn apply(&self, round: &Round<'_>) -> rusqlite::Result<()> {
        round
            .connection
            .prepare_cached(
                "DELETE FROM transaction_decision \
                 WHERE port = (SELECT id FROM port WHERE name = ?1) AND name = ?2",
            )?
            .execute((self.port.as_str(), &self.name))
            .map(drop)
    }
}
