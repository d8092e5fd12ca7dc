//! Random numbers for the libraries linked into this adapter: those of the host.
//!
//! SCRAM needs a nonce, `postgres-protocol` draws it with `rand`, and `rand` asks `getrandom`, which has
//! no source on `wasm32-unknown-unknown`. `.cargo/config.toml` makes it call the function below, so the
//! nonce comes from `wasi:random`. Leaving the feature out is no way: the dependency is not optional, and
//! writing SCRAM again to avoid it would be the worse trade.

use getrandom::Error;

use wasi::random::random::get_random_bytes;

sendport_guest::wit_bindgen::generate!({
    inline: "
        package sendport:postgres-adapter;

        world randomness {
            import wasi:random/random@0.3.0;
        }
    ",
    path: ["../../wit/deps/random.wit"],
    world: "sendport:postgres-adapter/randomness",
    generate_all,
    runtime_path: "sendport_guest::wit_bindgen::rt",
});

/// What getrandom calls in place of an operating system: its name and its signature are getrandom's.
#[expect(
    unsafe_code,
    reason = "getrandom's custom backend is a symbol and a pointer; there is no safe form of it"
)]
#[unsafe(no_mangle)]
unsafe extern "Rust" fn __getrandom_v03_custom(dest: *mut u8, len: usize) -> Result<(), Error> {
    let mut filled = 0;
    while filled < len {
        // The host may give less than was asked for, but never nothing; more would be its defect.
        let bytes = get_random_bytes((len - filled) as u64);
        let count = bytes.len().min(len - filled);
        if count == 0 {
            return Err(Error::UNEXPECTED);
        }
        // SAFETY: getrandom passes a destination of `len` bytes that nobody else uses, and
        // `filled + count` is at most `len`. The bytes may be uninitialised, so they are copied to
        // through the pointer and no reference to them is made.
        unsafe {
            bytes
                .as_ptr()
                .copy_to_nonoverlapping(dest.add(filled), count)
        };
        filled += count;
    }
    Ok(())
}
