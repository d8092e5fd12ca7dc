//! `wasi:filesystem` and the system clock, as Rust. Generated; what is imported here is all that the
//! adapter needs beside the contract.

#![allow(
    missing_docs,
    unreachable_pub,
    missing_debug_implementations,
    reason = "generated: the documentation is in the WIT files"
)]

sendport_guest::wit_bindgen::generate!({
    inline: "
        package sendport:file-adapter;

        world file-system {
            import wasi:clocks/system-clock@0.3.0;
            import wasi:filesystem/types@0.3.0;
            import wasi:filesystem/preopens@0.3.0;
        }
    ",
    path: ["../../wit/deps/clocks.wit", "../../wit/deps/filesystem.wit"],
    world: "sendport:file-adapter/file-system",
    generate_all,
    runtime_path: "sendport_guest::wit_bindgen::rt",
});

pub(crate) use wasi::clocks::system_clock;
pub(crate) use wasi::filesystem::preopens;
pub(crate) use wasi::filesystem::types::{
    Descriptor, DescriptorFlags, ErrorCode, OpenFlags, PathFlags,
};
