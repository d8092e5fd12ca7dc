//! The contract as Rust: what `wit-bindgen` makes of `wit/`, for what the rest of the SDK does not say.
//!
//! Several sets of bindings over one set of types. Every adapter exports [`common`], one of
//! [`foundation`] and [`sync_foundation`], and one transmitter of its kind; the encoder puts the worlds
//! of one component together and leaves out the imports that nobody calls. An adapter that needs other
//! imports (`wasi:filesystem`, say) generates them in its own crate and uses both.

#![allow(
    missing_docs,
    unreachable_pub,
    missing_debug_implementations,
    reason = "generated: the documentation is in the WIT files"
)]

mod transmitters;
pub(crate) mod wasi;

/// What every adapter has: the types, and `transport` and `persist-property-bag` as exports.
pub mod common {
    wit_bindgen::generate!({
        inline: "
            package sendport:sdk-common;

            world common {
                import sendport:adapter/types@0.2.0;
                export sendport:adapter/transport@0.2.0;
                export sendport:adapter/persist-property-bag@0.2.0;
            }
        ",
        path: "wit",
        world: "common",
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export_common",
        default_bindings_module: "sendport_guest::raw::common",
        runtime_path: "::sendport_guest::wit_bindgen::rt",
    });
}

/// What every asynchronous adapter has: `transport-control` as an export, the proxy and the HTTP client
/// as imports.
pub mod foundation {
    wit_bindgen::generate!({
        inline: "
            package sendport:sdk-foundation;

            world foundation {
                import sendport:adapter/transport-proxy@0.2.0;
                import sendport:adapter/http-client@0.2.0;
                export sendport:adapter/transport-control@0.2.0;
            }
        ",
        path: "wit",
        world: "foundation",
        with: {
            "sendport:adapter/types@0.2.0": crate::raw::common::sendport::adapter::types,
            "sendport:adapter/transport-proxy@0.2.0": generate,
            "sendport:adapter/http-client@0.2.0": generate,
            "sendport:adapter/transport-control@0.2.0": generate,
        },
        pub_export_macro: true,
        export_macro_name: "export_foundation",
        default_bindings_module: "sendport_guest::raw::foundation",
        runtime_path: "::sendport_guest::wit_bindgen::rt",
    });
}

/// What every synchronous adapter has: `sync-transport-control` as an export, the synchronous proxy as
/// an import. Nothing in it is async.
pub mod sync_foundation {
    wit_bindgen::generate!({
        inline: "
            package sendport:sdk-sync-foundation;

            world sync-foundation {
                import sendport:adapter/sync-transport-proxy@0.2.0;
                export sendport:adapter/sync-transport-control@0.2.0;
            }
        ",
        path: "wit",
        world: "sync-foundation",
        with: {
            "sendport:adapter/types@0.2.0": crate::raw::common::sendport::adapter::types,
            "sendport:adapter/sync-transport-proxy@0.2.0": generate,
            "sendport:adapter/sync-transport-control@0.2.0": generate,
        },
        pub_export_macro: true,
        export_macro_name: "export_sync_foundation",
        default_bindings_module: "sendport_guest::raw::sync_foundation",
        runtime_path: "::sendport_guest::wit_bindgen::rt",
    });
}

/// The import of [`crate::secrets`], which a component has only if it calls it. Of both families.
pub mod secrets {
    wit_bindgen::generate!({
        inline: "
            package sendport:sdk-secrets;

            world secrets-of-the-port {
                import sendport:adapter/secrets@0.2.0;
            }
        ",
        path: "wit",
        world: "secrets-of-the-port",
        generate_all,
        runtime_path: "::sendport_guest::wit_bindgen::rt",
    });

    pub use sendport::adapter::secrets::*;
}

pub use common::exports::sendport::adapter::{persist_property_bag, transport};
pub use common::sendport::adapter::types;
pub use foundation::exports::sendport::adapter::transport_control;
pub use foundation::sendport::adapter::{http_client, transport_proxy};
pub use sync_foundation::exports::sendport::adapter::sync_transport_control;
pub use sync_foundation::sendport::adapter::sync_transport_proxy;
pub use transmitters::batch::exports::sendport::adapter::batch_transmitter;
pub use transmitters::single::exports::sendport::adapter::transmitter;
pub use transmitters::sync_batch::exports::sendport::adapter::sync_batch_transmitter;
pub use transmitters::sync_single::exports::sendport::adapter::sync_transmitter;
pub use transmitters::transactional::exports::sendport::adapter::transactional_batch_transmitter;
pub use transmitters::{batch, single, sync_batch, sync_single, transactional};
