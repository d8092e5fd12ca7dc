//! The destination of the HTTP ports: takes messages, checks every body, and fails when told to.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::header::RETRY_AFTER;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use super::ledger::{self, Ledger};

/// The header with the id of the message; the same for every delivery of it.
const MESSAGE_ID: &str = "idempotency-key";

/// A running receiver. Ends with the runtime.
#[derive(Debug)]
pub(crate) struct Receiver {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    ledger: Arc<Ledger>,
    manner: Mutex<Manner>,
    refused: AtomicU64,
}

/// How it answers.
#[derive(Clone, Copy, Debug, Default)]
struct Manner {
    refuse_until: Option<Instant>,
    answer_after: Duration,
}

impl Receiver {
    /// Listens on a port of its own.
    pub(crate) async fn start(ledger: Arc<Ledger>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .context("cannot listen on the loopback interface")?;
        let address = listener
            .local_addr()
            .context("the listener has no address")?;
        let state = Arc::new(State {
            ledger,
            manner: Mutex::default(),
            refused: AtomicU64::new(0),
        });
        tokio::spawn(accept(listener, Arc::clone(&state)));
        Ok(Self { address, state })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers 503 for a while.
    pub(crate) fn refuse_for(&self, time: Duration) {
        self.state
            .change(|manner| manner.refuse_until = Some(Instant::now() + time));
    }

    /// Takes its time with every message.
    pub(crate) fn answer_after(&self, time: Duration) {
        self.state.change(|manner| manner.answer_after = time);
    }

    /// Requests answered with 503.
    pub(crate) fn refused(&self) -> u64 {
        self.state.refused.load(Ordering::Relaxed)
    }
}

impl State {
    fn change(&self, change: impl FnOnce(&mut Manner)) {
        change(&mut self.manner.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn manner(&self) -> Manner {
        *self.manner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn take(&self, request: Request<Incoming>) -> StatusCode {
        let (head, body) = request.into_parts();
        // A body that breaks off is no message; the host tries again.
        let Ok(body) = body.collect().await else {
            return StatusCode::BAD_REQUEST;
        };
        let manner = self.manner();
        if manner
            .refuse_until
            .is_some_and(|until| Instant::now() < until)
        {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        if !manner.answer_after.is_zero() {
            tokio::time::sleep(manner.answer_after).await;
        }
        let port = head.uri.path().trim_start_matches('/');
        let id = head.headers.get(MESSAGE_ID).and_then(|id| id.to_str().ok());
        let digest = ledger::digest(&body.to_bytes());
        if self.ledger.receive(port, id, digest) {
            StatusCode::NO_CONTENT
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        }
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    // A connection that cannot be accepted is the client's to open again.
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&state)));
        }
    }
}

async fn serve(stream: TcpStream, state: Arc<State>) {
    let service = service_fn(|request| async {
        let status = state.take(request).await;
        let mut response = Response::new(Empty::<Bytes>::new());
        *response.status_mut() = status;
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, 1.into());
        }
        Ok::<_, Infallible>(response)
    });
    // How a connection ends is the host's business: it closes those that it no longer needs.
    hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await
        .ok();
}
