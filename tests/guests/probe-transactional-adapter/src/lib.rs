//! A transactional adapter over a directory, which does what its messages say, by their property `probe`.
//!
//! `TRANSACTION.prepared` has one line per message, its id and its body. Committing renames it to
//! `TRANSACTION.committed` (what follows the dot is the port's key `suffix`), rolling back removes it.
//!
//! - `ok` is written; `respond` is, too, and leaves the property `body` with the host as a response;
//! - `retryable` and `permanent` are listed as failed, and so is `calls`, with the
//!   operations that this instance was asked for as its text;
//! - `fail-prepare` and `trap-in-prepare` let the whole prepare fail after the file was written, each
//!   also with `-once` for the first attempt of the message only; `hang-in-prepare-once` never returns
//!   from the first;
//! - `fail-commit-once`, `trap-in-commit-once` and `hang-in-commit-once` let the first commit of the
//!   transaction fail, `trap-after-commit-once` and `hang-after-commit-once` let it succeed without
//!   anybody knowing;
//! - `fail-rollback-once` lets the prepare of the message's first attempt fail, and then the first
//!   roll-back.
//!
//! What happens once is remembered in files: an instance may be gone by the second time.

#![forbid(unsafe_code)]

mod bindings;
mod directory;

use std::cell::RefCell;
use std::future::pending;

use directory::Directory;
use sendport_guest::{
    BatchLimits, Configuration, ConfigurationKey, Destination, ErrorInfo, Failure, Message,
    Outcome, Response, TransactionalBatchSendAdapter, TransportInfo, ValueKind, log,
};

struct Probe {
    max_messages: u32,
    /// What the host has asked for: `prepare`, `commit`, `rollback`, `list-prepared`.
    calls: RefCell<Vec<&'static str>>,
}

const PREPARED: &str = "prepared";
const FAIL_COMMIT: &str = "fail-commit-once";
const TRAP_IN_COMMIT: &str = "trap-in-commit-once";
const TRAP_AFTER_COMMIT: &str = "trap-after-commit-once";
const HANG_IN_COMMIT: &str = "hang-in-commit-once";
const HANG_AFTER_COMMIT: &str = "hang-after-commit-once";
/// What the first commit of a transaction does.
const IN_COMMIT: [&str; 5] = [
    FAIL_COMMIT,
    TRAP_IN_COMMIT,
    TRAP_AFTER_COMMIT,
    HANG_IN_COMMIT,
    HANG_AFTER_COMMIT,
];
const FAIL_ROLLBACK: &str = "fail-rollback-once";

impl TransactionalBatchSendAdapter for Probe {
    fn describe() -> TransportInfo {
        TransportInfo::new(
            "PROBE",
            "Transactional probe adapter",
            env!("CARGO_PKG_VERSION"),
        )
        .description("Writes messages to a directory, all or none of a transaction.")
        .prefix("probe://")
        .prefix("/")
        .ordered_delivery()
        .handler_keys([ConfigurationKey::new(
            "max-messages",
            ValueKind::Number,
            "Messages in one transaction.",
        )
        .default_value("8")])
        .port_keys([ConfigurationKey::new(
            "suffix",
            ValueKind::Text,
            "Ends the name of a transaction's file when it is committed.",
        )
        .default_value("committed")])
    }

    fn load(handler: Configuration) -> Result<Self, ErrorInfo> {
        let max_messages = handler.number("max-messages", 1..=1024)?;
        Ok(Self {
            max_messages: max_messages.map_or(8, |number| number as u32),
            calls: RefCell::default(),
        })
    }

    fn limits(&self, _destination: &Destination) -> BatchLimits {
        BatchLimits {
            max_messages: self.max_messages,
            max_bytes: 0,
        }
    }

    async fn prepare(
        &self,
        _destination: &Destination,
        transaction: &str,
        messages: &[Message],
    ) -> Result<Vec<Outcome>, Failure> {
        self.record("prepare", transaction);
        let directory = Directory::granted()?;
        let outcomes: Vec<_> = messages
            .iter()
            .map(|message| self.outcome(message))
            .collect();
        let written = messages.iter().zip(&outcomes);
        let written = written.filter_map(|(message, outcome)| outcome.is_ok().then_some(message));
        let written: Vec<_> = written.collect();
        if !written.is_empty() {
            let lines: String = written.iter().map(|message| line(message)).collect();
            directory
                .write(&file(transaction, PREPARED), lines.into_bytes())
                .await?;
        }
        for message in written {
            after_prepare(&directory, transaction, message).await?;
        }
        Ok(outcomes)
    }

