//! The probe adapter (`probe-adapter`, the same source) with a handler configuration.

#![cfg(target_family = "wasm")]

mod bindings {
    #![allow(
        missing_docs,
        unreachable_pub,
        missing_debug_implementations,
        reason = "generated"
    )]
    wit_bindgen::generate!({
        inline: "
            package test:probe-configured-adapter;

            world probe {
                include sendport:adapter/async-send-adapter@0.2.0;
                export sendport:adapter/persist-property-bag@0.2.0;
            }
        ",
        path: "../../../wit",
        world: "probe",
        generate_all,
    });
}

#[path = "../../probe-adapter/src/appetite.rs"]
mod appetite;
#[path = "../../probe-adapter/src/probe.rs"]
mod probe;
#[path = "../../probe-adapter/src/reports.rs"]
mod reports;
#[path = "../../probe-adapter/src/responses.rs"]
mod responses;

use bindings::exports::sendport::adapter::persist_property_bag::Guest;
use bindings::sendport::adapter::types::ErrorInfo;
use probe::{Component, record};

impl Guest for Component {
    /// Fails when told so by the key `fail`, whose value is the error's text.
    fn load(handler: Vec<(String, String)>) -> Result<(), ErrorInfo> {
        let entries: Vec<_> = handler
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        record(&format!("load({})", entries.join(",")));
        match handler.into_iter().find(|(name, _)| name == "fail") {
            Some((_, text)) => Err(ErrorInfo { code: None, text }),
            None => Ok(()),
        }
    }
}

#[expect(unsafe_code, reason = "generated: what a component exports")]
mod exports {
    use super::{Component, bindings};

    bindings::export!(Component with_types_in bindings);
}
