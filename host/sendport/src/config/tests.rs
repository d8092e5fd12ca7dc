//! What the file may say, what it means, and what is refused.

mod defaults;
mod meaning;
mod mistakes;
mod rights;

use std::path::Path;

use super::{Config, Port};

/// A correct beginning, so that a case needs to hold its own keys only.
const ADAPTER: &str = "[adapters.http]\ncomponent = \"http.wasm\"\n";
const PORT: &str = "[ports.orders]\nadapter = \"http\"\naddress = \"http://h/\"\n";

fn parse(text: &str) -> Result<Config, String> {
    Config::parse(Path::new("etc/sendport.toml"), text).map_err(|error| error.to_string())
}

/// The port of a file that says this about it.
#[track_caller]
fn port(lines: &str) -> Port {
    let text = format!("{ADAPTER}{PORT}{lines}\n");
    let mut config = parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    config.ports.remove(0)
}

#[track_caller]
fn refused(text: &str, expected: &str) {
    let error = parse(text).expect_err(text);
    assert_eq!(error, expected, "\n{text}");
}