    async fn commit(&self, destination: &Destination, transaction: &str) -> Result<(), Failure> {
        self.record("commit", transaction);
        let directory = Directory::granted()?;
        let told = async |what| directory.remove(&file(transaction, what)).await;
        if told(FAIL_COMMIT).await? {
            return Err(retryable("the probe was told to fail to commit"));
        }
        if told(TRAP_IN_COMMIT).await? {
            panic!("the probe was told to trap in commit");
        }
        if told(HANG_IN_COMMIT).await? {
            pending::<()>().await;
        }
        let (trap, hang) = (
            told(TRAP_AFTER_COMMIT).await?,
            told(HANG_AFTER_COMMIT).await?,
        );
        let settings = destination.settings();
        let suffix = settings.text("suffix").unwrap_or("committed");
        directory
            .rename(&file(transaction, PREPARED), &file(transaction, suffix))
            .await?;
        assert!(!trap, "the probe was told to trap after its commit");
        if hang {
            pending::<()>().await;
        }
        Ok(())
    }

    async fn rollback(&self, _destination: &Destination, transaction: &str) -> Result<(), Failure> {
        self.record("rollback", transaction);
        let directory = Directory::granted()?;
        if directory.remove(&file(transaction, FAIL_ROLLBACK)).await? {
            return Err(retryable("the probe was told to fail to roll back"));
        }
        for suffix in IN_COMMIT.into_iter().chain([PREPARED]) {
            directory.remove(&file(transaction, suffix)).await?;
        }
        Ok(())
    }

    async fn list_prepared(
        &self,
        _destination: &Destination,
        prefix: &str,
    ) -> Result<Vec<String>, Failure> {
        self.record("list-prepared", prefix);
        let names = Directory::granted()?.names().await?;
        let transactions = names.iter().filter_map(|name| {
            let (transaction, suffix) = name.rsplit_once('.')?;
            (suffix == PREPARED && transaction.starts_with(prefix)).then(|| transaction.to_owned())
        });
        Ok(transactions.collect())
    }
}

impl Probe {
    fn record(&self, call: &'static str, what: &str) {
        log::info(&format!("{call} {what}"));
        self.calls.borrow_mut().push(call);
    }

    /// What the message alone decides.
    fn outcome(&self, message: &Message) -> Outcome {
        match probe(message).as_str() {
            "retryable" => Err(retryable("the probe was told to fail")),
            "permanent" => Err(permanent("the probe was told to fail for good")),
            "calls" => Err(permanent(&self.calls.borrow().join(" "))),
            "respond" => respond(message),
            "ok"
            | "fail-prepare"
            | "fail-prepare-once"
            | "trap-in-prepare"
            | "trap-in-prepare-once"
            | "hang-in-prepare-once"
            | FAIL_ROLLBACK => Ok(()),
            told if IN_COMMIT.contains(&told) => Ok(()),
            other => Err(permanent(&format!("there is no probe {other:?}"))),
        }
    }
}

/// What happens when the file is written.
async fn after_prepare(
    directory: &Directory,
    transaction: &str,
    message: &Message,
) -> Result<(), Failure> {
    let probe = probe(message);
    let first = match probe.as_str() {
        "fail-prepare-once" | "trap-in-prepare-once" | "hang-in-prepare-once" | FAIL_ROLLBACK => {
            directory.create(&file(&message.id(), "once")).await?
        }
        _ => true,
    };
    match probe.as_str() {
        "fail-prepare" | "fail-prepare-once" if first => {
            Err(retryable("the probe was told to fail to prepare"))
        }
        "trap-in-prepare" | "trap-in-prepare-once" if first => {
            panic!("the probe was told to trap in prepare")
        }
        "hang-in-prepare-once" if first => pending().await,
        told if IN_COMMIT.contains(&told) => {
            directory.create(&file(transaction, told)).await.map(drop)
        }
        FAIL_ROLLBACK if first => {
            directory.create(&file(transaction, &probe)).await?;
            Err(retryable("the probe was told to fail to prepare"))
        }
        _ => Ok(()),
    }
}

fn respond(message: &Message) -> Outcome {
    let body = message.property("body").unwrap_or_default();
    let response = Response::new(body).property("answered-by", "probe");
    message
        .submit_response(&response)
        .map_err(Failure::permanent)
}

fn probe(message: &Message) -> String {
    message.property("probe").unwrap_or_else(|| "ok".to_owned())
}

fn line(message: &Message) -> String {
    format!(
        "{} {}\n",
        message.id(),
        String::from_utf8_lossy(&message.body())
    )
}

fn file(name: &str, suffix: &str) -> String {
    format!("{name}.{suffix}")
}

fn retryable(text: &str) -> Failure {
    Failure::retryable(ErrorInfo::new("probe", text))
}

fn permanent(text: &str) -> Failure {
    Failure::permanent(ErrorInfo::new("probe", text))
}

sendport_guest::export_transactional_batch_send_adapter!(Probe);
