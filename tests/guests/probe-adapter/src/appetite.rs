//! Behaviours that take much: of CPU time, handles, and what the host keeps.

use crate::bindings::sendport::adapter::transport_proxy::{get_batch, log, set_error_info};
use crate::bindings::sendport::adapter::types::{Disposition, Failure, LogLevel, Message};
use crate::probe::{error, number, permanent};

pub(crate) async fn act(probe: &str, msg: Message) -> Result<Disposition, Failure> {
    match probe {
        // No step of it is long, and there is no end of them.
        "yield-for-ever" => loop {
            wit_bindgen::yield_async().await;
        },
        "work" => work(number(&msg, "rounds")),
        "hoard-batches" => {
            let mut hoard = Vec::new();
            loop {
                hoard.push(get_batch());
            }
        }
        "log-bytes" => log(LogLevel::Info, &text(&msg)),
        "long-error" => return Err(permanent(&text(&msg))),
        _ => {
            for nth in 0..number(&msg, "times") {
                set_error_info(&error(&nth.to_string()));
            }
        }
    }
    Ok(Disposition::Transmitted)
}

/// So many steps of a linear congruential generator.
fn work(rounds: u64) {
    let step = |state: u64, _| {
        let next = state.wrapping_mul(6_364_136_223_846_793_005);
        std::hint::black_box(next.wrapping_add(1_442_695_040_888_963_407))
    };
    std::hint::black_box((0..rounds).fold(1, step));
}

/// As long as the property `bytes` says.
fn text(msg: &Message) -> String {
    let bytes = usize::try_from(number(msg, "bytes")).unwrap_or(usize::MAX);
    "x".repeat(bytes)
}
