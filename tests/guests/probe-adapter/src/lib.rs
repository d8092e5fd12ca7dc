//! An adapter without an SDK and without a handler configuration, which does what its message says:
//! see `probe` for what it can be told.
//!
//! It exports no `persist-property-bag`, which shows that nothing needs it.

#![cfg(target_family = "wasm")]

mod bindings {
    #![allow(
        missing_docs,
        unreachable_pub,
        missing_debug_implementations,
        reason = "generated"
    )]
    wit_bindgen::generate!({ path: "../../../wit", world: "async-send-adapter" });
}

mod appetite;
mod probe;
mod reports;
mod responses;

#[expect(unsafe_code, reason = "generated: what a component exports")]
mod exports {
    use super::{bindings, probe::Component};

    bindings::export!(Component with_types_in bindings);
}
