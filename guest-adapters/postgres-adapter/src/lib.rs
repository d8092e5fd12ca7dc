//! Writes messages as rows of PostgreSQL, each exactly once: BizTalk's SQL adapter with its transaction.
//!
//! A batch is one transaction of the server, prepared under the name that the host gives it
//! (`PREPARE TRANSACTION`) and committed when the host has recorded that the messages are gone. The
//! server needs `max_prepared_transactions` > 0, and is PostgreSQL 11 or newer. Connections are not
//! encrypted: this adapter is for a server on the same machine or in a network that is trusted.
//!
//! The protocol is in `session`, which sees no connection, and what is said with it in `transaction`;
//! this file and `client` are where bytes travel.

mod address;
mod client;
mod failure;
mod place;
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
mod randomness;
mod row;
mod session;
mod settings;
mod statement;
mod transaction;

use std::rc::Rc;
use std::time::Duration;

use postgres_protocol::Oid;
use sendport_guest::time::sleep;
use sendport_guest::{
    BatchLimits, Configuration, Destination, ErrorInfo, Failure, Message, Outcome,
    TransactionalBatchSendAdapter, TransportInfo, secrets,
};

use client::Client;
use place::{Place, Places};
use row::Facts;
use session::{Broken, Value};
use transaction::{Name, Rows, TransactionError};

/// Bounds how long a transaction takes and holds its locks.
const BYTES_PER_BATCH: u64 = 8 * 1024 * 1024;
/// Rows of this many bytes are sent before their answers are waited for: enough to fill a network, and
/// all that an instance holds at a time of the messages of a batch.
const WINDOW: usize = 256 * 1024;
/// Rows are answered while others are still sent. This many answers find room in the buffers between
/// here and the server, so that neither waits for the other to read.
const ROWS_PER_WINDOW: usize = 128;

/// A rollback waits this often and this long for a transaction that is still on its way.
const ROLLBACK_TRIES: u32 = 20;
const ROLLBACK_PAUSE: Duration = Duration::from_millis(100);

#[derive(Debug)]
struct PostgresAdapter {
    /// For ports without one.
    password: Option<String>,
    places: Places,
}

impl TransactionalBatchSendAdapter for PostgresAdapter {
    fn describe() -> TransportInfo {
        let info = TransportInfo::new(
            "POSTGRESQL",
            "PostgreSQL adapter",
            env!("CARGO_PKG_VERSION"),
        );
        let info = info
            .description("Writes each message as a row of PostgreSQL, exactly once.")
            .ordered_delivery()
            .handler_keys(settings::handler_schema())
            .port_keys(settings::port_schema());
        address::PREFIXES
            .iter()
            .copied()
            .fold(info, TransportInfo::prefix)
    }

    fn load(handler: Configuration) -> Result<Self, ErrorInfo> {
        Ok(Self {
            password: settings::password(&handler, &secrets::named_by)?,
            places: Places::default(),
        })
    }

    fn limits(&self, destination: &Destination) -> BatchLimits {
        // With a wrong configuration no message gets any further than `prepare`, which says why.
        let place = self.place(destination).ok();
        BatchLimits {
            max_messages: place.map_or(1, |place| place.settings.max_batch),
            max_bytes: BYTES_PER_BATCH,
        }
    }

    async fn prepare(
        &self,
        destination: &Destination,
        transaction: &str,
        messages: &[Message],
    ) -> Result<Vec<Outcome>, Failure> {
        let place = self.place(destination)?;
        let prepared = prepare(&place, transaction, messages).await;
        prepared.map_err(|error| failure::of_transaction(&error))
    }

    async fn commit(&self, destination: &Destination, transaction: &str) -> Result<(), Failure> {
        let place = self.place(destination)?;
        let committed = commit(&place, transaction).await;
        committed.map_err(|error| failure::of_transaction(&error))
    }

    async fn rollback(&self, destination: &Destination, transaction: &str) -> Result<(), Failure> {
        let place = self.place(destination)?;
        for _ in 0..ROLLBACK_TRIES {
            let rolled_back = roll_back(&place, transaction).await;
            if rolled_back.map_err(|error| failure::of_transaction(&error))? {
                return Ok(());
            }
            sleep(ROLLBACK_PAUSE).await;
        }
        Err(failure::still_under_way())
    }

    async fn list_prepared(
        &self,
        destination: &Destination,
        prefix: &str,
    ) -> Result<Vec<String>, Failure> {
        let place = self.place(destination)?;
        let listed = list(&place, prefix).await;
        listed.map_err(|error| failure::of_transaction(&error))
    }

    async fn terminate(&self) {
        for client in self.places.clear() {
            // The server notices anyway.
            client.close().await.ok();
        }
    }
}

