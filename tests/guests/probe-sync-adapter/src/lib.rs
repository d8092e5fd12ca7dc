//! A synchronous adapter without an SDK, which does what its message says: see `behaviour` for what it
//! can be told. One more is its own: `calls` fails with the calls of the host so far.

#![cfg(target_family = "wasm")]

mod bindings {
    #![allow(
        missing_docs,
        unreachable_pub,
        missing_debug_implementations,
        reason = "generated"
    )]
    wit_bindgen::generate!({ path: "../../../wit", world: "send-adapter" });
}

mod behaviour;

use std::cell::RefCell;

use bindings::exports::sendport::adapter::{sync_transmitter, sync_transport_control, transport};
use bindings::sendport::adapter::types::{ErrorInfo, Failure, Message};

struct Component;

thread_local! {
    /// What the host has called: `initialize`, `transmit-message` for every message, `terminate`.
    static CALLS: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

impl transport::Guest for Component {
    fn describe() -> transport::TransportInfo {
        transport::TransportInfo {
            name: "Synchronous probe adapter".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            description: "Does what its message says.".to_owned(),
            transport_type: "PROBE".to_owned(),
            address_prefixes: vec!["probe://".to_owned()],
            start_eagerly: false,
            ordered_delivery: true,
            two_way: true,
            handler_schema: Vec::new(),
            port_schema: Vec::new(),
        }
    }
}

impl sync_transport_control::Guest for Component {
    fn initialize() -> Result<(), ErrorInfo> {
        record("initialize");
        Ok(())
    }

    fn terminate() {
        record("terminate");
    }
}

impl sync_transmitter::Guest for Component {
    fn transmit_message(msg: Message) -> Result<(), Failure> {
        record("transmit-message");
        match behaviour::probe(&msg).as_str() {
            "calls" => {
                let calls = CALLS.with_borrow(|calls| calls.join(" "));
                Err(behaviour::permanent(&calls))
            }
            probe => behaviour::act(probe, &msg),
        }
    }
}

/// Remembers a call of the host, and logs it.
fn record(call: &'static str) {
    behaviour::log(call);
    CALLS.with_borrow_mut(|calls| calls.push(call));
}

#[expect(unsafe_code, reason = "generated: what a component exports")]
mod exports {
    use super::{Component, bindings};

    bindings::export!(Component with_types_in bindings);
}
