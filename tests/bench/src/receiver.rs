//! The destination: a process of its own, so that its CPU time is not the host's. Counts messages and
//! how long each took since it was published.

use std::convert::Infallible;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

/// What has arrived since the last report.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Arrivals {
    pub(crate) count: usize,
    /// Microseconds from publish to arrival, of messages whose body says when it was published.
    pub(crate) latencies: Vec<u32>,
}

/// The beginning of a body that says when it was published, in microseconds since 1970.
pub(crate) const PUBLISHED: &str = "{\"published\":";

pub(crate) fn micros() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// A running receiver process.
#[derive(Debug)]
pub(crate) struct Receiver {
    process: Child,
    pub(crate) address: String,
}

impl Receiver {
    /// Starts this program again, as a receiver.
    pub(crate) fn start() -> Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("--receive")
            .stdout(Stdio::piped())
            .stdin(Stdio::piped())
            .spawn()
            .context("cannot start the receiver")?;
        let mut line = String::new();
        let output = process
            .stdout
            .take()
            .context("the receiver has no output")?;
        BufReader::new(output).read_line(&mut line)?;
        Ok(Self {
            process,
            address: line.trim().to_owned(),
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// What has arrived since the last call.
    pub(crate) async fn arrivals(&self) -> Result<Arrivals> {
        let answer = get(&self.url()).await?;
        Ok(serde_json::from_slice(&answer)?)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        // It has nothing to finish; an error means that it is gone already.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

async fn get(url: &str) -> Result<Bytes> {
    let client: hyper_util::client::legacy::Client<_, Full<Bytes>> =
        hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new())
            .build_http();
    let answer = client.get(url.parse()?).await?;
    Ok(answer.into_body().collect().await?.to_bytes())
}

/// The receiver process: prints its address, answers until its standard input ends.
pub(crate) fn receive() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        std::io::stdout().flush()?;
        let arrivals = Arc::new(Mutex::new(Arrivals::default()));
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let arrivals = arrivals.clone();
            let service = service_fn(move |request| answer(request, arrivals.clone()));
            tokio::spawn(async move {
                let server = hyper::server::conn::http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(None::<Duration>)
                    .serve_connection(TokioIo::new(stream), service);
                // A sender that closes its connection is no error here.
                drop(server.await);
            });
        }
    })
}

async fn answer(
    request: Request<Incoming>,
    arrivals: Arc<Mutex<Arrivals>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.method() == Method::GET {
        let taken = std::mem::take(&mut *arrivals.lock().expect("not poisoned"));
        let text = serde_json::to_vec(&taken).expect("numbers serialise");
        return Ok(Response::new(Full::new(text.into())));
    }
    if let Ok(body) = request.into_body().collect().await {
        let body = body.to_bytes();
        let mut arrivals = arrivals.lock().expect("not poisoned");
        arrivals.count += 1;
        if let Some(published) = published(&body) {
            let took = micros().saturating_sub(published);
            arrivals
                .latencies
                .push(u32::try_from(took).unwrap_or(u32::MAX));
        }
    }
    Ok(Response::new(Full::default()))
}

fn published(body: &[u8]) -> Option<u64> {
    let digits = body.strip_prefix(PUBLISHED.as_bytes())?;
    let end = digits.iter().position(|b| !b.is_ascii_digit())?;
    std::str::from_utf8(&digits[..end]).ok()?.parse().ok()
}
