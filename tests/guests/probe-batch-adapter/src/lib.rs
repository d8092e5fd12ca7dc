//! A batch adapter without an SDK, which does what its messages say, by their property `probe`.
//!
//! Every batch logs the calls it has seen when it ends: `get-batch begin-batch transmit-message done`.
//! What was answered pending is reported with one transport batch for each transmitter batch; when it is
//! not carried out completely, that becomes an error of no message: `no-next-transport [1]: …`.
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
            package test:probe-batch-adapter;

            world probe {
                include sendport:adapter/async-batch-send-adapter@0.2.0;
                export sendport:adapter/persist-property-bag@0.2.0;
            }
        ",
        path: "../../../wit",
        world: "probe",
        generate_all,
    });
}

use std::cell::{Cell, RefCell};

use batch_transmitter::TransmitterBatch;
use bindings::exports::sendport::adapter::{
    batch_transmitter, persist_property_bag, transport, transport_control,
};
use bindings::sendport::adapter::transport_proxy::{
    self, BatchFailure, BatchFailureReason, set_error_info,
};
use bindings::sendport::adapter::types::{
    BatchLimits, Disposition, ErrorInfo, Failure, LogLevel, Message, MessageFailure, Response,
};

struct Component;

thread_local! {
    static LIMITS: Cell<BatchLimits> = const {
        Cell::new(BatchLimits { max_messages: 8, max_bytes: 0 })
    };
}

/// What was accepted, and what the host has called.
struct Batch {
    transmitted: RefCell<Vec<(String, Message)>>,
    pending: RefCell<Vec<(String, Message)>>,
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
            name: "Probe batch adapter".to_owned(),
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

impl transport_control::Guest for Component {
    fn initialize() -> Result<(), ErrorInfo> {
        Ok(())
    }

    async fn terminate() {}
}

impl batch_transmitter::Guest for Component {
    type TransmitterBatch = Batch;

    fn get_batch() -> TransmitterBatch {
        TransmitterBatch::new(Batch {
            transmitted: RefCell::default(),
            pending: RefCell::default(),
            calls: RefCell::new(vec!["get-batch"]),
        })
    }
}

impl batch_transmitter::GuestTransmitterBatch for Batch {
    fn begin_batch(&self) -> BatchLimits {
        self.calls.borrow_mut().push("begin-batch");
        LIMITS.get()
    }

    /// `refuse` and `trap-in-transmit`; `pending`, `respond-pending` and `next-transport`, which `done`
    /// reports; and what `done` looks for.
    fn transmit_message(&self, msg: Message) -> Result<Disposition, Failure> {
        self.calls.borrow_mut().push("transmit-message");
        let probe = msg.property("probe").unwrap_or_else(|| "ok".to_owned());
        match probe.as_str() {
            "refuse" => Err(failure("the probe was told to refuse")),
            "trap-in-transmit" => trap(),
            "pending" | "respond-pending" | "next-transport" => {
                self.pending.borrow_mut().push((probe, msg));
                Ok(Disposition::Pending)
            }
            _ => {
                self.transmitted.borrow_mut().push((probe, msg));
                Ok(Disposition::Transmitted)
            }
        }
    }

    /// `fail-in-done` and `calls` fail alone, `calls` with the calls so far as its text;
    /// `respond` and `respond-then-fail` leave the property `body` with the host as a response;
    /// `done-error` (or `fail-done`), `trap-in-done` and `hang-in-done` take the whole batch with them.
    async fn done(batch: TransmitterBatch) -> Result<Vec<MessageFailure>, Failure> {
        let batch: Batch = batch.into_inner();
        let calls = batch.end("done");
        wit_bindgen::spawn_local(report(batch.pending.take()));
        let mut failures = Vec::new();
        for (index, (probe, msg)) in (0..).zip(batch.transmitted.take()) {
            let failure = match probe.as_str() {
                "ok" => continue,
                "respond" => match respond(&msg) {
                    Ok(()) => continue,
                    Err(refused) => Failure::Permanent(refused),
                },
                "respond-then-fail" => match respond(&msg) {
                    Ok(()) => failure("the probe was told to fail after its response"),
                    Err(refused) => Failure::Permanent(refused),
                },
                "fail-in-done" => failure("the probe was told to fail"),
                "calls" => failure(&calls),
                "done-error" | "fail-done" => {
                    return Err(failure("the probe was told to fail in done"));
                }
                "hang-in-done" => std::future::pending().await,
                "trap-in-done" => trap(),
                _ => failure(&format!("there is no probe {probe:?}")),
            };
            failures.push(MessageFailure { index, failure });
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
        transport_proxy::log(LogLevel::Info, &calls);
        calls
    }
}

/// One transport batch over what was answered pending.
async fn report(messages: Vec<(String, Message)>) {
    if messages.is_empty() {
        return;
    }
    let batch = transport_proxy::get_batch();
    for (probe, message) in messages {
        match probe.as_str() {
            "next-transport" => {
                let why = error("the probe was told to give up");
                batch.move_to_next_transport(message, &why);
            }
            "respond-pending" => match respond(&message) {
                Ok(()) => batch.delete_message(message),
                Err(refused) => batch.fail(message, &Failure::Permanent(refused)),
            },
            _ => batch.delete_message(message),
        }
    }
    if let Err(failure) = batch.done().await {
        set_error_info(&error(&told(&failure)));
    }
}

fn respond(msg: &Message) -> Result<(), ErrorInfo> {
    msg.submit_response(&Response {
        properties: vec![("answered-by".to_owned(), "probe".to_owned())],
        body: msg.property("body").unwrap_or_default().into_bytes(),
    })
}

fn told(failure: &BatchFailure) -> String {
    let reason = match failure.reason {
        BatchFailureReason::Empty => "empty",
        BatchFailureReason::NotYours => "not-yours",
        BatchFailureReason::NoNextTransport => "no-next-transport",
        BatchFailureReason::ShuttingDown => "shutting-down",
    };
    let culprits: Vec<_> = failure.culprits.iter().map(u32::to_string).collect();
    format!("{reason} [{}]: {}", culprits.join(","), failure.text)
}

fn failure(text: &str) -> Failure {
    Failure::Permanent(error(text))
}

fn error(text: &str) -> ErrorInfo {
    ErrorInfo {
        code: Some("probe".to_owned()),
        text: text.to_owned(),
    }
}

fn trap() -> ! {
    core::arch::wasm32::unreachable()
}

#[expect(unsafe_code, reason = "generated: what a component exports")]
mod exports {
    use super::{Component, bindings};

    bindings::export!(Component with_types_in bindings);
}
