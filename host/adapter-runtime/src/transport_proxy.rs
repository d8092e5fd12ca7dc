//! The `transport-proxy` interfaces: the adapter's way into the engine (IBTTransportProxy). The
//! synchronous one has no outcome batches: what its adapters report is what they return.

use wasmtime::Result;
use wasmtime::component::Resource;

use crate::bindings::imports::types::{ErrorInfo, LogLevel};
use crate::bindings::imports::{sync_transport_proxy, transport_proxy};
use crate::context::Context;
use crate::transport_batch::TransportBatch;

impl transport_proxy::Host for Context {
    fn get_batch(&mut self) -> Result<Resource<TransportBatch>> {
        Ok(self.table.push(TransportBatch::default())?)
    }

    fn set_error_info(&mut self, error: ErrorInfo) -> Result<()> {
        self.report_error(error);
        Ok(())
    }

    fn log(&mut self, level: LogLevel, text: String) -> Result<()> {
        self.output.line(level, &text);
        Ok(())
    }
}

impl sync_transport_proxy::Host for Context {
    fn set_error_info(&mut self, error: ErrorInfo) -> Result<()> {
        self.report_error(error);
        Ok(())
    }

    fn log(&mut self, level: LogLevel, text: String) -> Result<()> {
        self.output.line(level, &text);
        Ok(())
    }
}

impl Context {
    /// Counts as a line of the log: a guest could fill the host's memory with errors that nobody has read
    /// yet.
    fn report_error(&mut self, error: ErrorInfo) {
        if self.output.admits(&error.text) {
            self.sink.error(error.into());
        }
    }
}
