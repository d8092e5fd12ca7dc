//! Every kind of mistake with the text a person gets to read, and the defaults.

use std::path::Path;

use super::{Config, DEFAULT};

/// A correct beginning, so that a case needs to hold its mistake only.
const ADAPTER: &str = "[adapters.http]\ncomponent = \"http.wasm\"\n";
const PORT: &str = "[ports.orders]\nadapter = \"http\"\naddress = \"http://h/\"\n";

fn parse(text: &str) -> Result<Config, String> {
    Config::parse(Path::new("etc/sendport.toml"), text).map_err(|error| error.to_string())
}

#[track_caller]
fn refused(text: &str, expected: &str) {
    let error = parse(text).expect_err(text);
    assert_eq!(error, expected, "\n{text}");
}

#[test]
fn a_file_that_is_not_toml() {
    let error = parse("[host]\nthreads = = 2\n").unwrap_err();
    assert!(
        error.starts_with("etc/sendport.toml:2:11: not TOML: "),
        "{error}"
    );
    let error = parse("[host]\n[host]\n").unwrap_err();
    assert!(error.starts_with("etc/sendport.toml:2:"), "{error}");
}

#[test]
fn unknown_keys_come_with_a_suggestion() {
    let cases = [
        (
            "[hosts]\n".to_owned(),
            "1:2: key 'hosts': unknown key; did you mean 'host'?",
        ),
        (
            "[host]\ndrain-dedline = \"1s\"\n".to_owned(),
            "2:1: key 'host.drain-dedline': unknown key; did you mean 'drain-deadline'?",
        ),
        (
            "[host]\n  max_body = 1\n".to_owned(),
            "2:3: key 'host.max_body': unknown key; did you mean 'max-body'?",
        ),
        (
            format!("{ADAPTER}file = \"x\"\n"),
            "3:1: key 'adapters.http.file': unknown key; there is 'component', 'eager', 'config'",
        ),
        (
            format!("{ADAPTER}{PORT}retry = {{ cuont = 3 }}\n"),
            "6:11: key 'ports.orders.retry.cuont': unknown key; did you mean 'count'?",
        ),
        (
            format!("{ADAPTER}{PORT}[ports.orders.grants]\nhttps = []\n"),
            "7:1: key 'ports.orders.grants.https': unknown key; did you mean 'http'?",
        ),
    ];
    for (text, expected) in cases {
        refused(&text, &format!("etc/sendport.toml:{expected}"));
    }
}

#[test]
fn values_of_the_wrong_kind_or_out_of_range() {
    let cases = [
        (
            "retry = { count = -1 }",
            "6:19: key 'ports.orders.retry.count': -1 is out of range: use 0 to 1000",
        ),
        (
            "retry = { count = 1001 }",
            "6:19: key 'ports.orders.retry.count': 1001 is out of range: use 0 to 1000",
        ),
        (
            "retry = { count = 1.5 }",
            "6:19: key 'ports.orders.retry.count': expected a whole number, found float",
        ),
        (
            "retry = 3",
            "6:9: key 'ports.orders.retry': expected a table, found integer",
        ),
        (
            "retry = { interval = \"soon\" }",
            "6:22: key 'ports.orders.retry.interval': 'soon' is not a length of time: \
             write for example '500ms', '30s' or '5m'",
        ),
        (
            "linger = \"5m\"",
            "6:10: key 'ports.orders.linger': '5m' is out of range: use 0s to 1m",
        ),
        (
            "linger = 5",
            "6:10: key 'ports.orders.linger': expected a text in quotes, found integer",
        ),
        (
            "memory-limit = \"lots\"",
            "6:16: key 'ports.orders.memory-limit': 'lots' is not a size: \
             write for example '512KiB', '64MiB' or '10GiB'",
        ),
        (
            "memory-limit = \"8GiB\"",
            "6:16: key 'ports.orders.memory-limit': '8GiB' is out of range: use 64.0 KiB to 4.0 GiB",
        ),
        (
            "high-watermark = 0",
            "6:18: key 'ports.orders.high-watermark': 0 is out of range: use 1 to 1000000",
        ),
        (
            "grants = { http = [8] }",
            "6:20: key 'ports.orders.grants.http': expected a text in quotes, found integer",
        ),
        (
            "config = { list = [1] }",
            "6:19: key 'ports.orders.config.list': expected a text, a number, true or false, \
             found array",
        ),
    ];
    for (line, expected) in cases {
        let text = format!("{ADAPTER}{PORT}{line}\n");
        refused(&text, &format!("etc/sendport.toml:{expected}"));
    }
    refused(
        "[host]\nlisten = \"localhost\"\n",
        "etc/sendport.toml:2:10: key 'host.listen': 'localhost' is not an address to listen on: \
         write an IP address and a port, for example '127.0.0.1:8480' or '0.0.0.0:8480'",
    );
}

