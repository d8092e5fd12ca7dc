//! The host's HTTP API, used as any program would: publishing, which is entered into the account, and
//! asking for the status.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, bail};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::CONTENT_TYPE;
use hyper::{Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::task::JoinSet;

use super::ledger::{self, Ledger};
use super::orders;
use super::samples::Sample;
use super::status::Status;

/// Orders in one request.
const CHUNK: u32 = 250;
/// Requests at the same time.
const CONNECTIONS: u32 = 4;

/// A client of one host.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    host: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
    ledger: Arc<Ledger>,
    /// Counts orders over all streams, so that no two are the same.
    next: Arc<AtomicU32>,
}

impl Api {
    /// Connects at the first message.
    pub(crate) fn new(host: SocketAddr, ledger: Arc<Ledger>) -> Self {
        Self {
            host,
            client: Client::builder(TokioExecutor::new()).build_http(),
            ledger,
            next: Arc::default(),
        }
    }

    /// One document as one message.
    pub(crate) async fn document(&self, port: &str, sample: &Sample) -> Result<()> {
        let digests = [sample.digest()];
        self.ledger.announce(port, &digests);
        let body = Bytes::from(sample.body.clone());
        let ids = self
            .post(port, sample.content_type, &sample.name, body)
            .await?;
        self.ledger.accept(port, &ids, &digests)
    }

    /// A stream of made-up orders: NDJSON in chunks, over several connections.
    pub(crate) async fn orders(&self, port: &'static str, n: u32) -> Result<()> {
        let first = self.next.fetch_add(n, Ordering::Relaxed);
        let mut lanes = JoinSet::new();
        for lane in 0..CONNECTIONS {
            let api = self.clone();
            lanes.spawn(async move {
                let chunks = (first..first + n).step_by(CHUNK as usize);
                for begin in chunks.skip(lane as usize).step_by(CONNECTIONS as usize) {
                    let end = (first + n).min(begin + CHUNK);
                    api.chunk(port, begin, end).await?;
                }
                anyhow::Ok(())
            });
        }
        while let Some(lane) = lanes.join_next().await {
            lane.context("publishing panicked")??;
        }
        Ok(())
    }

    async fn chunk(&self, port: &str, begin: u32, end: u32) -> Result<()> {
        let orders: Vec<_> = (begin..end).map(|n| orders::order(port, n)).collect();
        let digests: Vec<_> = orders.iter().map(|order| ledger::digest(order)).collect();
        self.ledger.announce(port, &digests);
        let lines = Bytes::from(orders.join(&b'\n'));
        let ids = self
            .post(port, "application/x-ndjson", "order.json", lines)
            .await?;
        self.ledger.accept(port, &ids, &digests)
    }

    /// How the running host is.
    pub(crate) async fn status(&self) -> Result<Status> {
        let uri = format!("http://{}/v1/status", self.host);
        let request = Request::get(&uri).body(Full::default());
        let text = self.call(&uri, request, StatusCode::OK).await?;
        Status::parse(&text)
    }

    /// Posts a request and returns the ids of the accepted messages.
    async fn post(
        &self,
        port: &str,
        content_type: &str,
        source: &str,
        body: Bytes,
    ) -> Result<Vec<String>> {
        let uri = format!("http://{}/v1/ports/{port}/messages", self.host);
        let request = Request::post(&uri)
            .header(CONTENT_TYPE, content_type)
            .header("sendport-property-source-file-name", source)
            .body(Full::new(body));
        let text = self.call(&uri, request, StatusCode::ACCEPTED).await?;
        let answer: Value = serde_json::from_str(&text)
            .with_context(|| format!("{uri} answered with something else than JSON"))?;
        let ids = answer["ids"].as_array().map_or(&[][..], Vec::as_slice);
        let ids = ids.iter().filter_map(Value::as_str).map(str::to_owned);
        Ok(ids.collect())
    }

    async fn call(
        &self,
        uri: &str,
        request: hyper::http::Result<Request<Full<Bytes>>>,
        expected: StatusCode,
    ) -> Result<String> {
        let request = request.with_context(|| format!("cannot make a request to {uri}"))?;
        let answer = self.client.request(request).await;
        let answer = answer.with_context(|| format!("no answer from {uri}"))?;
        let status = answer.status();
        let body = answer.into_body().collect().await;
        let body = body.with_context(|| format!("the answer from {uri} broke off"))?;
        let text = String::from_utf8_lossy(&body.to_bytes()).into_owned();
        if status != expected {
            bail!("{uri} answered {status}: {text}");
        }
        Ok(text)
    }
}
