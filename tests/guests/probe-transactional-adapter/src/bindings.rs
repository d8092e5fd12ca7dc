//! `wasi:filesystem` as Rust. Generated.

#![allow(
    missing_docs,
    unreachable_pub,
    missing_debug_implementations,
    reason = "generated"
)]

sendport_guest::wit_bindgen::generate!({
    inline: "
        package test:probe-transactional-adapter;

        world file-system {
            import wasi:filesystem/types@0.3.0;
            import wasi:filesystem/preopens@0.3.0;
        }
    ",
    path: ["../../../wit/deps/clocks.wit", "../../../wit/deps/filesystem.wit"],
    world: "test:probe-transactional-adapter/file-system",
    generate_all,
    runtime_path: "sendport_guest::wit_bindgen::rt",
});

pub(crate) use wasi::filesystem::preopens;
pub(crate) use wasi::filesystem::types::{
    Descriptor, DescriptorFlags, ErrorCode, OpenFlags, PathFlags,
};
