//! The HTTP batch adapter: the requests of a whole batch leave the sandbox with one call.
//!
//! The same requests and the same meaning of answers as the HTTP adapter (`http-port`); what differs
//! is the price of the sandbox, which is paid once per batch.

#![forbid(unsafe_code)]

use std::rc::Rc;

use http_port::{Port, Prepared};
use sendport_guest::http::{self, HttpError, Request};
use sendport_guest::{
    BatchLimits, BatchSendAdapter, Configuration, ConfigurationKey, ErrorInfo, Failure, Message,
    Outcome, PortSettings, TransportInfo, ValueKind,
};

struct HttpBatchAdapter {
    ports: PortSettings<Port>,
    batch_size: u32,
}

/// Larger batches save nothing any more, and the slowest answer holds back more outcomes.
const BATCH_SIZE: u32 = 64;
const LARGEST_BATCH: u64 = 1024;

impl BatchSendAdapter for HttpBatchAdapter {
    fn describe() -> TransportInfo {
        let description = "Delivers messages as HTTP requests, many with one call.";
        let batch_size = format!("Messages in one batch, 1 to {LARGEST_BATCH}.");
        http_port::describe("HTTP batch adapter", env!("CARGO_PKG_VERSION"), description)
            .handler_keys([
                ConfigurationKey::new("batch-size", ValueKind::Number, &batch_size)
                    .default_value(&BATCH_SIZE.to_string()),
            ])
    }

    fn load(handler: Configuration) -> Result<Self, ErrorInfo> {
        let batch_size = handler.number("batch-size", 1..=LARGEST_BATCH)?;
        Ok(Self {
            ports: PortSettings::new(),
            batch_size: batch_size.map_or(BATCH_SIZE, |size| size as u32),
        })
    }

    fn limits(&self) -> BatchLimits {
        BatchLimits {
            max_messages: self.batch_size,
            max_bytes: 0,
        }
    }

    async fn send_all(&self, messages: &[Message]) -> Vec<Outcome> {
        let mut prepared: Vec<_> = messages
            .iter()
            .map(|message| self.prepare(message))
            .collect();
        let requests = prepared
            .iter_mut()
            .zip(messages)
            .filter_map(|(prepared, body)| {
                let (_, request) = prepared.as_mut().ok()?;
                Some(Request {
                    template: &request.template,
                    headers: std::mem::take(&mut request.headers),
                    body,
                })
            });
        let mut answers = http::send_all(requests.collect()).await.into_iter();
        let outcomes = prepared
            .into_iter()
            .zip(messages)
            .map(|(prepared, message)| {
                let (port, request) = prepared?;
                let missing = || Err(HttpError::Broken("the host gave no answer".to_owned()));
                let answer = answers.next().unwrap_or_else(missing);
                port.outcome(message, &request, answer)
            });
        outcomes.collect()
    }
}

impl HttpBatchAdapter {
    fn prepare(&self, message: &Message) -> Result<(Rc<Port>, Prepared), Failure> {
        let port = self.ports.get(message, Port::parse)?;
        let request = port.prepare(message)?;
        Ok((port, request))
    }
}

sendport_guest::export_batch_send_adapter!(HttpBatchAdapter);
