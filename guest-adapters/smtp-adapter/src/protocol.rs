//! SMTP (RFC 5321) from the client's side, without a socket.
//!
//! Knows commands, replies and extensions, and what of a failure a person must read. Knows neither
//! messages nor ports, and never opens a connection: bytes go through [`Wire`], which tests script.
//! Whether a failure is worth a retry is decided in `failure`.

mod extensions;
mod login;
mod problem;
mod reply;
mod session;
mod transparency;
mod wire;

pub(crate) use extensions::Extensions;
pub(crate) use login::Login;
pub(crate) use problem::{Problem, Refusal, Step, listed};
pub(crate) use reply::Reply;
pub(crate) use session::{Envelope, Session};
pub(crate) use wire::Trouble;

#[cfg(test)]
pub(crate) mod script;
