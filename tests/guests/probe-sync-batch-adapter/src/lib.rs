//! A synchronous batch adapter without an SDK, which does what its messages say: see `behaviour`, which
//! it shares with the probe for single messages, and `Batch` for what only a batch can do.
//!
//! Every batch logs the calls it has seen when it ends: `get-batch begin-batch transmit-message done`.
//! The handler configuration says what `begin-batch` answers: `max-messages` (8), `max-bytes` (0).

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
            package test:probe-sync-batch-adapter;

            world probe {
                include sendport:adapter/batch-send-adapter@0.2.0;
                export sendport:adapter/persist-property-bag@0.2.0;
            }
        ",
        path: "../../../wit",
        world: "probe",
        generate_all,
    });
}

#[path = "../../probe-sync-adapter/src/behaviour.rs"]
mod behaviour;

use std::cell::{Cell, RefCell};

use behaviour::permanent;
use bindings::exports::sendport::adapter::{
    persist_property_bag, sync_batch_transmitter, sync_transport_control, transport,
};
use bindings::sendport::adapter::types::{
    BatchLimits, ErrorInfo, Failure, Message, MessageFailure,
};
use sync_batch_transmitter::TransmitterBatch;

struct Component;

thread_local! {
    static LIMITS: Cell<BatchLimits> = const {
        Cell::new(BatchLimits { max_messages: 8, max_bytes: 0 })
    };
}

/// What was taken on, and what the host has called.
struct Batch {
    messages: RefCell<Vec<(String, Message)>>,
    calls: RefCell<Vec<&'static str>>,
}

impl transport::Guest for Component {
    fn describe() -> transport::TransportInfo {
        let key = |name: &str, description: &str, default: &str| transport::ConfigurationKey {
            name: name.to_owned(),
            description: description.to_owned(),
            kind: transport::ValueKind::Number,
            required: false,
            default: Some(default.to_owned()),
        };
        transport::TransportInfo {
            name: "Synchronous probe batch adapter".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            description: "Does what its messages say.".to_owned(),
            transport_type: "PROBE".to_owned(),
            address_prefixes: vec!["probe://".to_owned()],
            start_eagerly: false,
            ordered_delivery: true,
            two_way: true,
            handler_schema: vec![
                key("max-messages", "What begin-batch answers.", "8"),
                key("max-bytes", "What begin-batch answers.", "0"),
            ],
            port_schema: Vec::new(),
        }
    }
}

impl persist_property_bag::Guest for Component {
    fn load(handler: Vec<(String, String)>) -> Result<(), ErrorInfo> {
        let mut limits = LIMITS.get();
        for (name, value) in &handler {
            let number: u32 = value.parse().map_err(|_| ErrorInfo {
                code: Some("configuration".to_owned()),
                text: format!("{name} = {value:?}: expected a whole number"),
            })?;
            match name.as_str() {
                "max-messages" => limits.max_messages = number,
                _ => limits.max_bytes = number.into(),
            }
        }
        LIMITS.set(limits);
        Ok(())
    }
}

impl sync_transport_control::Guest for Component {
    fn initialize() -> Result<(), ErrorInfo> {
        Ok(())
    }

    fn terminate() {
        behaviour::log("terminate");
    }
}

impl sync_batch_transmitter::Guest for Component {
    type TransmitterBatch = Batch;

    fn get_batch() -> TransmitterBatch {
        TransmitterBatch::new(Batch {
            messages: RefCell::default(),
            calls: RefCell::new(vec!["get-batch"]),
        })
    }
}

impl sync_batch_transmitter::GuestTransmitterBatch for Batch {
    fn begin_batch(&self) -> BatchLimits {
        self.calls.borrow_mut().push("begin-batch");
        LIMITS.get()
    }

    /// `refuse` and `trap-in-transmit`; everything else is done in `done`.
    fn transmit_message(&self, msg: Message) -> Result<(), Failure> {
        self.calls.borrow_mut().push("transmit-message");
        match behaviour::probe(&msg) {
            probe if probe == "refuse" => Err(permanent("the probe was told to refuse")),
            probe if probe == "trap-in-transmit" => core::arch::wasm32::unreachable(),
            probe => {
                self.messages.borrow_mut().push((probe, msg));
                Ok(())
            }
        }
    }

    /// `fail-in-done` and `calls` fail alone, `calls` with the calls so far as its text; `fail-done` fails
    /// the whole batch.
    fn done(batch: TransmitterBatch) -> Result<Vec<MessageFailure>, Failure> {
        let batch: Batch = batch.into_inner();
        let calls = batch.end("done");
        let mut failures = Vec::new();
        for (index, (probe, msg)) in (0..).zip(batch.messages.take()) {
            let outcome = match probe.as_str() {
                "fail-in-done" => Err(permanent("the probe was told to fail")),
                "calls" => Err(permanent(&calls)),
                "fail-done" => return Err(permanent("the probe was told to fail in done")),
                probe => behaviour::act(probe, &msg),
            };
            if let Err(failure) = outcome {
                failures.push(MessageFailure { index, failure });
            }
        }
        Ok(failures)
    }

    fn clear(batch: TransmitterBatch) {
        batch.into_inner::<Self>().end("clear");
    }
}

impl Batch {
    fn end(&self, call: &'static str) -> String {
        self.calls.borrow_mut().push(call);
        let calls = self.calls.borrow().join(" ");
        behaviour::log(&calls);
        calls
    }
}

#[expect(unsafe_code, reason = "generated: what a component exports")]
mod exports {
    use super::{Component, bindings};

    bindings::export!(Component with_types_in bindings);
}
