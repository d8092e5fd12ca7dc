//! The five transmitter exports, one of which a component has. Generated; nothing is added here.

#![allow(
    missing_docs,
    unreachable_pub,
    missing_debug_implementations,
    reason = "generated: the documentation is in the WIT files"
)]

/// The `transmitter` export.
pub mod single {
    wit_bindgen::generate!({
        inline: "
            package sendport:sdk-single;

            world single {
                export sendport:adapter/transmitter@0.2.0;
            }
        ",
        path: "wit",
        world: "single",
        with: {
            "sendport:adapter/types@0.2.0": crate::raw::common::sendport::adapter::types,
            "sendport:adapter/transmitter@0.2.0": generate,
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
                export sendport:adapter/batch-transmitter@0.2.0;
            }
        ",
        path: "wit",
        world: "batch",
        with: {
            "sendport:adapter/types@0.2.0": crate::raw::common::sendport::adapter::types,
            "sendport:adapter/batch-transmitter@0.2.0": generate,
        },
        pub_export_macro: true,
        export_macro_name: "export_batch",
        default_bindings_module: "sendport_guest::raw::batch",
        runtime_path: "::sendport_guest::wit_bindgen::rt",
    });
}

/// The `transactional-batch-transmitter` export.
pub mod transactional {
    wit_bindgen::generate!({
        inline: "
            package sendport:sdk-transactional;

            world transactional {
                export sendport:adapter/transactional-batch-transmitter@0.2.0;
            }
        ",
        path: "wit",
        world: "transactional",
        with: {
            "sendport:adapter/types@0.2.0": crate::raw::common::sendport::adapter::types,
            "sendport:adapter/transactional-batch-transmitter@0.2.0": generate,
        },
        pub_export_macro: true,
        export_macro_name: "export_transactional",
        default_bindings_module: "sendport_guest::raw::transactional",
        runtime_path: "::sendport_guest::wit_bindgen::rt",
    });
}

/// The `sync-transmitter` export.
pub mod sync_single {
    wit_bindgen::generate!({
        inline: "
            package sendport:sdk-sync-single;

            world sync-single {
                export sendport:adapter/sync-transmitter@0.2.0;
            }
        ",
        path: "wit",
        world: "sync-single",
        with: {
            "sendport:adapter/types@0.2.0": crate::raw::common::sendport::adapter::types,
            "sendport:adapter/sync-transmitter@0.2.0": generate,
        },
        pub_export_macro: true,
        export_macro_name: "export_sync_single",
        default_bindings_module: "sendport_guest::raw::sync_single",
        runtime_path: "::sendport_guest::wit_bindgen::rt",
    });
}

/// The `sync-batch-transmitter` export.
pub mod sync_batch {
    wit_bindgen::generate!({
        inline: "
            package sendport:sdk-sync-batch;

            world sync-batch {
                export sendport:adapter/sync-batch-transmitter@0.2.0;
            }
        ",
        path: "wit",
        world: "sync-batch",
        with: {
            "sendport:adapter/types@0.2.0": crate::raw::common::sendport::adapter::types,
            "sendport:adapter/sync-batch-transmitter@0.2.0": generate,
        },
        pub_export_macro: true,
        export_macro_name: "export_sync_batch",
        default_bindings_module: "sendport_guest::raw::sync_batch",
        runtime_path: "::sendport_guest::wit_bindgen::rt",
    });
}
