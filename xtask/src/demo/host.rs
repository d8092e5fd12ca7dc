//! The host as a child process: its configuration, its command line, its status, its end.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::samples::{FILE_NAME, Sample};
use super::status::Status;
use super::{BULK, FILES, WEBHOOKS, destination};
use crate::workspace::Workspace;

/// Adapters are compiled at the first start; on a slow machine that takes a while.
const START_LIMIT: Duration = Duration::from_secs(120);
/// The host's own deadline for a drain, and how long it may take in all.
const DRAIN_DEADLINE: &str = "20s";
const STOP_LIMIT: Duration = Duration::from_secs(60);

/// A running host, killed when dropped.
#[derive(Debug)]
pub(crate) struct Host {
    program: PathBuf,
    config: PathBuf,
    files: PathBuf,
    log: PathBuf,
    address: SocketAddr,
    child: Child,
    stdout: Lines<BufReader<ChildStdout>>,
}

impl Host {
    /// Writes a configuration and starts the program with it; returns when it answers.
    pub(crate) async fn start(
        workspace: &Workspace,
        directory: &Path,
        receiver: SocketAddr,
    ) -> Result<Self> {
        let address = free_address()?;
        let files = directory.join("files");
        fs::create_dir(&files).with_context(|| format!("cannot create {}", files.display()))?;
        let config = directory.join("sendport.toml");
        let text = configuration(address, receiver, &workspace.adapters(), &files);
        fs::write(&config, text).with_context(|| format!("cannot write {}", config.display()))?;

        let (program, log) = (workspace.host(), directory.join("host.log"));
        let stderr =
            File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut child = Command::new(&program)
            .arg("run")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let stdout = child.stdout.take().context("the host has no output")?;
        let mut host = Self {
            program,
            config,
            files,
            log,
            address,
            child,
            stdout: BufReader::new(stdout).lines(),
        };
        host.wait_until_up().await?;
        println!("host at http://{address}, receiver at http://{receiver}");
        Ok(host)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the file adapter writes.
    pub(crate) fn files(&self) -> PathBuf {
        self.files.clone()
    }

    /// Publishes a document by the command line; returns the ids it printed.
    pub(crate) async fn publish(&self, port: &str, sample: &Sample) -> Result<Vec<String>> {
        let property = format!("source-file-name={}", sample.name);
        let mut publish = self.command(&["publish", port]);
        publish
            .arg(&sample.path)
            .args(["--content-type", sample.content_type])
            .args(["--property", &property]);
        let printed = printed(&mut publish).await?;
        Ok(printed.lines().map(str::to_owned).collect())
    }

    /// An error if the host has ended.
    pub(crate) fn check_alive(&mut self) -> Result<()> {
        match self.child.try_wait().context("cannot wait for the host")? {
            Some(status) => Err(self.ended(status)),
            None => Ok(()),
        }
    }

    /// What the box holds, asked from the command line: the host has stopped, and released it.
    pub(crate) async fn stored_status(&self) -> Result<Status> {
        let text = printed(&mut self.command(&["status", "--json"])).await?;
        Status::parse(&text)
    }

    /// Asks the host to stop, and returns what it printed until it ended.
    pub(crate) async fn terminate(&mut self) -> Result<String> {
        let Some(id) = self.child.id() else {
            bail!(
                "the host ended before it was told to; see {}",
                self.log.display()
            );
        };
        // The shell's own `kill`: the program of that name is not on every machine.
        let script = format!("kill -TERM {id}");
        printed(Command::new("sh").args(["-c", &script])).await?;
        let mut text = String::new();
        let stopped = async {
            while let Some(line) = self.stdout.next_line().await? {
                text.push_str(&line);
                text.push('\n');
            }
            self.child.wait().await
        };
        let stopped = tokio::time::timeout(STOP_LIMIT, stopped).await;
        let status = stopped
            .with_context(|| format!("the host did not stop within {} s", STOP_LIMIT.as_secs()))?
            .context("cannot wait for the host")?;
        if status.success() {
            Ok(text)
        } else {
            Err(self.ended(status))
        }
    }

    /// Reads what the host prints until it says that it listens.
    async fn wait_until_up(&mut self) -> Result<()> {
        let listening = async {
            while let Some(line) = self.stdout.next_line().await? {
                if line.starts_with("listening on ") {
                    return Ok(true);
                }
            }
            std::io::Result::Ok(false)
        };
        match tokio::time::timeout(START_LIMIT, listening).await {
            Ok(Ok(true)) => Ok(()),
            Ok(_) => {
                let status = self
                    .child
                    .wait()
                    .await
                    .context("cannot wait for the host")?;
                Err(self.ended(status))
            }
            Err(_) => {
                let limit = START_LIMIT.as_secs();
                bail!(
                    "the host did not start within {limit} s; see {}",
                    self.log.display()
                );
            }
        }
    }

    fn ended(&self, status: ExitStatus) -> anyhow::Error {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        anyhow::anyhow!("the host ended ({status}); it said:\n{log}")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).arg("--config").arg(&self.config);
        command
    }
}

/// Runs a short program; an error with what it said if it fails.
async fn printed(command: &mut Command) -> Result<String> {
    let shown = format!("{:?}", command.as_std());
    let output = command
        .kill_on_drop(true)
        .output()
        .await
        .with_context(|| format!("cannot start {shown}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("failed ({}): {shown}\n{said}", output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("{shown} printed no UTF-8"))
}

/// An address that nobody listens on. Taken and given back: the command line needs to know it.
fn free_address() -> Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .context("cannot listen on the loopback interface")
}

fn configuration(
    listen: SocketAddr,
    receiver: SocketAddr,
    adapters: &Path,
    files: &Path,
) -> String {
    let component = |name: &str| quoted(&adapters.join(name).with_extension("wasm"));
    let (http, batch) = (component("http-adapter"), component("http-batch-adapter"));
    let (file, files) = (component("file-adapter"), quoted(files));
    let webhooks = destination(receiver, WEBHOOKS);
    let bulk = destination(receiver, BULK);
    format!(
        r#"# Written by `cargo xtask demo`.
[host]
data-directory = "data"
listen = "{listen}"
drain-deadline = "{DRAIN_DEADLINE}"

[adapters.http]
component = {http}

[adapters.http-batch]
component = {batch}

[adapters.file]
component = {file}

[ports.{WEBHOOKS}]
adapter = "http"
address = "{webhooks}"
retry = {{ count = 20, interval = "1s" }}

[ports.{BULK}]
adapter = "http-batch"
address = "{bulk}"
retry = {{ count = 20, interval = "1s" }}

[ports.{FILES}]
adapter = "file"
address = {files}
retry = {{ count = 20, interval = "1s" }}

[ports.{FILES}.config]
file-name = "{FILE_NAME}"
"#
    )
}

/// A path as a TOML string; JSON's escapes are TOML's.
fn quoted(path: &Path) -> String {
    serde_json::Value::from(path.to_string_lossy()).to_string()
}
