//! Sends batches that are committed together with the message box: the coordinator's side of a two-phase
//! commit (B81–B86). Recovery is in `recovery`.
//!
//! For every batch: `prepare` at the destination, the decision in the message box, `commit` at the
//! destination. Whatever goes wrong before the decision is rolled back, whatever goes wrong after it is
//! committed later; what is not known is in doubt.

use std::sync::Arc;
use std::time::Duration;

use model::transmit::OutcomeSink;
use model::{ErrorInfo, Failure};
use wasmtime::component::{Accessor, ResourceAny};

use crate::batched::{self, Pushed};
use crate::bindings::imports::types::Failure as WitFailure;
use crate::context::Context;
use crate::decision::{self, Decision, Refused};
use crate::desk::Desk;
use crate::guest::{Filling, Transactional};
use crate::ledger::{Answer, Ledger, Ticket};
use crate::transactions::{Transaction, Transactions};

/// The coordinator in one instance.
#[derive(Clone, Copy)]
pub(crate) struct Coordinator<'a> {
    pub(crate) accessor: &'a Accessor<Context>,
    pub(crate) guest: &'a Transactional,
    pub(crate) desk: &'a Desk,
    pub(crate) memory: &'a Arc<Transactions>,
    /// How long a call may take that has no message whose time could be up.
    pub(crate) limit: Duration,
}

/// Why a step did not succeed.
#[derive(Debug)]
pub(crate) enum Unfinished {
    /// The instance is gone.
    Trap(wasmtime::Error),
    /// The adapter, the destination or the message box says so.
    Failed(ErrorInfo),
}

impl From<wasmtime::Error> for Unfinished {
    fn from(trap: wasmtime::Error) -> Self {
        Self::Trap(trap)
    }
}

impl From<ErrorInfo> for Unfinished {
    fn from(error: ErrorInfo) -> Self {
        Self::Failed(error)
    }
}

