//! One batch as one transaction: what is said to the server, and what its answers mean.
//!
//! Every message is written between two savepoints, so that one bad row costs only itself, and still
//! nobody waits between messages. The trick is a savepoint that moves: behind every row that was
//! written, it is released and set again; in front of every row, the server goes back to it. When the
//! row before was written, that goes back nowhere; when it failed, it is undone. Both are the same
//! words, so they are sent without knowing which it was.
//!
//! Everything here is about a session. Nothing waits, and no connection is seen.

use postgres_protocol::Oid;
use postgres_protocol::escape::escape_literal;

use crate::session::{Answer, Broken, ServerError, Session, Status, Value};

/// The name of the prepared statement of a batch.
const ROW: &str = "sendport_row";
const UNDO: &str = "ROLLBACK TO SAVEPOINT sendport_row";
const KEEP: &str = "RELEASE SAVEPOINT sendport_row";
const MARK: &str = "SAVEPOINT sendport_row";

/// PostgreSQL stores the name of a prepared transaction in 200 bytes, with a zero byte at its end.
const LONGEST_NAME: usize = 199;

/// The type of `text`.
const TEXT: Oid = 25;
/// There is no prepared transaction of that name.
const UNDEFINED_OBJECT: &str = "42704";
/// The server is not set up for that.
const NOT_IN_PREREQUISITE_STATE: &str = "55000";
/// What the server calls it when it has prepared a transaction.
const PREPARED: &str = "PREPARE TRANSACTION";

/// Why a transaction as a whole came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TransactionError {
    /// Nothing is known, and the connection is of no use any more.
    #[error(transparent)]
    Broken(#[from] Broken),
    #[error("cannot {doing}: {error}")]
    Refused {
        doing: &'static str,
        error: ServerError,
    },
    /// Before it saw any message.
    #[error("the statement of the port does not fit the database: {0}")]
    Statement(ServerError),
    #[error("the statement of the port must not begin or end transactions")]
    Strays,
    /// Prepared transactions are switched off, as they are in a new server.
    #[error(
        "cannot prepare the transaction: the server needs max_prepared_transactions > 0 in its \
         configuration, and a restart: {0}"
    )]
    Disabled(ServerError),
    /// The server says that it did something else.
    #[error("cannot prepare the transaction: the server answered {0:?}")]
    NotPrepared(Vec<String>),
    #[error("the name of a transaction has 1 to 199 bytes and no zero byte, not {0:?}")]
    Name(String),
}

/// A transaction's name, quoted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name(String);

/// The rows of a transaction: how many were written, and what became of them.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    written: usize,
    answered: usize,
    kept: usize,
    last_failed: bool,
}

impl Name {
    /// Checks and quotes a name.
    pub(crate) fn new(name: &str) -> Result<Self, TransactionError> {
        if (1..=LONGEST_NAME).contains(&name.len()) && !name.contains('\0') {
            Ok(Self(escape_literal(name).trim_start().to_owned()))
        } else {
            Err(TransactionError::Name(name.to_owned()))
        }
    }

    /// The key of an advisory lock that the transaction holds from its first word until it is committed
    /// or rolled back, prepared or not: see [`roll_back_prepared`].
    fn lock_key(&self) -> String {
        format!("pg_catalog.hashtextextended({}, 0)", self.0)
    }
}

/// Writes the beginning of a transaction, and prepares the statement.
pub(crate) fn begin(session: &mut Session, name: &Name, statement: &str) -> Result<(), Broken> {
    // Constraints that wait for the end of the transaction would fail all rows for one of them.
    let lock = name.lock_key();
    session.query(&format!(
        "BEGIN; SET CONSTRAINTS ALL IMMEDIATE; \
         SELECT pg_catalog.pg_advisory_xact_lock({lock}); {MARK}"
    ))?;
    let pipeline = session.pipeline();
    pipeline.prepare(ROW, statement, &[])?.end();
    Ok(())
}

/// Reads the answers to [`begin`]: the types of the statement's parameters.
pub(crate) fn begun(session: &mut Session) -> Result<Vec<Oid>, TransactionError> {
    let refused = |error| refused("begin a transaction", error);
    answer(session)?.ok().map_err(refused)?;
    let prepared = answer(session)?.ok();
    Ok(prepared.map_err(TransactionError::Statement)?.parameters)
}

impl Rows {
    /// Writes one row.
    pub(crate) fn write(&mut self, session: &mut Session, values: &[Value]) -> Result<(), Broken> {
        let mut pipeline = session.pipeline();
        if self.written > 0 {
            pipeline = pipeline.command(UNDO)?;
        }
        let row = pipeline.execute(ROW, values)?;
        row.command(KEEP)?.command(MARK)?.end();
        self.written += 1;
        Ok(())
    }

