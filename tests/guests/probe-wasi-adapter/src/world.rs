//! Commands about everything else that WASI has: the environment, time, chance, output.

use crate::bindings::wasi::cli::{environment, stderr, stdout};
use crate::bindings::wasi::clocks::{monotonic_clock, system_clock};
use crate::bindings::wasi::random::{insecure, insecure_seed, random};
use crate::bindings::wit_stream;

/// Does what the words say.
pub(crate) async fn obey(words: &[&str]) -> String {
    match *words {
        ["environment"] => {
            let variables = environment::get_environment().into_iter();
            let variables: Vec<_> = variables.map(|(name, value)| name + "=" + &value).collect();
            variables.join(",")
        }
        ["arguments"] => environment::get_arguments().join(","),
        // Nanoseconds since 1970, and the step.
        ["date"] => {
            let system_clock::Instant {
                seconds,
                nanoseconds,
            } = system_clock::now();
            format!(
                "{seconds}{nanoseconds:09} {}",
                system_clock::get_resolution()
            )
        }
        // Nanoseconds, and the step.
        ["clock"] => {
            let (now, step) = (monotonic_clock::now(), monotonic_clock::get_resolution());
            format!("{now} {step}")
        }
        ["wait", milliseconds] => {
            let milliseconds: u64 = milliseconds.parse().expect("a number");
            monotonic_clock::wait_for(milliseconds * 1_000_000).await;
            "ok".to_owned()
        }
        ["random"] => format!("{:?}", random::get_random_bytes(8)),
        ["insecure"] => format!("{:?}", insecure::get_insecure_random_bytes(8)),
        ["seed"] => format!("{:?}", insecure_seed::get_insecure_seed()),
        ["say", ref text @ ..] => {
            let (mut writer, reader) = wit_stream::new();
            let written = stdout::write_via_stream(reader);
            writer.write_all((text.join(" ") + "\n").into_bytes()).await;
            drop(writer);
            format!("{:?}", written.await)
        }
        ["complain", ref text @ ..] => {
            let (mut writer, reader) = wit_stream::new();
            let written = stderr::write_via_stream(reader);
            // Without a line end: what was said last must not be lost.
            writer.write_all(text.join(" ").into_bytes()).await;
            drop(writer);
            format!("{:?}", written.await)
        }
        _ => format!("there is no command {words:?}"),
    }
}
