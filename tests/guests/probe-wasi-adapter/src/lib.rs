//! Does with WASI 0.3 what its message says, and fails with what came of it.
//!
//! The property `script` holds commands, with `;` between them: `read . ../secret`. Each says one thing about its
//! end; all of them, in their order, with ` | ` between them, are the text of the failure. See `files` and
//! `world` for the commands.

#![forbid(unsafe_code)]

mod bindings;
mod files;
mod world;

use sendport_guest::{
    Configuration, ErrorInfo, Failure, Message, Outcome, SendAdapter, TransportInfo,
};

struct Probe;

impl SendAdapter for Probe {
    fn describe() -> TransportInfo {
        TransportInfo::new("PROBE", "WASI probe adapter", env!("CARGO_PKG_VERSION"))
            .description("Does with WASI what its message says.")
            .prefix("probe://")
    }

    fn load(_handler: Configuration) -> Result<Self, ErrorInfo> {
        Ok(Self)
    }

    async fn send(&self, message: &Message) -> Outcome {
        let script = message.property("script").unwrap_or_default();
        let mut ends = Vec::new();
        for command in script.split(';').map(str::trim) {
            let words: Vec<&str> = command.split(' ').collect();
            ends.push(match files::obey(&words).await {
                Some(end) => end,
                None => world::obey(&words).await,
            });
        }
        Err(Failure::permanent(ErrorInfo::new(
            "probe",
            ends.join(" | "),
        )))
    }
}

sendport_guest::export_send_adapter!(Probe);
