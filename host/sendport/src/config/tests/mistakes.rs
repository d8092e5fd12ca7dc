//! Mistakes of the file as such, and the text a person gets to read, with line and column. What single
//! keys refuse is in the case files, `cases/config`.

use super::{ADAPTER, PORT, parse, refused};

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
            "3:1: key 'adapters.http.file': unknown key; \
             there is 'component', 'digest', 'signature', 'eager', 'transport-type', \
             'address-prefixes', 'ordered-delivery', 'two-way', 'allow-unknown-keys', \
             'high-watermark', 'config'",
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
            "limits = { memory = \"lots\" }",
            "6:21: key 'ports.orders.limits.memory': 'lots' is not a size: \
             write for example '512KiB', '64MiB' or '10GiB'",
        ),
        (
            "limits = { memory = \"8GiB\" }",
            "6:21: key 'ports.orders.limits.memory': '8GiB' is out of range: use 64.0 KiB to 4.0 GiB",
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
fn a_mistake_is_one_line_whatever_it_quotes() {
    refused(
        &format!("{ADAPTER}{PORT}rate-limit = \"1\\n2\\u001b[2J\"\n"),
        "etc/sendport.toml:6:14: key 'ports.orders.rate-limit': '1\\n2\\u{1b}[2J' is not a rate: write for \
         example '100/s', '6000/m' or '10/h'",
    );
    let error = parse("\"\" = 1\n[host]\n\"\" = 2\n").unwrap_err();
    let lines: Vec<_> = error.lines().collect();
    let [first, second] = lines[..] else {
        panic!("{error}");
    };
    assert!(first.starts_with("etc/sendport.toml:1:1: key '\"\"': unknown key"));
    assert!(second.starts_with("etc/sendport.toml:3:1: key 'host.\"\"': unknown key"));
}
