//! Gives away what it was granted: its failures hold the value of the secret that a message names in its
//! property `secret`, or why there is none. What no adapter should do, and how a test sees what it could.
//!
//! It is synchronous, which shows that secrets are there for adapters of both families.

#![forbid(unsafe_code)]

use sendport_guest::{
    Configuration, ErrorInfo, Failure, Message, Outcome, SyncSendAdapter, TransportInfo, secrets,
};

struct Leak;

impl SyncSendAdapter for Leak {
    fn describe() -> TransportInfo {
        TransportInfo::new("SECRET", "Secret adapter", env!("CARGO_PKG_VERSION"))
            .description("Gives away the secrets that its port grants.")
            .prefix("secret://")
    }

    fn load(_handler: Configuration) -> Result<Self, ErrorInfo> {
        Ok(Self)
    }

    fn send(&self, message: &Message) -> Outcome {
        let name = message.property("secret").unwrap_or_default();
        let value = secrets::named_by("secret", &name).map_err(Failure::permanent)?;
        let told = format!("the secret is {value:?}");
        Err(Failure::permanent(ErrorInfo::new("told", told)))
    }
}

sendport_guest::export_sync_send_adapter!(Leak);
