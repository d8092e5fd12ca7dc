//! The contract as Rust: what `wit-bindgen` makes of `wit/`, for what the rest of the SDK does not say.
//!
//! Three sets of bindings over one set of types. Every adapter exports [`foundation`] and one of
//! [`single`] and [`batch`]; the encoder puts the worlds of one component together and leaves out the
//! imports that nobody calls. An adapter that needs other imports (`wasi:filesystem`, say) generates
//! them in its own crate and uses both.

#![allow(
    missing_docs,
    unreachable_pub,
    missing_debug_implementations,
    reason = "generated: the documentation is in the WIT files"
)]

/// What every adapter has: `transport`, `transport-control` and `persist-property-bag` as exports, the
/// proxy and the HTTP client as imports.
pub mod foundation {
    wit_bindgen::generate!({
        inline: "
            package sendport:sdk-foundation;

            world foundation {
                include sendport:adapter/adapter@0.1.0;
                import sendport:adapter/http-client@0.1.0;
                export sendport:adapter/persist-property-bag@0.1.0;
            }
        ",
        path: "wit",
        world: "foundation",
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export_foundation",
        default_bindings_module: "sendport_guest::raw::foundation",
        runtime_path: "::sendport_guest::wit_bindgen::rt",
    });
}

/// The `transmitter` export.
pub mod single {
    wit_bindgen::generate!({
        inline: "
            package sendport:sdk-single;

            world single {
                export sendport:adapter/transmitter@0.1.0;
            }
        ",
        path: "wit",
        world: "single",
        with: {
            "sendport:adapter/types@0.1.0": crate::raw::foundation::sendport::adapter::types,
            "sendport:adapter/transmitter@0.1.0": generate,
        },
        pub_export_macro: true,
        export_macro_name: "export_single",
        default_bindings_module: "sendport_guest::raw::single",
        runtime_path: "::sendport_guest::wit_bindgen::rt",
    });
}

/// The `batch-transmitter` export.
pub mod batch {
    wit_bindgen::generate!({
        inline: "
            package sendport:sdk-batch;

            world batch {
                export sendport:adapter/batch-transmitter@0.1.0;
            }
        ",
        path: "wit",
        world: "batch",
        with: {
            "sendport:adapter/types@0.1.0": crate::raw::foundation::sendport::adapter::types,
            "sendport:adapter/batch-transmitter@0.1.0": generate,
        },
        pub_export_macro: true,
        export_macro_name: "export_batch",
        default_bindings_module: "sendport_guest::raw::batch",
        runtime_path: "::sendport_guest::wit_bindgen::rt",
    });
}

pub use batch::exports::sendport::adapter::batch_transmitter;
pub use foundation::exports::sendport::adapter::{
    persist_property_bag, transport, transport_control,
};
pub use foundation::sendport::adapter::{http_client, transport_proxy, types};
pub use single::exports::sendport::adapter::transmitter;
