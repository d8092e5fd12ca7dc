//! What the stories stand on: hosts in the test process, the real program, destinations, waiting.

mod api;
mod artefacts;
mod box_file;
mod busy_server;
mod committed_files;
mod contents;
mod debian;
mod dice;
mod host;
mod mail_server;
mod postgres;
mod process;
mod raw;
mod receiver;
mod tls;
mod wait;

pub(crate) use artefacts::{component, runtime};
pub(crate) use box_file::{BoxFile, LockedBox};
pub(crate) use busy_server::BusyServer;
pub(crate) use committed_files::CommittedFiles;
pub(crate) use dice::Dice;
pub(crate) use host::{Host, PortSpec, message, name, now};
pub(crate) use mail_server::{Mail, MailServer, PASSWORD, USER};
pub(crate) use postgres::Postgres;
pub(crate) use process::{BAD_INPUT, Ended, FAILURE, Process, Site, port};
pub(crate) use receiver::{Answer, HIDDEN_FROM_TCP, Handshake, Received, Receiver, digest};
pub(crate) use tls::{Authority, Clients, Identity, acceptor};
pub(crate) use wait::until;

use api::Api;