#[test]
fn ports_that_do_not_fit_together() {
    let cases = [
        (
            "[ports.orders]\nadapter = \"htp\"\naddress = \"http://h/\"\n",
            "4:11: key 'ports.orders.adapter': there is no adapter 'htp'; did you mean 'http'?",
        ),
        (
            "[ports.orders]\naddress = \"http://h/\"\n",
            "3:8: key 'ports.orders.adapter': missing; name one of the adapters: adapter = \"…\"",
        ),
        (
            "[ports.orders]\nadapter = \"http\"\n",
            "3:8: key 'ports.orders.address': missing; say where messages go: address = \"…\"",
        ),
        (
            "[ports.orders]\nadapter = \"http\"\naddress = \"\"\n",
            "5:11: key 'ports.orders.address': must not be empty",
        ),
        (
            "[ports.\"two words\"]\nadapter = \"http\"\naddress = \"http://h/\"\n",
            "3:8: key 'ports.two words': \"two words\" cannot name a send port: use 1 to 128 letters, \
             digits, '-', '_' or '.', beginning with a letter or digit",
        ),
    ];
    for (port, expected) in cases {
        refused(
            &format!("{ADAPTER}{port}"),
            &format!("etc/sendport.toml:{expected}"),
        );
    }
    refused(
        PORT,
        "etc/sendport.toml:2:11: key 'ports.orders.adapter': there is no adapter 'http'; \
         add a table [adapters.http] with its component",
    );
    refused(
        "[adapters.http]\n",
        "etc/sendport.toml:1:11: key 'adapters.http.component': missing; \
         name the adapter's file: component = \"adapters/….wasm\"",
    );
}

#[test]
fn all_mistakes_are_told_in_the_order_of_the_file() {
    let text =
        "[host]\nthreads = 0\n[ports.a]\nretry = { count = -1 }\n[ports.\"b c\"]\nlinger = 1\n";
    let error = parse(text).unwrap_err();
    let places: Vec<_> = error
        .lines()
        .map(|line| line.split(':').nth(1).unwrap())
        .collect();
    assert_eq!(places, ["2", "3", "3", "4", "5", "5", "5", "6"], "{error}");
}

#[test]
fn paths_are_relative_to_the_file() {
    let text = format!(
        "[host]\ndata-directory = \"box\"\n{ADAPTER}{PORT}grants = {{ directory = \"/out\" }}\n"
    );
    let config = parse(&text).unwrap();
    assert_eq!(config.host.data_directory, Path::new("etc/box"));
    assert_eq!(config.host.cache_directory, Path::new("etc/box/cache"));
    assert_eq!(config.adapters[0].component, Path::new("etc/http.wasm"));
    let (directory, _) = config.ports[0].grants.directory.clone().unwrap();
    assert_eq!(directory, Path::new("/out"));
}

#[test]
fn adapters_get_text_and_a_version_that_follows_it() {
    let with = |config: &str| {
        let text = format!("{ADAPTER}{PORT}[ports.orders.config]\n{config}");
        parse(&text).unwrap().ports.remove(0).send_port()
    };
    let one = with("text = \"t\"\nnumber = 0x10\ntruth = true\nheader.x-key = \"k\"\n")
        .primary
        .configuration;
    let entries: Vec<_> = one
        .entries
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    assert_eq!(
        entries,
        [
            ("text", "t"),
            ("number", "16"),
            ("truth", "true"),
            ("header.x-key", "k")
        ]
    );
    assert_ne!(
        one.version,
        with("text = \"u\"\n").primary.configuration.version
    );
}

#[test]
fn a_host_on_every_interface_is_reached_over_loopback() {
    for (listen, url) in [
        ("0.0.0.0:1", "http://127.0.0.1:1"),
        ("[::]:1", "http://[::1]:1"),
        ("10.1.2.3:1", "http://10.1.2.3:1"),
    ] {
        let config = parse(&format!("[host]\nlisten = \"{listen}\"\n")).unwrap();
        assert_eq!(config.host.url(), url);
    }
}

/// The default file with its commented keys as they are, and with them in force, must mean the same.
#[test]
fn every_documented_default_is_the_default() {
    let as_it_is = parse(DEFAULT).unwrap();
    let in_force: String = DEFAULT
        .lines()
        .map(|line| match line.strip_prefix('#') {
            // A comment for people has a space after its '#'.
            Some(key) if key.starts_with(|c: char| c.is_ascii_lowercase()) => key,
            _ => line,
        })
        // What depends on the machine, or has no default that could be written down.
        .filter(|line| {
            let dependent = [
                "threads =",
                "instances =",
                "max-box-size =",
                "eager =",
                "directory =",
            ];
            !dependent.iter().any(|key| line.starts_with(key))
        })
        .map(|line| format!("{line}\n"))
        .collect();
    let in_force = parse(&in_force).unwrap();
    assert_eq!(as_it_is.host, in_force.host);
    let settled = |config: &Config| {
        let port = &config.ports[0];
        format!(
            "{:?} {} {:?} {} {} {:?} {} {:?} {:?} {:?}",
            port.retry,
            port.high_watermark,
            port.delivery_timeout,
            port.instances,
            port.open_calls,
            port.linger,
            port.memory_limit,
            port.cpu_limit,
            port.grants,
            port.config,
        )
    };
    assert_eq!(settled(&as_it_is), settled(&in_force));
}

#[test]
fn the_default_file_names_every_key() {
    for key in super::host::KEYS.iter().chain(super::port::KEYS) {
        let written = [format!("{key} ="), format!(".{key}]")];
        assert!(
            written.iter().any(|written| DEFAULT.contains(written)),
            "{key} is not in the default file"
        );
    }
}
