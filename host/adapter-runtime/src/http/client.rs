//! The pooled client of one port on one instance thread.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client as Pooled, Error};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::body::RequestBody;
use super::resolver::CheckedResolver;
use crate::Credentials;
use crate::egress::{Networks, Quota, Slot};

/// Connections in use at once of a client that belongs to no port. More than this wait: destinations
/// refuse bursts of hundreds of connections long before they are out of capacity.
const CONNECTIONS: usize = 64;

/// Idle connections are closed a little before common servers close them (nginx: 75 s, Node: 5 s; the
/// client tries again by itself when it loses that race before the request was written).
const IDLE: Duration = Duration::from_secs(60);

/// Longest wait for a TCP connection.
const CONNECT: Duration = Duration::from_secs(10);

/// What is read of an answer before its head is complete, and at a time after that. Its headers are at
/// most 100, by the HTTP library's own rule.
const READ_BUFFER: usize = 128 * 1024;

/// Sends requests over kept-alive connections that no other port shares. Cheap to clone.
///
/// Connections live on the runtime that first uses them; keep one client per thread.
#[derive(Clone, Debug)]
pub struct Client {
    pooled: Connections,
    /// Those that are made in the name of the port's credentials. Nothing else goes over them.
    covered: Option<Connections>,
    /// Those of this thread.
    turns: Arc<Semaphore>,
    /// Those of the port.
    quota: Quota,
}

/// A connection that is being used, until it is dropped.
#[derive(Debug)]
pub(crate) struct InUse {
    _turn: Option<OwnedSemaphorePermit>,
    _slot: Option<Slot>,
}

type Connections = Pooled<HttpsConnector<HttpConnector<CheckedResolver>>, RequestBody>;

impl Client {
    /// A client without connections, of no port: it dials public addresses, `localhost`, and what is
    /// written as an IP address. TLS trusts the system's certificate authorities (or those of
    /// `SSL_CERT_FILE`).
    pub fn new() -> Self {
        let networks = Networks::default();
        Self::of_port(
            &networks,
            Quota::new(CONNECTIONS),
            1,
            &Credentials::default(),
        )
    }

    /// A client of a port: it dials those of a name's addresses that are public or in these networks, and
    /// takes its connections from this quota, which it shares with those of as many threads in all. What the
    /// credentials cover has connections of its own, with their authorities and client certificate.
    ///
    /// A thread uses no more than its part of them, or all threads together would keep several times as
    /// many as the port uses at once. Where there are fewer than threads, none is kept.
    pub(crate) fn of_port(
        networks: &Networks,
        quota: Quota,
        threads: usize,
        credentials: &Credentials,
    ) -> Self {
        let part = quota.limit().div_ceil(threads.max(1));
        let kept = if quota.limit() < threads { 0 } else { part };
        let connections = |tls| connections(networks.clone(), kept, tls);
        Self {
            pooled: connections(None),
            covered: credentials.tls().map(|tls| connections(Some(tls))),
            turns: Arc::new(Semaphore::new(part)),
            quota,
        }
    }

    /// Sends a request when a connection is free; the answer's body is still to be read. The connection
    /// counts as used until [`InUse`] is dropped. Dropping the answer without reading it to the end closes
    /// the connection. Redirects are answers like others. `covered` says that the port's credentials are for
    /// this URL.
    pub(crate) async fn request(
        &self,
        request: Request<RequestBody>,
        covered: bool,
    ) -> Result<(Response<Incoming>, InUse), Error> {
        let in_use = InUse {
            // The semaphore is never closed; without a turn we would only be less polite.
            _turn: self.turns.clone().acquire_owned().await.ok(),
            _slot: self.quota.acquire().await,
        };
        let own = self.covered.as_ref().filter(|_| covered);
        let answer = own.unwrap_or(&self.pooled).request(request).await?;
        Ok((answer, in_use))
    }
}

fn connections(networks: Networks, kept: usize, tls: Option<&ClientConfig>) -> Connections {
    let mut tcp = HttpConnector::new_with_resolver(CheckedResolver(networks));
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT));
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(super::tls::configuration(tls))
        .https_or_http()
        .enable_http1()
        .wrap_connector(tcp);
    Pooled::builder(TokioExecutor::new())
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(kept)
        .pool_timer(TokioTimer::new())
        .http1_max_buf_size(READ_BUFFER)
        .build(connector)
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

/// An error with all that led to it.
pub(super) fn causes(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// The cause of this type that an error has, however deep.
pub(super) fn cause<E: std::error::Error + 'static>(error: &Error) -> Option<&E> {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(found) = cause.downcast_ref() {
            return Some(found);
        }
        source = cause.source();
    }
    None
}
