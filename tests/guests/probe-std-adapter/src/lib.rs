//! A synchronous adapter over Rust's own standard library, as most authors would write one: compiled for
//! `wasm32-wasip2`, it imports some dozen interfaces of WASI 0.2, used or not, and has the same rights as
//! every other adapter.
//!
//! The property `script` holds commands, with `;` between them; each says one thing about its end, and all of them,
//! with ` | ` between them, are the text of the failure.

#![cfg(target_os = "wasi")]

mod bindings {
    #![allow(
        missing_docs,
        unreachable_pub,
        missing_debug_implementations,
        reason = "generated"
    )]
    wit_bindgen::generate!({ path: "../../../wit", world: "send-adapter" });
}

use std::time::{Duration, Instant, SystemTime};
use std::{env, fs, io, thread};

use bindings::exports::sendport::adapter::{sync_transmitter, sync_transport_control, transport};
use bindings::sendport::adapter::types::{ErrorInfo, Failure, Message};

struct Component;

impl transport::Guest for Component {
    fn describe() -> transport::TransportInfo {
        transport::TransportInfo {
            name: "Standard library probe adapter".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            description: "Does with Rust's standard library what its message says.".to_owned(),
            transport_type: "PROBE".to_owned(),
            address_prefixes: vec!["probe://".to_owned()],
            start_eagerly: false,
            ordered_delivery: true,
            two_way: false,
            handler_schema: Vec::new(),
            port_schema: Vec::new(),
        }
    }
}

impl sync_transport_control::Guest for Component {
    fn initialize() -> Result<(), ErrorInfo> {
        Ok(())
    }

    fn terminate() {}
}

impl sync_transmitter::Guest for Component {
    fn transmit_message(msg: Message) -> Result<(), Failure> {
        let script = msg.property("script").unwrap_or_default();
        let ends: Vec<_> = script
            .split(';')
            .map(|command| obey(&command.trim().split(' ').collect::<Vec<_>>()))
            .collect();
        Err(Failure::Permanent(ErrorInfo {
            code: Some("probe".to_owned()),
            text: ends.join(" | "),
        }))
    }
}

fn obey(words: &[&str]) -> String {
    match *words {
        ["read", path] => told(fs::read_to_string(path)),
        ["write", path, text] => done(fs::write(path, text)),
        ["link", from, to] => done(fs::hard_link(from, to)),
        ["rename", from, to] => done(fs::rename(from, to)),
        ["variables"] => {
            let variables: Vec<_> = env::vars()
                .map(|(name, value)| name + "=" + &value)
                .collect();
            variables.join(",")
        }
        ["arguments"] => env::args().collect::<Vec<_>>().join(","),
        ["date"] => {
            let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            since.unwrap_or_default().as_nanos().to_string()
        }
        ["sleep"] => {
            let (start, time) = (Instant::now(), Duration::from_millis(5));
            thread::sleep(time);
            (start.elapsed() >= time).to_string()
        }
        ["say", ref text @ ..] => {
            println!("{}", text.join(" "));
            "ok".to_owned()
        }
        ["panic", ref text @ ..] => panic!("{}", text.join(" ")),
        ["exit"] => std::process::exit(3),
        ["connect", address] => done(std::net::TcpStream::connect(address)),
        _ => format!("there is no command {words:?}"),
    }
}

fn told(result: io::Result<String>) -> String {
    result.unwrap_or_else(|error| format!("{:?}", error.kind()))
}

fn done<T>(result: io::Result<T>) -> String {
    told(result.map(|_| "ok".to_owned()))
}

#[expect(unsafe_code, reason = "generated: what a component exports")]
mod exports {
    use super::{Component, bindings};

    bindings::export!(Component with_types_in bindings);
}
