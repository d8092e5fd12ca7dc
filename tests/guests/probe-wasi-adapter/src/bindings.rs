//! WASI 0.3 as Rust. Generated.

#![allow(
    missing_docs,
    unreachable_pub,
    missing_debug_implementations,
    reason = "generated"
)]

sendport_guest::wit_bindgen::generate!({
    inline: "
        package test:probe-wasi-adapter;

        world imports {
            import wasi:cli/environment@0.3.0;
            import wasi:cli/stdout@0.3.0;
            import wasi:cli/stderr@0.3.0;
            import wasi:clocks/monotonic-clock@0.3.0;
            import wasi:clocks/system-clock@0.3.0;
            import wasi:filesystem/types@0.3.0;
            import wasi:filesystem/preopens@0.3.0;
            import wasi:random/random@0.3.0;
            import wasi:random/insecure@0.3.0;
            import wasi:random/insecure-seed@0.3.0;
        }
    ",
    path: "../../../wit",
    world: "imports",
    generate_all,
    runtime_path: "sendport_guest::wit_bindgen::rt",
});