impl Coordinator<'_> {
    /// Pushes one batch and sees it through. An error is a trap.
    pub(crate) async fn send_batch(self, room: usize) -> wasmtime::Result<()> {
        let (batch, pushed) = batched::fill(self.accessor, self.guest, self.desk, room).await?;
        let Pushed { collected, .. } = pushed;
        if collected.is_empty() {
            return self.guest.clear(self.accessor, batch).await;
        }
        self.send(batch, collected).await
    }

    async fn send(self, batch: ResourceAny, collected: Vec<Ticket>) -> wasmtime::Result<()> {
        let transaction = self.memory.begin();
        let name = transaction.name().to_owned();
        let result = self.guest.prepare(self.accessor, batch, name).await?;
        let answers = match batched::answers(result, collected.len()) {
            Ok(answers) => answers,
            Err(failure) => return self.not_prepared(transaction, &collected, &failure).await,
        };
        // Each failure is its message's own, and the rest goes on without it (B83).
        let prepared = self.ledger(|ledger| {
            let mut prepared = Vec::with_capacity(collected.len());
            for (ticket, answer) in collected.into_iter().zip(answers) {
                match answer {
                    Answer::Transmitted => prepared.push(ticket),
                    failed => ledger.answered(ticket, failed),
                }
            }
            prepared
        });
        if prepared.is_empty() {
            transaction.ended();
            return Ok(());
        }
        self.decide(transaction, &prepared).await
    }

    /// Nobody knows what of it is prepared: rolled back, and everybody failed (B82, B83).
    async fn not_prepared(
        self,
        transaction: Transaction,
        collected: &[Ticket],
        failure: &Failure,
    ) -> wasmtime::Result<()> {
        self.roll_back(transaction).await?;
        self.ledger(|ledger| {
            for ticket in collected {
                ledger.answered(*ticket, Answer::Failed(failure.clone()));
            }
        });
        Ok(())
    }

    /// Everything is prepared: the message box decides.
    async fn decide(self, transaction: Transaction, prepared: &[Ticket]) -> wasmtime::Result<()> {
        let Some(messages) = self.ledger(|ledger| ledger.settling_all(prepared)) else {
            // A message whose time was up cannot be left out any more.
            self.roll_back(transaction).await?;
            self.each(prepared, Ledger::returned);
            return Ok(());
        };
        // A task of its own: the instance may end meanwhile, and the decision must still be known.
        let deciding = decision::decide(self.sink(), transaction, messages);
        let decision = tokio::spawn(deciding).await?;
        let _closing = self.desk.closing();
        match decision {
            Decision::Commit(transaction) => {
                self.each(prepared, Ledger::settled);
                self.commit(transaction).await?;
                self.ledger(|ledger| ledger.acknowledged(prepared.len()));
            }
            Decision::RollBack(Refused {
                transaction,
                messages,
                why,
            }) => {
                self.each(prepared, Ledger::released);
                tracing::debug!(transaction = transaction.name(), %why, "not decided: rolled back");
                self.roll_back(transaction).await?;
                // The destination is free for the next attempt.
                drop(messages);
            }
            Decision::Unknown(Refused {
                transaction,
                messages,
                why,
            }) => {
                self.each(prepared, Ledger::released);
                tracing::debug!(transaction = transaction.name(), %why, "perhaps decided: in doubt");
                // In doubt before its messages can come again.
                drop(transaction);
                drop(messages);
            }
            Decision::LeftToTheRestart(transaction) => {
                self.each(prepared, Ledger::released);
                // Not even a recovery may come too early.
                self.desk.retire();
                drop(transaction);
            }
        }
        Ok(())
    }

    /// Commits what is decided. If that fails it is in doubt, and a recovery does it.
    async fn commit(self, transaction: Transaction) -> wasmtime::Result<()> {
        match self.commit_and_finish(transaction.name()).await {
            Ok(()) => transaction.ended(),
            Err(Unfinished::Trap(trap)) => return Err(trap),
            Err(Unfinished::Failed(error)) => {
                let name = transaction.name();
                let text = format!(
                    "transaction {name} is decided but not committed yet: {}",
                    error.text
                );
                self.sink().error(ErrorInfo {
                    code: error.code,
                    text,
                });
            }
        }
        Ok(())
    }

    /// Rolls back what will never be decided. If that fails it is in doubt, and a recovery does it.
    async fn roll_back(self, transaction: Transaction) -> wasmtime::Result<()> {
        match self.undo(transaction.name()).await {
            Ok(()) => transaction.ended(),
            Err(Unfinished::Trap(trap)) => return Err(trap),
            Err(Unfinished::Failed(error)) => {
                let name = transaction.name();
                tracing::debug!(transaction = name, %error, "not rolled back yet");
            }
        }
        Ok(())
    }

    /// `commit`, then the record of the decision may go.
    pub(crate) async fn commit_and_finish(self, name: &str) -> Result<(), Unfinished> {
        let commit = self.guest.commit(self.accessor, name.to_owned());
        self.within("commit", commit).await?;
        Ok(self.sink().finish_transaction(name.to_owned()).await?)
    }

    /// `rollback`.
    pub(crate) async fn undo(self, name: &str) -> Result<(), Unfinished> {
        let roll_back = self.guest.roll_back(self.accessor, name.to_owned());
        self.within("rollback", roll_back).await
    }

    /// A call that must not take for ever. When its time is up the guest still has it, so the instance
    /// has to go.
    pub(crate) async fn within<T>(
        self,
        what: &str,
        call: impl Future<Output = wasmtime::Result<Result<T, WitFailure>>>,
    ) -> Result<T, Unfinished> {
        match tokio::time::timeout(self.limit, call).await {
            Ok(result) => result?.map_err(|failure| {
                let error = Failure::from(failure).error;
                let text = format!("{what} failed: {}", error.text);
                ErrorInfo { text, ..error }.into()
            }),
            Err(_) => {
                self.desk.give_up();
                let text = format!(
                    "{what}: no answer within {:?} (delivery-timeout)",
                    self.limit
                );
                Err(ErrorInfo::new("delivery-timeout", text).into())
            }
        }
    }

    pub(crate) fn sink(self) -> Arc<dyn OutcomeSink> {
        self.accessor.with(|mut access| access.get().sink.clone())
    }

    fn each(self, tickets: &[Ticket], change: impl Fn(&mut Ledger, Ticket)) {
        self.ledger(|ledger| tickets.iter().for_each(|ticket| change(ledger, *ticket)));
    }

    fn ledger<R>(self, change: impl FnOnce(&mut Ledger) -> R) -> R {
        self.accessor
            .with(|mut access| change(access.get().ledger()))
    }
}
