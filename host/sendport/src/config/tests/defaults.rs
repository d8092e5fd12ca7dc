//! The commented file that `sendport config` prints: complete, and true.

use super::super::{
    DEFAULT, adapter, breaker, credentials, egress_log, flow, grants, host, limits, notifications,
    order, port, retry, secrets,
};
use super::super::{signatures, transport, two_way, window};
use super::{Config, parse};

/// The ports that its examples lead to.
const OTHERS: &str = "[ports.failed]\nadapter = \"http\"\naddress = \"http://f/\"\n\
                      [ports.answers]\nadapter = \"http\"\naddress = \"http://a/\"\n";

/// The secrets that its examples name, but for those that a file has itself.
fn secrets_beside(text: &str) -> String {
    ["api-token", "webhook-key", "new-webhook-key", "client-key"]
        .map(|name| format!("[secrets.{name}]\n"))
        .into_iter()
        .filter(|header| !text.contains(&format!("\n{header}")))
        .map(|header| header + "env = \"X\"\n")
        .collect()
}

/// What a file says but for places, which move when a `#` goes.
fn meaning(config: &Config) -> String {
    let port = &config.ports[0];
    let adapter = &config.adapters[0];
    let instances = &port.instances;
    let sources = config.secrets.iter().map(|secret| &secret.source);
    let credentials = config.ports[0].destination.transports()[0]
        .credentials
        .as_ref();
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {} {} {} {:?} {:?} {} {} {:?} {:?} {} {} {} {:?}",
        config.host,
        sources.collect::<Vec<_>>(),
        credentials.map(crate::check::credentials::credentials),
        adapter.digest,
        adapter.overrides,
        adapter.config.pairs(),
        adapter.high_watermark,
        adapter.allow_unknown_keys,
        instances.count,
        instances.open_calls,
        instances.linger,
        port.limits,
        port.grants.http.len(),
        port.grants.tcp.len(),
        port.grants.clock,
        port.grants.random,
        port.grants.silent,
        port.grants.networks.len(),
        port.flow.connections,
        port.unloaded(),
    )
}

/// The default file with its commented keys as they are, and with them in force, must mean the same.
#[test]
fn every_documented_default_is_the_default() {
    let in_force: String = DEFAULT
        .lines()
        .map(|line| match line.strip_prefix('#') {
            // A comment for people, and an example, has a space after its '#'.
            Some(key) if key.starts_with(|c: char| c.is_ascii_lowercase()) => key,
            _ => line,
        })
        // What depends on the machine.
        .filter(|line| {
            !["threads =", "instances ="]
                .iter()
                .any(|key| line.starts_with(key))
        })
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(
        meaning(&parse(DEFAULT).unwrap()),
        meaning(&parse(&in_force).unwrap())
    );
}

/// Every example, in its place and by itself, is right and has an effect.
#[test]
fn every_example_is_right() {
    let lines: Vec<&str> = DEFAULT.lines().collect();
    let example = |line: &str| {
        let example = line.strip_prefix("#   ")?;
        let is_one = example.starts_with('[') || example.contains(" = ");
        is_one.then(|| example.to_owned())
    };
    let mut examples = 0;
    for (first, line) in lines.iter().enumerate() {
        // A table takes its keys along, and they do not stand alone.
        let in_table = first > 0 && {
            let before = lines[..first].iter().rev().map_while(|line| example(line));
            before.into_iter().any(|line| line.starts_with('['))
        };
        let Some(shown) = example(line).filter(|_| !in_table) else {
            continue;
        };
        let length = match shown.starts_with('[') {
            true => lines[first..]
                .iter()
                .take_while(|l| example(l).is_some())
                .count(),
            false => 1,
        };
        let text: String = lines
            .iter()
            .enumerate()
            .map(|(nth, line)| match (first..first + length).contains(&nth) {
                true => example(line).unwrap_or_default() + "\n",
                false => format!("{line}\n"),
            })
            .collect();
        let secrets = secrets_beside(&text);
        let config = parse(&(text + OTHERS + &secrets));
        let config = config.unwrap_or_else(|error| panic!("{shown}: {error}"));
        // Debug output with places would differ for any reason; without them, a default would not.
        let secrets = secrets_beside(DEFAULT);
        let plain = parse(&format!("{DEFAULT}{OTHERS}{secrets}")).unwrap();
        let ports = (plain.ports.len(), config.ports.len());
        assert!(
            meaning(&config) != meaning(&plain)
                || ports.0 != ports.1
                || config.ports[0].grants != plain.ports[0].grants,
            "{shown} changes nothing"
        );
        examples += 1;
    }
    assert!(examples > 15, "only {examples} were found");
}

#[test]
fn the_default_file_names_every_key() {
    let keys = [
        host::KEYS,
        adapter::KEYS,
        &port::keys(),
        transport::KEYS,
        retry::KEYS,
        window::KEYS,
        breaker::KEYS,
        order::KEYS,
        two_way::KEYS,
        notifications::KEYS,
        flow::RATE_KEYS,
        grants::KEYS,
        grants::DIRECTORY_KEYS,
        signatures::KEYS,
        egress_log::KEYS,
        secrets::KEYS,
        credentials::KEYS,
        credentials::AUTHORIZATION_KEYS,
        credentials::BASIC_KEYS,
        credentials::CERTIFICATE_KEYS,
        credentials::SIGNATURE_KEYS,
        limits::KEYS,
    ];
    for key in keys.into_iter().flatten() {
        let written = [format!("{key} ="), format!(".{key}]")];
        assert!(
            written.iter().any(|written| DEFAULT.contains(written)),
            "{key} is not in the default file"
        );
    }
}
