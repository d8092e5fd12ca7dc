//! What the probe adapter can be told, by the property `probe` of a message.
//!
//! Each name is one behaviour, good or bad, so that one artefact serves many tests. Some behaviours
//! take a second property. A failure's text is how a test sees what happened inside. The property `first`,
//! if there is one, stands for `probe` at the first attempt.

use std::cell::{Cell, RefCell};

use crate::bindings::exports::sendport::adapter::{transmitter, transport, transport_control};
use crate::bindings::sendport::adapter::transport_proxy;
use crate::bindings::sendport::adapter::types::{
    Disposition, ErrorInfo, Failure, LogLevel, Message, RetryHint,
};
use crate::{appetite, reports, responses};

pub(crate) struct Component;

thread_local! {
    /// What the host has called so far: `load` with its arguments, `initialize`, the first
    /// `transmit-message`, `terminate`.
    static CALLS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    /// Messages of `never` and `keep-after-ok`.
    static KEPT: RefCell<Vec<Message>> = const { RefCell::new(Vec::new()) };
    /// Messages of `late`, until a `release` or the end.
    static LATE: RefCell<Vec<Message>> = const { RefCell::new(Vec::new()) };
    /// Messages of `batch-of` and `two-batches`, until there are enough.
    pub(crate) static COLLECTED: RefCell<Vec<Message>> = const { RefCell::new(Vec::new()) };
    static TERMINATE: Cell<Terminate> = const { Cell::new(Terminate::Reports) };
}

/// What `terminate` does.
#[derive(Clone, Copy)]
enum Terminate {
    /// Reports the messages of `late` as sent.
    Reports,
    /// Never returns.
    Hangs,
    Traps,
}

