//! The HTTP API: publishing messages and asking how things are.
//!
//! Turns requests into calls of [`dispatcher::Dispatcher`] and [`message_box::MessageBox`] and their
//! answers into JSON. Decides nothing about messages, and has no state of its own: whatever it answered
//! with 202 is committed in the box. Errors are `application/problem+json` (RFC 9457), always.

#![forbid(unsafe_code)]

mod health;
pub mod ndjson;
mod openapi;
mod problem;
mod publish;
mod server;
mod status;
mod suspended;

use axum::Router;
use axum::routing::{MethodRouter, get, post};
use dispatcher::Dispatcher;
use message_box::MessageBox;

pub use server::serve;
pub use status::{Audit, LastError, PortReport, Running, Status, Stored};

/// What the handlers need.
#[derive(Clone, Debug)]
pub struct AdminState {
    /// Says which ports take messages, and how they are.
    pub dispatcher: Dispatcher,
    /// Where messages go.
    pub message_box: MessageBox,
    /// How much one request may bring.
    pub limits: Limits,
    /// Of the program, for the status.
    pub version: &'static str,
}

/// How much one request may bring.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of a request body, whatever is in it.
    pub max_body: u64,
    /// Messages in one NDJSON body or CloudEvents batch: they are one transaction.
    pub max_bulk_messages: usize,
    /// Single messages longer than this are written to the box piece by piece as they arrive.
    pub stage_threshold: usize,
}

/// The API as a router, to be served by [`serve`] or called in a test.
pub fn router(state: AdminState) -> Router {
    let mut router = Router::new();
    for (_, path, handler) in routes() {
        router = router.route(path, handler);
    }
    router
        .fallback(problem::unknown_path)
        .method_not_allowed_fallback(problem::unknown_method)
        .with_state(state)
}

/// Every route: method, path, handler. The paths are written as in OpenAPI.
fn routes() -> [(&'static str, &'static str, MethodRouter<AdminState>); 5] {
    [
        ("post", "/v1/ports/{port}/messages", post(publish::publish)),
        ("get", "/v1/status", get(status::status)),
        ("get", "/v1/messages/suspended", get(suspended::suspended)),
        ("get", "/healthz", get(health::healthz)),
        ("get", "/v1/openapi.json", get(openapi::openapi)),
    ]
}

#[cfg(test)]
mod tests;
