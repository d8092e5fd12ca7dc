//! The WASI interfaces behind [`crate::tcp`] and [`crate::time`]. Generated; a component imports those
//! of them that it calls.

#![allow(
    missing_docs,
    unreachable_pub,
    missing_debug_implementations,
    reason = "generated: the documentation is in the WIT files"
)]

wit_bindgen::generate!({
    inline: "
        package sendport:sdk-wasi;

        world wasi {
            import wasi:clocks/monotonic-clock@0.3.0;
            import wasi:clocks/system-clock@0.3.0;
            import wasi:sockets/types@0.3.0;
            import wasi:sockets/ip-name-lookup@0.3.0;
        }
    ",
    path: ["wit/deps/clocks.wit", "wit/deps/sockets.wit"],
    world: "sendport:sdk-wasi/wasi",
    generate_all,
    runtime_path: "::sendport_guest::wit_bindgen::rt",
});

pub(crate) use wasi::clocks::{monotonic_clock, system_clock};
pub(crate) use wasi::sockets::{ip_name_lookup, types as sockets};
