//! Where everything a guest says goes: the host's log, line by line, at the target `adapter` with the
//! port's name, under the limits of [`crate::guest_log`].
//!
//! There are three ways to it: the contract's `log`, the standard output and the standard error. They
//! share one limit, since they end in one place.

mod lines;
mod printable;

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use model::PortName;
use tokio::io::AsyncWrite;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use crate::Limits;
use crate::bindings::imports::types::LogLevel;
use crate::guest_log::{GuestLog, Line};
use lines::Lines;
use printable::Printable;

/// What one write may hold; the guest is told to write the rest after it.
const LONGEST_WRITE: usize = 64 * 1024;

/// The output of one instance. Clones write to the same place.
#[derive(Clone, Debug)]
pub(crate) struct GuestOutput(Arc<Mutex<Output>>);

#[derive(Debug)]
struct Output {
    port: PortName,
    silent: bool,
    log: GuestLog,
    /// Of the two streams.
    lines: [Lines; 2],
}

/// A stream of a guest, as it knows them from the command line.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stream {
    /// Logged as information.
    Output,
    /// Logged as a warning: panics of most languages end up here.
    Error,
}

impl GuestOutput {
    /// What a silent instance says is dropped.
    pub(crate) fn new(port: PortName, silent: bool, limits: &Limits) -> Self {
        Self(Arc::new(Mutex::new(Output {
            port,
            silent,
            log: GuestLog::new(limits, Instant::now()),
            lines: [Lines::default(), Lines::default()],
        })))
    }

    /// Writes a line of the contract's `log`.
    pub(crate) fn line(&self, level: LogLevel, text: &str) {
        self.lock().line(level, text);
    }

    /// Whether an error that it reports may be kept: that is no output, and counts as a line of it.
    pub(crate) fn admits(&self, error: &str) -> bool {
        self.lock().admits(error)
    }

    /// A standard stream that ends here.
    pub(crate) fn stream(&self, stream: Stream) -> StandardStream {
        StandardStream {
            output: self.clone(),
            stream,
        }
    }

    /// An instance is on one thread at a time, so nobody ever waits here.
    fn lock(&self) -> MutexGuard<'_, Output> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Output {
    fn line(&mut self, level: LogLevel, text: &str) {
        if self.silent {
            return;
        }
        let port = self.port.as_str();
        match self.log.line(text, Instant::now()) {
            Line::Keep(text) => {
                let text = Printable(text);
                match level {
                    LogLevel::Debug => tracing::debug!(target: "adapter", port, "{text}"),
                    LogLevel::Info => tracing::info!(target: "adapter", port, "{text}"),
                    LogLevel::Warn => tracing::warn!(target: "adapter", port, "{text}"),
                    LogLevel::Error => tracing::error!(target: "adapter", port, "{text}"),
                }
            }
            Line::FloodBegins => self.tell_flood(),
            Line::Drop => {}
        }
    }

    fn admits(&mut self, text: &str) -> bool {
        let line = self.log.line(text, Instant::now());
        let (kept, flood) = (matches!(line, Line::Keep(_)), line == Line::FloodBegins);
        if flood {
            self.tell_flood();
        }
        kept
    }

    fn tell_flood(&self) {
        let port = self.port.as_str();
        tracing::warn!(
            target: "adapter", port,
            "the adapter says too much: the rest of this second is dropped (limits.log-lines, limits.log-bytes)"
        );
    }

    fn write(&mut self, stream: Stream, bytes: &[u8]) {
        let mut lines = std::mem::take(&mut self.lines[stream as usize]);
        lines.write(bytes, |line| self.line(stream.level(), line));
        self.lines[stream as usize] = lines;
    }

    fn end(&mut self, stream: Stream) {
        let mut lines = std::mem::take(&mut self.lines[stream as usize]);
        lines.end(|line| self.line(stream.level(), line));
    }
}

impl Drop for Output {
    /// What a guest said last is often why it ended.
    fn drop(&mut self) {
        for stream in [Stream::Output, Stream::Error] {
            self.end(stream);
        }
    }
}

impl Stream {
    fn level(self) -> LogLevel {
        match self {
            Self::Output => LogLevel::Info,
            Self::Error => LogLevel::Warn,
        }
    }
}

/// The standard output or error of a guest; WASI 0.2 and 0.3 each have their own way to write to it.
#[derive(Clone, Debug)]
pub(crate) struct StandardStream {
    output: GuestOutput,
    stream: Stream,
}

impl StandardStream {
    fn take(&self, bytes: &[u8]) {
        self.output.lock().write(self.stream, bytes);
    }
}

impl IsTerminal for StandardStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for StandardStream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl Pollable for StandardStream {
    async fn ready(&mut self) {}
}

impl OutputStream for StandardStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.take(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(LONGEST_WRITE)
    }
}

impl AsyncWrite for StandardStream {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.take(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
