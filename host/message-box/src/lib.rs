//! The message box: every accepted message until its outcome, in one SQLite database; and what must be
//! true together with it: responses, decisions of prepared transactions, the states of ports, the record of
//! hot swaps.
//!
//! Owns every SQL statement, migration and transaction, the leases and the feeds. Knows nothing of
//! adapters, HTTP or retry policy, and has no clock: callers say what time it is.
//!
//! # What it promises
//!
//! - What [`MessageBox::publish`] returned for is on disk (fsync), and stays until it is settled with
//!   `Delete` or `Route`, or terminated by a person. What is gone never comes back.
//! - A publication, and a batch of settlements with all that they publish, answer and decide, takes effect
//!   as a whole or not at all.
//! - A message is claimed by one at a time: claiming leases it, and settling needs the lease.
//! - Of an ordered lane, one message at a time can be claimed, in the order in which they were accepted.
//! - A caller's failure is never another caller's, although they share transactions.
//!
//! # How it is built
//!
//! One thread owns the connection that writes. It drains a queue of commands into one transaction,
//! commits, then answers everybody: *group commit*, the reason why fsync before every answer is
//! affordable. Two more threads own connections that only read, one for single rows and bodies, one for
//! counts and lists.
//!
//! Leases and feeds are in memory under one lock. A *feed* is the next messages of a port and one of its
//! transports: published ones enter it after their commit without being read again, older ones are read
//! in slices when it runs low. Its rules, and why nothing is stranded or overtaken, are described in
//! `feed`. Leases need no rows because the box has one owner, who holds a lock on its directory; after a
//! restart nothing is leased. The interface does not depend on that: a lease has an expiry and settling
//! can be refused.
//!
//! # On disk
//!
//! See `files` for the directory and `schema` for the tables. A body up to
//! [`Config::inline_limit`] is in its message's row, a larger one in pieces of 256 KiB, written before
//! the message and removed with it. The last 62 bits of a message's id are its row number. Counters
//! change in the same transactions as the rows, so that
//! *accepted = delivered + routed + terminated + suspended + pending* can be checked at any time, also
//! from outside ([`MessageBox::audit`]).
//!
//! A row is pending (0), suspended (1), or queued behind the first message of its lane (2): see `lane`.

#![forbid(unsafe_code)]

mod body;
mod claim;
mod command;
mod config;
mod counts;
mod decide;
mod edit;
mod emission;
mod enlistment;
mod error;
mod feed;
mod feeds;
mod files;
mod fill;
mod idempotency;
mod lane;
mod leases;
mod message_box;
mod new_row;
mod original;
mod ports;
mod properties;
mod publish;
mod reader;
mod response;
mod room;
mod round;
mod schema;
mod settle;
mod stored_body;
mod stored_message;
mod suspend_queue;
mod swap;
mod tally;
mod transaction;
mod waiters;
mod writer;

#[cfg(test)]
mod tests;

pub use body::{BodyStage, StagedBody};
pub use claim::{Claim, Leased, PortFeed};
pub use config::{Config, DEFAULT_FEED_BYTES, DEFAULT_FEED_CAPACITY, DEFAULT_INLINE_LIMIT};
pub use counts::{Audit, PortCounts};
pub use decide::{Refusal, Resumed, Selection, Terminated};
pub use error::{Error, StorageError};
pub use leases::Lease;
pub use message_box::MessageBox;
pub use publish::{NewBody, NewMessage, Publication, Published};
pub use response::ResponseState;
pub use settle::Settlement;
pub use stored_message::{MessageState, StoredMessage};
pub use suspend_queue::{SuspendedFilter, SuspendedMessage};
pub use swap::{Deployment, SwapRecord, SwapResult};
pub use waiters::ResponseChanged;