impl PostgresAdapter {
    fn place(&self, destination: &Destination) -> Result<Rc<Place>, Failure> {
        let place = self.places.get(destination, self.password.as_deref());
        place.map_err(Failure::retryable)
    }
}

/// Writes the messages in one transaction and prepares it.
async fn prepare(
    place: &Place,
    transaction: &str,
    messages: &[Message],
) -> Result<Vec<Outcome>, TransactionError> {
    let name = Name::new(transaction)?;
    let begin = async |client: &mut Client| {
        transaction::begin(client.session(), &name, &place.settings.statement.sql)?;
        client.exchange().await?;
        transaction::begun(client.session())
    };
    let (mut client, types) = place.work(begin).await?;
    let mut batch = Batch::new(place, &types)?;
    for message in messages {
        batch.write(&mut client, message).await?;
    }
    batch.read(&mut client).await?;
    batch.rows.finish(client.session(), &name)?;
    client.exchange().await?;
    batch.rows.finished(client.session())?;
    place.keep(client);
    Ok(batch.outcomes)
}

/// A batch on its way into a transaction.
struct Batch<'a> {
    place: &'a Place,
    types: &'a [Oid],
    rows: Rows,
    /// Of the messages so far; those of `sent` are still to be known.
    outcomes: Vec<Outcome>,
    sent: Vec<usize>,
}

impl<'a> Batch<'a> {
    fn new(place: &'a Place, types: &'a [Oid]) -> Result<Self, Broken> {
        let sources = &place.settings.statement.sources;
        if types.len() != sources.len() {
            let (types, sources) = (types.len(), sources.len());
            let text = format!("a statement of {sources} parameters, and types for {types}");
            return Err(Broken::Protocol(text));
        }
        Ok(Self {
            place,
            types,
            rows: Rows::default(),
            outcomes: Vec::new(),
            sent: Vec::new(),
        })
    }

    /// Writes a message, and waits for answers when enough was written.
    async fn write(
        &mut self,
        client: &mut Client,
        message: &Message,
    ) -> Result<(), TransactionError> {
        match self.values(message) {
            Ok(values) => {
                self.rows.write(client.session(), &values)?;
                self.sent.push(self.outcomes.len());
                self.outcomes.push(Ok(()));
            }
            Err(failure) => self.outcomes.push(Err(failure)),
        }
        let is_full = client.session().outgoing_len() >= WINDOW;
        if is_full || self.sent.len() == ROWS_PER_WINDOW {
            self.read(client).await?;
        }
        Ok(())
    }

    /// Sends what was written, and reads what became of it.
    async fn read(&mut self, client: &mut Client) -> Result<(), TransactionError> {
        client.exchange().await?;
        for place in self.sent.drain(..) {
            let outcome = self.rows.outcome(client.session())?;
            self.outcomes[place] = outcome.map_err(|error| failure::of_row(&error));
        }
        Ok(())
    }

    fn values(&self, message: &Message) -> Result<Vec<Value>, Failure> {
        let facts = Facts {
            id: &message.id(),
            port: &message.send_port(),
            attempt: message.attempt(),
            property: &|name| message.property(name),
            body: &|| message.body(),
        };
        let sources = &self.place.settings.statement.sources;
        row::values(sources, self.types, &facts).map_err(failure::of_message)
    }
}

async fn commit(place: &Place, transaction: &str) -> Result<(), TransactionError> {
    let name = Name::new(transaction)?;
    let commit = async |client: &mut Client| {
        transaction::commit_prepared(client.session(), &name)?;
        client.exchange().await?;
        transaction::committed(client.session())
    };
    let (client, ()) = place.work(commit).await?;
    place.keep(client);
    Ok(())
}

/// True when it is rolled back, or never was and never will be.
async fn roll_back(place: &Place, transaction: &str) -> Result<bool, TransactionError> {
    let name = Name::new(transaction)?;
    let roll_back = async |client: &mut Client| {
        transaction::roll_back_prepared(client.session(), &name)?;
        client.exchange().await?;
        transaction::rolled_back(client.session())
    };
    let (client, gone) = place.work(roll_back).await?;
    place.keep(client);
    Ok(gone)
}

async fn list(place: &Place, prefix: &str) -> Result<Vec<String>, TransactionError> {
    let list = async |client: &mut Client| {
        transaction::list_prepared(client.session(), prefix)?;
        client.exchange().await?;
        transaction::listed(client.session())
    };
    let (client, names) = place.work(list).await?;
    place.keep(client);
    Ok(names)
}

sendport_guest::export_transactional_batch_send_adapter!(PostgresAdapter);
