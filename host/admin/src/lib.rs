//! The HTTP API: publishing messages, waiting for responses, asking how things are, and deciding about
//! what needs a person.
//!
//! Turns requests into calls of [`dispatcher::Dispatcher`] and [`message_box::MessageBox`] and their
//! answers into JSON. Decides nothing about messages, and has no state of its own: whatever it answered
//! with 202 is committed in the box. Errors are `application/problem+json` (RFC 9457), always.

#![forbid(unsafe_code)]

mod address;
mod control;
mod download;
mod error_report;
mod header;
mod health;
mod json;
pub mod message;
mod message_error;
pub mod ndjson;
mod openapi;
mod operations;
mod problem;
mod publish;
mod response;
mod server;
mod status;
pub mod suspended;
pub mod time;
mod upload;

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{MethodRouter, get, patch, post, put};
use dispatcher::Dispatcher;
use message_box::MessageBox;

pub use control::{Drained, DrainedPort, Enlisted};
pub use error_report::ErrorReport;
pub use message_error::MessageError;
pub use operations::{
    CanaryReport, Deploy, Deployed, OperationError, Operations, PortChange, Reload, Reloaded,
    SIGNATURE_HEADER, SwapReport, Switched, VersionReport, Which,
};
pub use response::Unanswered;
pub use server::serve;
pub use status::{
    AdapterBill, Audit, Bill, Breaker, LastError, PortReport, Running, Status, Stored,
    TransportReport, Window,
};

/// What the handlers need.
#[derive(Clone)]
pub struct AdminState {
    /// Says which ports take messages, and how they are.
    pub dispatcher: Dispatcher,
    /// Where messages go.
    pub message_box: MessageBox,
    /// Replaces adapters and configuration, where there is somebody who can.
    pub operations: Option<Arc<dyn Operations>>,
    /// How much one request may bring.
    pub limits: Limits,
    /// Of the program, for the status.
    pub version: &'static str,
}

impl fmt::Debug for AdminState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminState")
            .field("dispatcher", &self.dispatcher)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
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

/// Components of languages that bring a runtime along have some ten megabytes.
const LARGEST_COMPONENT: usize = 256 << 20;

/// A route: method, path, handler. The path is written as in OpenAPI.
type Route = (&'static str, &'static str, MethodRouter<AdminState>);

/// Every route.
fn routes() -> Vec<Route> {
    [
        publishing(),
        operating(),
        replacing(),
        deciding(),
        describing(),
    ]
    .concat()
}

fn publishing() -> Vec<Route> {
    vec![
        ("post", "/v1/ports/{port}/messages", post(publish::publish)),
        ("get", "/v1/messages/{id}/response", get(response::response)),
    ]
}

fn operating() -> Vec<Route> {
    vec![
        ("get", "/v1/status", get(status::status)),
        ("post", "/v1/ports/{port}/start", post(control::start)),
        ("post", "/v1/ports/{port}/stop", post(control::stop)),
        ("post", "/v1/ports/{port}/unenlist", post(control::unenlist)),
        (
            "post",
            "/v1/ports/{port}/terminate",
            post(control::terminate_port),
        ),
        (
            "post",
            "/v1/adapters/{name}/terminate",
            post(control::terminate_adapter),
        ),
    ]
}

fn replacing() -> Vec<Route> {
    // A component is bounded by its own limit, not by that of small JSON bodies.
    let deploy = post(operations::deploy).layer(DefaultBodyLimit::max(LARGEST_COMPONENT));
    vec![
        ("post", "/v1/ports/{port}/adapter", deploy),
        (
            "post",
            "/v1/ports/{port}/adapter/rollback",
            post(operations::roll_back),
        ),
        (
            "post",
            "/v1/ports/{port}/adapter/promote",
            post(operations::promote),
        ),
        (
            "get",
            "/v1/ports/{port}/adapter/canary",
            get(operations::canary),
        ),
        ("post", "/v1/reload", post(operations::reload)),
        ("get", "/v1/swaps", get(operations::swaps)),
    ]
}

fn deciding() -> Vec<Route> {
    vec![
        (
            "get",
            "/v1/messages/suspended",
            get(suspended::list_suspended),
        ),
        (
            "post",
            "/v1/messages/suspended/resume",
            post(suspended::resume_suspended),
        ),
        (
            "post",
            "/v1/messages/suspended/terminate",
            post(suspended::terminate_suspended),
        ),
        ("get", "/v1/messages/{id}", get(message::show_one)),
        ("patch", "/v1/messages/{id}", patch(message::patch)),
        ("get", "/v1/messages/{id}/body", get(message::body)),
        ("put", "/v1/messages/{id}/body", put(message::put_body)),
        ("get", "/v1/messages/{id}/original", get(message::original)),
        (
            "get",
            "/v1/messages/{id}/original/body",
            get(message::original_body),
        ),
        (
            "post",
            "/v1/messages/{id}/resume",
            post(message::resume_one),
        ),
        (
            "post",
            "/v1/messages/{id}/terminate",
            post(message::terminate_one),
        ),
    ]
}

fn describing() -> Vec<Route> {
    vec![
        ("get", "/healthz", get(health::healthz)),
        ("get", "/v1/openapi.json", get(openapi::openapi)),
    ]
}

#[cfg(test)]
mod tests;
