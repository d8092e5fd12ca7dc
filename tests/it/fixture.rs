//! What the stories stand on: hosts in the test process, the real program, destinations, waiting.

mod api;
mod artefacts;
mod host;
mod process;
mod receiver;
mod wait;

pub(crate) use artefacts::{component, runtime};
pub(crate) use host::{Host, PortSpec};
pub(crate) use process::{BAD_INPUT, Ended, FAILURE, Process, Site, port};
pub(crate) use receiver::{Answer, Receiver, digest};
pub(crate) use wait::until;

use api::Api;
