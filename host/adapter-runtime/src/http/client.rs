//! The pooled client of one port on one instance thread.

use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client as Pooled, Error};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::sync::Semaphore;

use super::body::RequestBody;

/// Requests under way at once; each has a connection of its own (HTTP/1.1). More than this wait here:
/// destinations refuse bursts of hundreds of connections long before they are out of capacity.
const CONNECTIONS: usize = 64;

/// Idle connections are closed a little before common servers close them (nginx: 75 s, Node: 5 s; the
/// client tries again by itself when it loses that race before the request was written).
const IDLE: Duration = Duration::from_secs(60);

/// Longest wait for a TCP connection.
const CONNECT: Duration = Duration::from_secs(10);

/// Sends requests over kept-alive connections that no other port shares. Cheap to clone.
///
/// Connections live on the runtime that first uses them; keep one client per thread.
#[derive(Clone, Debug)]
pub struct Client {
    pooled: Pooled<HttpsConnector<HttpConnector>, RequestBody>,
    slots: Arc<Semaphore>,
}

impl Client {
    /// A client without connections. TLS trusts the system's certificate authorities (or those of
    /// `SSL_CERT_FILE`).
    pub fn new() -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(super::tls::configuration())
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let pooled = Pooled::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(CONNECTIONS)
            .pool_timer(TokioTimer::new())
            .build(connector);
        Self {
            pooled,
            slots: Arc::new(Semaphore::new(CONNECTIONS)),
        }
    }

    /// Sends a request when a connection is free; the answer's body is still to be read. Dropping the
    /// answer without reading it to the end closes the connection.
    pub(crate) async fn request(
        &self,
        request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, Error> {
        // The semaphore is never closed; without a slot we would only be less polite.
        let _slot = self.slots.acquire().await.ok();
        self.pooled.request(request).await
    }
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}
