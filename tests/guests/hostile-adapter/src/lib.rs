//! Adapters that attack the host they run in, one file per guest in `guests`.
//!
//! The key `guest` of the handler configuration says which one an instance is. It attacks with the messages
//! that have the property `attack`, and answers *transmitted* to all others, which shows that the port is
//! alive. What an attack has found out is the text of a permanent failure. No SDK: that would keep them
//! from misbehaving.
//!
//! A guest without a test in `tests/it/hostile` does not compile there, and neither does a test without a
//! guest.

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
            package test:hostile-adapter;

            world hostile {
                include sendport:adapter/async-send-adapter@0.2.0;
                import sendport:adapter/http-client@0.2.0;
                import wasi:cli/environment@0.3.0;
                import wasi:cli/exit@0.3.0;
                import wasi:clocks/monotonic-clock@0.3.0;
                import wasi:filesystem/types@0.3.0;
                import wasi:filesystem/preopens@0.3.0;
                import wasi:http/client@0.3.0;
                import wasi:random/random@0.3.0;
                import wasi:sockets/types@0.3.0;
                import wasi:sockets/ip-name-lookup@0.3.0;
                export sendport:adapter/persist-property-bag@0.2.0;
            }
        ",
        path: "../../../wit",
        world: "hostile",
        generate_all,
    });
}

mod attack;
mod forgery;
mod http;
mod meddling_allocator;

include!(concat!(env!("OUT_DIR"), "/guests.rs"));

use std::cell::RefCell;

use attack::{Answer, Attack};
use bindings::exports::sendport::adapter::{
    persist_property_bag, transmitter, transport, transport_control,
};
use bindings::sendport::adapter::types::{Disposition, ErrorInfo, Failure, Message};

struct Component;

thread_local! {
    static GUEST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Calls the guest that this instance is.
macro_rules! dispatch {
    ($($name:literal => $guest:ident,)*) => {
        fn initialize() -> Result<(), ErrorInfo> {
            match GUEST.with_borrow(Clone::clone).as_str() {
                $($name => $guest::Guest::initialize(),)*
                unknown => Err(attack::error(&format!("there is no guest {unknown:?}"))),
            }
        }

        async fn transmit(msg: Message) -> Answer {
            match GUEST.with_borrow(Clone::clone).as_str() {
                $($name => $guest::Guest::transmit(msg).await,)*
                unknown => attack::found(&format!("there is no guest {unknown:?}")),
            }
        }

        async fn innocent(msg: Message) -> Answer {
            match GUEST.with_borrow(Clone::clone).as_str() {
                $($name => $guest::Guest::innocent(msg).await,)*
                unknown => attack::found(&format!("there is no guest {unknown:?}")),
            }
        }

        async fn terminate() {
            match GUEST.with_borrow(Clone::clone).as_str() {
                $($name => $guest::Guest::terminate().await,)*
                _ => (),
            }
        }
    };
}

foreach_hostile_guest!(dispatch);

impl transport::Guest for Component {
    fn describe() -> transport::TransportInfo {
        transport::TransportInfo {
            name: "Hostile adapter".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            description: "Attacks its host.".to_owned(),
            transport_type: "HOSTILE".to_owned(),
            address_prefixes: Vec::new(),
            start_eagerly: false,
            ordered_delivery: true,
            two_way: true,
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

    async fn terminate() {
        terminate().await;
    }
}

impl transmitter::Guest for Component {
    async fn transmit_message(msg: Message) -> Result<Disposition, Failure> {
        match msg.property("attack") {
            Some(_) => transmit(msg).await,
            None => innocent(msg).await,
        }
    }
}

#[expect(unsafe_code, reason = "generated: what a component exports")]
mod exports {
    use super::{Component, bindings};

    bindings::export!(Component with_types_in bindings);
}
