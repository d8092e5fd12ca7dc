//! A batch adapter without an SDK whose messages are little programs: their bodies say, byte by byte, what
//! it does and what it answers. Nothing it does is reasonable; all of it keeps to the types.
//!
//! The first part of a body is carried out by `transmit-message`, the rest by `done`. The handler
//! configuration says what `begin-batch` answers: `max-messages`, `max-bytes`.

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
            package test:fuzzed-batch-adapter;

            world fuzzed {
                include sendport:adapter/async-batch-send-adapter@0.2.0;
                export sendport:adapter/persist-property-bag@0.2.0;
            }
        ",
        path: "../../../wit",
        world: "fuzzed",
        generate_all,
    });
}

mod outcomes;
mod program;

use std::cell::{Cell, RefCell};

use batch_transmitter::TransmitterBatch;
use bindings::exports::sendport::adapter::{
    batch_transmitter, persist_property_bag, transport, transport_control,
};
use bindings::sendport::adapter::transport_proxy;
use bindings::sendport::adapter::types::{
    BatchLimits, Disposition, ErrorInfo, Failure, LogLevel, Message, MessageFailure, Response,
};

use outcomes::Outcomes;
use program::Program;

struct Component;

thread_local! {
    static LIMITS: Cell<BatchLimits> = const {
        Cell::new(BatchLimits { max_messages: 8, max_bytes: 0 })
    };
    /// Messages that were answered pending, and others that it should not have any more.
    static KEPT: RefCell<Vec<Message>> = const { RefCell::new(Vec::new()) };
}

/// A batch while it is filled.
#[derive(Default)]
struct Batch {
    /// What it has answered `transmitted` to.
    collected: RefCell<Vec<Message>>,
    /// What the messages' programs leave for `done`.
    rest: RefCell<Vec<u8>>,
}

impl transport::Guest for Component {
    fn describe() -> transport::TransportInfo {
        transport::TransportInfo {
            name: "Fuzzed batch adapter".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            description: "Does what its messages say, byte by byte.".to_owned(),
            transport_type: "FUZZED".to_owned(),
            address_prefixes: vec!["fuzzed://".to_owned()],
            start_eagerly: false,
            ordered_delivery: true,
            two_way: true,
            handler_schema: Vec::new(),
            port_schema: Vec::new(),
        }
    }
}

impl persist_property_bag::Guest for Component {
    fn load(handler: Vec<(String, String)>) -> Result<(), ErrorInfo> {
        let number = |name: &str| {
            let value = handler.iter().find(|(key, _)| key == name);
            value.and_then(|(_, value)| value.parse().ok()).unwrap_or(0)
        };
        LIMITS.set(BatchLimits {
            max_messages: number("max-messages"),
            max_bytes: number("max-bytes").into(),
        });
        Ok(())
    }
}

impl transport_control::Guest for Component {
    fn initialize() -> Result<(), ErrorInfo> {
        Ok(())
    }

    async fn terminate() {
        drop(KEPT.take());
    }
}

impl batch_transmitter::Guest for Component {
    type TransmitterBatch = Batch;

    fn get_batch() -> TransmitterBatch {
        TransmitterBatch::new(Batch::default())
    }
}

impl batch_transmitter::GuestTransmitterBatch for Batch {
    fn begin_batch(&self) -> BatchLimits {
        LIMITS.get()
    }

    fn transmit_message(&self, msg: Message) -> Result<Disposition, Failure> {
        let mut program = Program::new(msg.body());
        let answer = loop {
            match program.byte() % 12 {
                0 | 1 => break Ok(Disposition::Transmitted),
                2 => break Ok(Disposition::Pending),
                3 => break Err(program.failure()),
                4 => respond(&msg, &mut program),
                5 => transport_proxy::set_error_info(&program.error()),
                6 => log(&mut program),
                7 => drop(msg.read(program.number(), program.number())),
                8 => drop((msg.property(&program.text()), msg.properties())),
                9 => drop((msg.id(), msg.address(), msg.configuration(), msg.size())),
                10 => KEPT.with_borrow_mut(|kept| drop(kept.pop())),
                _ if program.byte() % 8 == 0 => core::arch::wasm32::unreachable(),
                _ => {}
            }
        };
        self.rest.borrow_mut().extend(program.rest());
        match answer {
            Ok(Disposition::Transmitted) => self.collected.borrow_mut().push(msg),
            Ok(Disposition::Pending) => KEPT.with_borrow_mut(|kept| kept.push(msg)),
            Err(_) => drop(msg),
        }
        answer
    }

    async fn done(batch: TransmitterBatch) -> Result<Vec<MessageFailure>, Failure> {
        let batch: Self = batch.into_inner();
        let mut program = Program::new(batch.rest.take());
        let mut collected = batch.collected.take();
        let mut outcomes = Outcomes::default();
        let mut failures = Vec::new();
        let result = loop {
            match program.byte() % 12 {
                0 => break Ok(failures),
                1 => break Err(program.failure()),
                2 => failures.push(MessageFailure {
                    index: program.index(),
                    failure: program.failure(),
                }),
                3 => outcomes.open(),
                4 | 5 => {
                    let kept = KEPT.with_borrow_mut(|kept| program.take_one(kept));
                    outcomes.add(kept, &mut program);
                }
                6 => outcomes.add(program.take_one(&mut collected), &mut program),
                7 => outcomes.done().await,
                8 => outcomes.done_later(),
                9 => outcomes.drop_one(),
                10 => KEPT.with_borrow_mut(|kept| kept.append(&mut collected)),
                _ if program.byte() % 8 == 0 => core::arch::wasm32::unreachable(),
                _ => {}
            }
        };
        // Otherwise they would come back only when the instance ends, which takes the host long.
        if !program.keeps() {
            drop(KEPT.take());
        }
        result
    }

    fn clear(batch: TransmitterBatch) {
        drop(batch.into_inner::<Self>());
    }
}

fn respond(msg: &Message, program: &mut Program) {
    let response = Response {
        properties: vec![(program.text(), program.text())],
        body: program.text().into_bytes(),
    };
    // What the host says to it is the host's business.
    drop(msg.submit_response(&response));
}

fn log(program: &mut Program) {
    let level = match program.byte() % 4 {
        0 => LogLevel::Debug,
        1 => LogLevel::Info,
        2 => LogLevel::Warn,
        _ => LogLevel::Error,
    };
    transport_proxy::log(level, &program.text());
}

#[expect(unsafe_code, reason = "generated: what a component exports")]
mod exports {
    use super::{Component, bindings};

    bindings::export!(Component with_types_in bindings);
}