impl transport::Guest for Component {
    fn describe() -> transport::TransportInfo {
        transport::TransportInfo {
            name: "Probe adapter".to_owned(),
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

impl transport_control::Guest for Component {
    fn initialize() -> Result<(), ErrorInfo> {
        record("initialize");
        Ok(())
    }

    async fn terminate() {
        record("terminate");
        match TERMINATE.get() {
            Terminate::Reports => reports::delete(LATE.take()).await,
            Terminate::Hangs => std::future::pending().await,
            Terminate::Traps => trap(),
        }
    }
}

impl transmitter::Guest for Component {
    async fn transmit_message(msg: Message) -> Result<Disposition, Failure> {
        if CALLS.with_borrow(|calls| calls.iter().all(|call| call != "transmit-message")) {
            record("transmit-message");
        }
        let first = msg.property("first").filter(|_| msg.attempt() == 1);
        let probe = first.or_else(|| msg.property("probe"));
        let probe = probe.unwrap_or_else(|| "ok".to_owned());
        match probe.as_str() {
            "pending-delete" | "resubmit" | "suspend" | "next-transport" | "fail" | "batch-of"
            | "two-batches" | "empty-done" | "double" => reports::act(&probe, msg).await,
            "respond" | "respond-pending" | "respond-then-fail" => responses::respond(&probe, msg),
            "yield-for-ever" | "work" | "hoard-batches" | "log-bytes" | "long-error"
            | "complain" => appetite::act(&probe, msg).await,
            "trap" | "panic" | "spin" | "hang" | "allocate" => misbehave(&probe, msg).await,
            _ => answer(&probe, msg),
        }
    }
}

/// Behaviours that end with the call.
fn answer(probe: &str, msg: Message) -> Result<Disposition, Failure> {
    match probe {
        "ok" => return Ok(Disposition::Transmitted),
        // The handle is gone before the outcome is known: it still counts as delivered.
        "drop-before-ok" => {
            drop(msg);
            return Ok(Disposition::Transmitted);
        }
        "drop" => drop(msg),
        "keep-after-ok" => {
            KEPT.with_borrow_mut(|kept| kept.push(msg));
            return Ok(Disposition::Transmitted);
        }
        "read-kept" => {
            let kept = KEPT.with_borrow(|kept| kept.iter().map(content).collect::<Vec<_>>());
            return Err(permanent(&kept.join(", ")));
        }
        "never" => KEPT.with_borrow_mut(|kept| kept.push(msg)),
        "late" => LATE.with_borrow_mut(|late| late.push(msg)),
        "release" => {
            wit_bindgen::spawn_local(reports::delete(LATE.take()));
            return Ok(Disposition::Transmitted);
        }
        "hang-in-terminate" => {
            TERMINATE.set(Terminate::Hangs);
            return Ok(Disposition::Transmitted);
        }
        "trap-in-terminate" => {
            TERMINATE.set(Terminate::Traps);
            return Ok(Disposition::Transmitted);
        }
        "set-error-info" => {
            transport_proxy::set_error_info(&error("the probe was told to complain"));
            return Ok(Disposition::Transmitted);
        }
        "retryable" => return Err(retryable(None)),
        "retryable-after" => return Err(retryable(Some(number(&msg, "after-ms")))),
        "permanent" => return Err(permanent("the probe was told to fail for good")),
        "calls" => return Err(permanent(&CALLS.with_borrow(|calls| calls.join(" ")))),
        "describe" => return Err(permanent(&description(&msg))),
        _ => return Err(permanent(&format!("there is no probe {probe:?}"))),
    }
    Ok(Disposition::Pending)
}

/// Behaviours that no call survives. Each holds its message.
async fn misbehave(probe: &str, msg: Message) -> Result<Disposition, Failure> {
    match probe {
        "trap" => trap(),
        "panic" => panic!("the probe was told to panic over {}", msg.id()),
        "spin" => loop {
            std::hint::spin_loop();
        },
        "allocate" => {
            let mut hoard = Vec::new();
            loop {
                hoard.push(std::hint::black_box(vec![1_u8; 1 << 20]));
            }
        }
        _ => {
            std::future::pending::<()>().await;
            drop(msg);
            Ok(Disposition::Transmitted)
        }
    }
}

/// Remembers a call of the host, and logs it.
pub(crate) fn record(call: &str) {
    transport_proxy::log(LogLevel::Info, call);
    CALLS.with_borrow_mut(|calls| calls.push(call.to_owned()));
}

/// Everything that can be read of a message, on one line.
fn description(msg: &Message) -> String {
    let pairs = |pairs: Vec<(String, String)>| {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join(",")
    };
    format!(
        "id={} attempt={} retries-left={} send-port={} address={} version={} {} properties=[{}] \
         configuration=[{}]",
        msg.id(),
        msg.attempt(),
        msg.retries_left(),
        msg.send_port(),
        msg.address(),
        msg.configuration_version(),
        content(msg),
        pairs(msg.properties()),
        pairs(msg.configuration()),
    )
}

/// How large the body is said to be, how much of it can be read, and the sum of those bytes.
fn content(msg: &Message) -> String {
    let (mut read, mut sum) = (0, 0_u64);
    loop {
        let piece = msg.read(read, 64 * 1024);
        if piece.is_empty() {
            return format!("size={} read={read} sum={sum}", msg.size());
        }
        read += piece.len() as u64;
        sum += piece.iter().map(|&byte| u64::from(byte)).sum::<u64>();
    }
}

pub(crate) fn number(msg: &Message, property: &str) -> u64 {
    let text = msg.property(property).unwrap_or_default();
    text.parse()
        .unwrap_or_else(|_| panic!("property {property} = {text:?} is no number"))
}

pub(crate) fn error(text: &str) -> ErrorInfo {
    ErrorInfo {
        code: Some("probe".to_owned()),
        text: text.to_owned(),
    }
}

pub(crate) fn permanent(text: &str) -> Failure {
    Failure::Permanent(error(text))
}

pub(crate) fn retryable(after: Option<u64>) -> Failure {
    Failure::Retryable(RetryHint {
        error: error("the probe was told to fail"),
        after,
    })
}

fn trap() -> ! {
    core::arch::wasm32::unreachable()
}
