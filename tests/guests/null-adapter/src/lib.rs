//! Answers at once that a message was sent: what is left is the cost of the protocol.

#![forbid(unsafe_code)]

use sendport_guest::{Configuration, ErrorInfo, Message, Outcome, SendAdapter, TransportInfo};

struct Null;

impl SendAdapter for Null {
    fn describe() -> TransportInfo {
        TransportInfo::new("NULL", "Null adapter", env!("CARGO_PKG_VERSION"))
            .description("Sends nothing and says at once that it has.")
            .prefix("null://")
            .ordered_delivery()
    }

    fn load(_handler: Configuration) -> Result<Self, ErrorInfo> {
        Ok(Self)
    }

    async fn send(&self, _message: &Message) -> Outcome {
        Ok(())
    }
}

sendport_guest::export_send_adapter!(Null);
