//! Synchronous adapters that attack the host they run in, one file per guest in `guests`: as
//! `hostile-adapter`, where a call that does not come back holds up everything else in its instance.

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
            package test:hostile-sync-adapter;

            world hostile {
                include sendport:adapter/send-adapter@0.2.0;
                import wasi:clocks/monotonic-clock@0.3.0;
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

use attack::Attack;
use bindings::exports::sendport::adapter::{
    persist_property_bag, sync_transmitter, sync_transport_control, transport,
};
use bindings::sendport::adapter::types::{ErrorInfo, Failure, Message};

struct Component;

thread_local! {
    static GUEST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Calls the guest that this instance is.
macro_rules! dispatch {
    ($($name:literal => $guest:ident,)*) => {
        fn initialize() -> Result<(), ErrorInfo> {
            match GUEST.with_borrow(Clone::clone).as_str() {
                $($name => Ok(()),)*
                unknown => Err(attack::error(&format!("there is no guest {unknown:?}"))),
            }
        }

        fn transmit(msg: Message) -> Result<(), Failure> {
            match GUEST.with_borrow(Clone::clone).as_str() {
                $($name => $guest::Guest::transmit(msg),)*
                unknown => Err(Failure::Permanent(attack::error(unknown))),
            }
        }

        fn terminate() {
            match GUEST.with_borrow(Clone::clone).as_str() {
                $($name => $guest::Guest::terminate(),)*
                _ => (),
            }
        }
    };
}

foreach_hostile_guest!(dispatch);

impl transport::Guest for Component {
    fn describe() -> transport::TransportInfo {
        transport::TransportInfo {
            name: "Hostile synchronous adapter".to_owned(),
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

impl sync_transport_control::Guest for Component {
    fn initialize() -> Result<(), ErrorInfo> {
        initialize()
    }

    fn terminate() {
        terminate();
    }
}

impl sync_transmitter::Guest for Component {
    fn transmit_message(msg: Message) -> Result<(), Failure> {
        match msg.property("attack") {
            Some(_) => transmit(msg),
            None => Ok(()),
        }
    }
}

#[expect(unsafe_code, reason = "generated: what a component exports")]
mod exports {
    use super::{Component, bindings};

    bindings::export!(Component with_types_in bindings);
}
