//! What makes a program for the fuzzer of a target.
//!
//! libFuzzer is C++, brings `main`, and calls one function with every input. `libfuzzer-sys` has a macro
//! for that too, but it is not there when `cargo xtask fuzz` builds; see `Cargo.toml`.

use std::panic;
use std::sync::Once;

/// A target: does something with the input, and panics when the result is wrong.
pub type Target = fn(&[u8]);

/// Calls the target. Any panic, on whatever thread, ends the process: otherwise one on a thread of the
/// host would be survived, as it should, and go unseen.
pub fn one_input(target: Target, data: &[u8]) -> i32 {
    static ABORTING: Once = Once::new();
    ABORTING.call_once(|| {
        let report = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            report(panic);
            std::process::abort();
        }));
    });
    target(data);
    0
}

/// The program of a target: with `--cfg fuzzing` the function that libFuzzer calls, otherwise a `main`
/// that says how to fuzz.
#[macro_export]
macro_rules! program {
    ($target:path) => {
        #[cfg(fuzzing)]
        #[expect(
            unsafe_code,
            reason = "the fuzzer is C++: it looks for this name, and brings a pointer and a length"
        )]
        #[unsafe(no_mangle)]
        extern "C" fn LLVMFuzzerTestOneInput(data: *const u8, size: usize) -> i32 {
            let data = match size {
                0 => &[],
                // SAFETY: libFuzzer gives `size` bytes that stay until this returns.
                _ => unsafe { ::std::slice::from_raw_parts(data, size) },
            };
            $crate::one_input($target, data)
        }

        #[cfg(not(fuzzing))]
        fn main() -> ::std::process::ExitCode {
            eprintln!(
                "a fuzz target; run it with `cargo xtask fuzz {}`",
                env!("CARGO_BIN_NAME")
            );
            ::std::process::ExitCode::FAILURE
        }
    };
}
