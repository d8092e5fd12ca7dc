//! The real host as a process of its own, and talking to it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::machine::{cpu_seconds, resident_mebibytes, scratch};
use crate::receiver::{PUBLISHED, Receiver, micros};
use crate::refill::BODY;

/// A host of a configuration, and its destination.
pub(crate) struct Host {
    process: Child,
    address: String,
    pub(crate) receiver: Receiver,
    client: Client<HttpConnector, Full<Bytes>>,
    _directory: tempfile::TempDir,
}

impl Host {
    /// With one port, `bench`, that posts to the receiver.
    pub(crate) fn with_port(components: &Path, component: &str) -> Result<Self> {
        let component = components
            .canonicalize()?
            .join(component)
            .with_extension("wasm");
        Self::start(|url| {
            format!(
                "[adapters.http]\ncomponent = {component:?}\n\
                 [ports.bench]\nadapter = \"http\"\naddress = {url:?}\n"
            )
        })
    }

    /// With these adapters and ports; the argument is the receiver's URL.
    pub(crate) fn start(ports: impl FnOnce(String) -> String) -> Result<Self> {
        let receiver = Receiver::start()?;
        let directory = scratch()?;
        let config = format!(
            "[host]\ndata-directory = \"data\"\nlisten = \"127.0.0.1:0\"\n{}",
            ports(receiver.url())
        );
        let file = directory.path().join("sendport.toml");
        std::fs::write(&file, config)?;
        let program = std::env::current_exe()?.with_file_name("sendport");
        let mut process = Command::new(&program)
            .arg("run")
            .arg(&file)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let output = BufReader::new(process.stdout.take().context("the host has no output")?);
        let mut lines = output.lines().map_while(Result::ok);
        let listening = lines.find_map(|l| Some(l.strip_prefix("listening on ")?.to_owned()));
        let address = listening.context("the host did not start: `sendport run` says why")?;
        let client = Client::builder(TokioExecutor::new()).build_http();
        Ok(Self {
            process,
            address,
            receiver,
            client,
            _directory: directory,
        })
    }

    pub(crate) fn cpu(&self) -> f64 {
        cpu_seconds(&self.process.id().to_string())
    }

    /// Memory that is resident, in MiB.
    pub(crate) fn resident(&self) -> f64 {
        resident_mebibytes(self.process.id())
    }

    /// Publishes so many lines to the port `bench`; they are on disk when it returns.
    pub(crate) async fn publish(&self, lines: usize) -> Result<()> {
        let path = "/v1/ports/bench/messages";
        self.post(path, "application/x-ndjson", ndjson(lines), 202)
            .await
            .map(drop)
    }

    /// Sends a request, and returns the body of its answer, which must have this status.
    pub(crate) async fn post(
        &self,
        path: &str,
        content_type: &str,
        body: Bytes,
        expected: u16,
    ) -> Result<Bytes> {
        let request = Request::post(format!("{}{path}", self.address))
            .header("content-type", content_type)
            .body(Full::new(body))?;
        let answer = self.client.request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        if status != expected {
            bail!("{path} gave {status}: {}", String::from_utf8_lossy(&body));
        }
        Ok(body)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // The box is thrown away: there is nothing to drain for.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

const FILLING: &str = match std::str::from_utf8(&[b'x'; BODY]) {
    Ok(text) => text,
    Err(_) => unreachable!(),
};

fn ndjson(lines: usize) -> Bytes {
    let mut text = String::with_capacity(lines * (BODY + 1));
    for _ in 0..lines {
        let start = text.len();
        text.push_str(&format!("{PUBLISHED}{},\"order\":\"", micros()));
        let filling = BODY - (text.len() - start) - 2;
        text.push_str(&FILLING[..filling]);
        text.push_str("\"}\n");
    }
    text.into()
}
