//! The `transport-proxy` interface: the adapter's way into the engine (IBTTransportProxy).

use std::time::Instant;

use wasmtime::Result;
use wasmtime::component::Resource;

use crate::bindings::imports::transport_proxy::{ErrorInfo, Host, LogLevel};
use crate::context::Context;
use crate::guest_log::Line;
use crate::transport_batch::TransportBatch;

impl Host for Context {
    fn get_batch(&mut self) -> Result<Resource<TransportBatch>> {
        self.cpu.reset();
        Ok(self.table.push(TransportBatch::default())?)
    }

    fn set_error_info(&mut self, error: ErrorInfo) -> Result<()> {
        self.cpu.reset();
        self.sink.error(error.into());
        Ok(())
    }

    fn log(&mut self, level: LogLevel, text: String) -> Result<()> {
        // Logging is not progress: a guest that does nothing else is still interrupted.
        let port = self.port.as_str();
        match self.log.line(&text, Instant::now()) {
            Line::Keep(text) => match level {
                LogLevel::Debug => tracing::debug!(target: "adapter", port, "{text}"),
                LogLevel::Info => tracing::info!(target: "adapter", port, "{text}"),
                LogLevel::Warn => tracing::warn!(target: "adapter", port, "{text}"),
                LogLevel::Error => tracing::error!(target: "adapter", port, "{text}"),
            },
            Line::FloodBegins => {
                tracing::warn!(target: "adapter", port, "the adapter logs too much; lines are dropped");
            }
            Line::Drop => {}
        }
        Ok(())
    }
}
