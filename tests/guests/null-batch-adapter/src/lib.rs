//! Answers at once that a batch was sent: what is left is the cost of the protocol.

#![forbid(unsafe_code)]

use sendport_guest::{
    BatchLimits, BatchSendAdapter, Configuration, ErrorInfo, Message, Outcome, TransportInfo,
};

struct NullBatch;

impl BatchSendAdapter for NullBatch {
    fn describe() -> TransportInfo {
        TransportInfo::new("NULL", "Null batch adapter", env!("CARGO_PKG_VERSION"))
            .description("Sends nothing, in batches, and says at once that it has.")
            .prefix("null://")
            .ordered_delivery()
    }

    fn load(_handler: Configuration) -> Result<Self, ErrorInfo> {
        Ok(Self)
    }

    fn limits(&self) -> BatchLimits {
        BatchLimits {
            max_messages: 64,
            max_bytes: 0,
        }
    }

    async fn send_all(&self, messages: &[Message]) -> Vec<Outcome> {
        vec![Ok(()); messages.len()]
    }
}

sendport_guest::export_batch_send_adapter!(NullBatch);
