//! Takes every message and reports later that it was sent: what is left is the cost of the protocol.

#![forbid(unsafe_code)]

use sendport_guest::{
    Configuration, ErrorInfo, Message, Outcome, Reporting, SendAdapter, TransportInfo,
};

struct NullPending;

impl SendAdapter for NullPending {
    const REPORTING: Reporting = Reporting::Later { batch: 64 };

    fn describe() -> TransportInfo {
        TransportInfo::new(
            "NULL",
            "Null adapter, reporting later",
            env!("CARGO_PKG_VERSION"),
        )
        .description("Sends nothing and reports through transport batches that it has.")
        .prefix("null://")
    }

    fn load(_handler: Configuration) -> Result<Self, ErrorInfo> {
        Ok(Self)
    }

    async fn send(&self, _message: &Message) -> Outcome {
        Ok(())
    }
}

sendport_guest::export_send_adapter!(NullPending);