    /// Reads the answer to the next row: written, or why not.
    pub(crate) fn outcome(
        &mut self,
        session: &mut Session,
    ) -> Result<Result<(), ServerError>, TransactionError> {
        let answer = answer(session)?;
        let undone = usize::from(self.answered > 0);
        self.answered += 1;
        let outcome = match (answer.error, answer.status) {
            (None, Status::Transaction) if answer.commands.len() == undone + 3 => Ok(()),
            (Some(error), Status::Failed) if answer.commands.len() == undone => Err(error),
            _ => return Err(TransactionError::Strays),
        };
        self.last_failed = outcome.is_err();
        self.kept += usize::from(outcome.is_ok());
        Ok(outcome)
    }

    /// Writes the end: prepares what was written; when that is nothing, nothing is left.
    pub(crate) fn finish(&self, session: &mut Session, name: &Name) -> Result<(), Broken> {
        if self.kept == 0 {
            return session.query("ROLLBACK");
        }
        let mut pipeline = session.pipeline();
        if self.last_failed {
            pipeline = pipeline.command(UNDO)?;
        }
        let prepare = format!("PREPARE TRANSACTION {}", name.0);
        pipeline.command(&prepare)?.end();
        Ok(())
    }

    /// Reads the answer to [`finish`](Self::finish).
    pub(crate) fn finished(&self, session: &mut Session) -> Result<(), TransactionError> {
        let answer = answer(session)?;
        if self.kept == 0 {
            let done = answer.ok();
            return done.map(drop).map_err(|error| refused("roll back", error));
        }
        match answer.error {
            Some(error) if error.sqlstate == NOT_IN_PREREQUISITE_STATE => {
                Err(TransactionError::Disabled(error))
            }
            Some(error) => Err(refused("prepare the transaction", error)),
            // A transaction that cannot be prepared is rolled back, and that is no error to the server.
            None if answer.commands.last().is_some_and(|last| last == PREPARED) => Ok(()),
            None => Err(TransactionError::NotPrepared(answer.commands)),
        }
    }
}

/// Writes the commit of a prepared transaction.
pub(crate) fn commit_prepared(session: &mut Session, name: &Name) -> Result<(), Broken> {
    session.query(&format!("COMMIT PREPARED {}", name.0))
}

/// Reads the answer to [`commit_prepared`]. A transaction that is not there was committed before.
pub(crate) fn committed(session: &mut Session) -> Result<(), TransactionError> {
    match answer(session)?.error {
        Some(error) if error.sqlstate != UNDEFINED_OBJECT => {
            Err(refused("commit the prepared transaction", error))
        }
        _ => Ok(()),
    }
}

/// Writes the rollback of a prepared transaction, and asks for its lock.
///
/// When a connection breaks after the last word of a transaction was sent, another connection may be
/// here with the rollback before the server has got so far: nothing is prepared *yet*. What is prepared
/// then, nobody would ever roll back. The lock tells: as long as it is held, the transaction lives.
pub(crate) fn roll_back_prepared(session: &mut Session, name: &Name) -> Result<(), Broken> {
    session.query(&format!("ROLLBACK PREPARED {}", name.0))?;
    let lock = name.lock_key();
    let ask = format!("SELECT pg_catalog.pg_try_advisory_xact_lock({lock})");
    session.pipeline().keep_rows().command(&ask)?.end();
    Ok(())
}

/// Reads the answers to [`roll_back_prepared`]. True: there is no such transaction, and there will be
/// none. False: it is still on its way, so ask again.
pub(crate) fn rolled_back(session: &mut Session) -> Result<bool, TransactionError> {
    let (rollback, lock) = (answer(session)?, answer(session)?);
    match rollback.error {
        None => Ok(true),
        Some(error) if error.sqlstate == UNDEFINED_OBJECT => {
            let lock = lock.ok();
            let lock = lock.map_err(|error| refused("look for the transaction", error))?;
            Ok(lock.rows == [[Some("t".to_owned())]])
        }
        Some(error) => Err(refused("roll back the prepared transaction", error)),
    }
}

/// Asks for the prepared transactions of this database whose names begin so.
pub(crate) fn list_prepared(session: &mut Session, prefix: &str) -> Result<(), Broken> {
    let sql = "SELECT gid FROM pg_catalog.pg_prepared_xacts \
               WHERE database = pg_catalog.current_database() AND pg_catalog.starts_with(gid, $1) \
               ORDER BY prepared, gid";
    let prefix = [Value::Text(prefix.as_bytes().to_vec())];
    let pipeline = session.pipeline().keep_rows();
    pipeline
        .prepare("", sql, &[TEXT])?
        .execute("", &prefix)?
        .end();
    Ok(())
}

/// Reads the answer to [`list_prepared`].
pub(crate) fn listed(session: &mut Session) -> Result<Vec<String>, TransactionError> {
    let answer = answer(session)?.ok();
    let answer = answer.map_err(|error| refused("list the prepared transactions", error))?;
    Ok(answer.rows.into_iter().flatten().flatten().collect())
}

fn answer(session: &mut Session) -> Result<Answer, Broken> {
    let missing = || Broken::Protocol("an answer is missing".to_owned());
    session.next_answer().ok_or_else(missing)
}

fn refused(doing: &'static str, error: ServerError) -> TransactionError {
    TransactionError::Refused { doing, error }
}

#[cfg(test)]
mod tests;
