//! Batch adapters that attack the host they run in, one file per guest in `guests`: as `hostile-adapter`,
//! with what only a batch makes possible.

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
            package test:hostile-batch-adapter;

            world hostile {
                include sendport:adapter/async-batch-send-adapter@0.2.0;
                export sendport:adapter/persist-property-bag@0.2.0;
            }
        ",
        path: "../../../wit",
        world: "hostile",
        generate_all,
    });
}

mod attack;

include!(concat!(env!("OUT_DIR"), "/guests.rs"));

use std::cell::RefCell;

use attack::{Attack, Done};
use batch_transmitter::TransmitterBatch;
use bindings::exports::sendport::adapter::{
    batch_transmitter, persist_property_bag, transport, transport_control,
};
use bindings::sendport::adapter::types::{BatchLimits, Disposition, ErrorInfo, Failure, Message};

struct Component;

thread_local! {
    static GUEST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// What was taken on.
struct Batch(RefCell<Vec<Message>>);

/// Calls the guest that this instance is.
macro_rules! dispatch {
    ($($name:literal => $guest:ident,)*) => {
        fn initialize() -> Result<(), ErrorInfo> {
            match GUEST.with_borrow(Clone::clone).as_str() {
                $($name => Ok(()),)*
                unknown => Err(attack::error(&format!("there is no guest {unknown:?}"))),
            }
        }

        fn limits() -> BatchLimits {
            match GUEST.with_borrow(Clone::clone).as_str() {
                $($name => $guest::Guest::limits(),)*
                _ => attack::trap(),
            }
        }

        fn take(msg: &Message) {
            match GUEST.with_borrow(Clone::clone).as_str() {
                $($name => $guest::Guest::take(msg),)*
                _ => attack::trap(),
            }
        }

        async fn done(messages: Vec<Message>) -> Done {
            match GUEST.with_borrow(Clone::clone).as_str() {
                $($name => $guest::Guest::done(messages).await,)*
                _ => attack::trap(),
            }
        }
    };
}

foreach_hostile_guest!(dispatch);

impl transport::Guest for Component {
    fn describe() -> transport::TransportInfo {
        transport::TransportInfo {
            name: "Hostile batch adapter".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            description: "Attacks its host.".to_owned(),
            transport_type: "HOSTILE".to_owned(),
            address_prefixes: Vec::new(),
            start_eagerly: false,
            ordered_delivery: true,
            two_way: false,
            handler_schema: vec![transport::ConfigurationKey {
                name: "guest".to_owned(),
                description: "Which guest the instances are.".to_owned(),
                kind: transport::ValueKind::Text,
                required: true,
                default: None,
            }],
            port_schema: Vec::new(),
        }
    }
}

impl persist_property_bag::Guest for Component {
    fn load(handler: Vec<(String, String)>) -> Result<(), ErrorInfo> {
        let guest = handler.into_iter().find(|(name, _)| name == "guest");
        let (_, guest) = guest.ok_or_else(|| attack::error("the key `guest` is missing"))?;
        GUEST.set(guest);
        Ok(())
    }
}

impl transport_control::Guest for Component {
    fn initialize() -> Result<(), ErrorInfo> {
        initialize()
    }

    async fn terminate() {}
}

impl batch_transmitter::Guest for Component {
    type TransmitterBatch = Batch;

    fn get_batch() -> TransmitterBatch {
        TransmitterBatch::new(Batch(RefCell::default()))
    }
}

impl batch_transmitter::GuestTransmitterBatch for Batch {
    fn begin_batch(&self) -> BatchLimits {
        limits()
    }

    fn transmit_message(&self, msg: Message) -> Result<Disposition, Failure> {
        if attack::is_ordered(&msg) {
            take(&msg);
        }
        self.0.borrow_mut().push(msg);
        Ok(Disposition::Transmitted)
    }

    async fn done(batch: TransmitterBatch) -> Done {
        let messages = batch.into_inner::<Self>().0.take();
        match messages.iter().any(attack::is_ordered) {
            true => done(messages).await,
            false => Ok(Vec::new()),
        }
    }

    fn clear(_batch: TransmitterBatch) {}
}

#[expect(unsafe_code, reason = "generated: what a component exports")]
mod exports {
    use super::{Component, bindings};

    bindings::export!(Component with_types_in bindings);
}
