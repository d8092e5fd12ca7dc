//! What is allowed, but may not be what was meant: ports whose messages could go by several adapters, and
//! those whose credentials anybody on the way can read.

use std::net::IpAddr;

use hyper::Uri;
use hyper::http::uri::Scheme;

use super::{Facts, KnownAdapters};
use crate::config::{Config, Destination, Port};

/// One line each, without the word "note".
pub(crate) fn notes(config: &Config, known: &KnownAdapters) -> Vec<String> {
    let mut notes = Vec::new();
    for port in &config.ports {
        notes.extend(in_clear(port));
        let adapters = dynamic(port, known);
        for (nth, (second, its)) in adapters.iter().enumerate() {
            let name = &port.name;
            if its.info.address_prefixes.is_empty() {
                notes.push(format!(
                    "port {name}: the adapter '{second}' has no address prefixes; it gets the messages that \
                     name its transport type, {}",
                    its.info.transport_type
                ));
            }
            for (first, theirs) in &adapters[..nth] {
                notes.extend(same(first, theirs, second, its).map(|n| format!("port {name}: {n}")));
            }
        }
    }
    notes
}

/// Credentials that are sent as they are, and where to; a signature gives nothing away.
fn in_clear(port: &Port) -> Vec<String> {
    let mut notes = Vec::new();
    for (address, credentials) in port.destination.credentials() {
        if credentials.authorization.is_none() && credentials.headers.is_empty() {
            continue;
        }
        let named = credentials.urls.iter().map(|url| url.value.as_str());
        let readable = std::iter::once(address)
            .chain(named)
            .filter(|url| is_readable(url));
        notes.extend(readable.map(|url| {
            let name = &port.name;
            format!("port {name}: its credentials are sent unencrypted to {url}; use https")
        }));
    }
    notes
}

/// Whether what is sent there can be read on the way.
fn is_readable(url: &str) -> bool {
    let Ok(url) = url.parse::<Uri>() else {
        return false;
    };
    let host = url.host().unwrap_or_default();
    let address: Result<IpAddr, _> = host.trim_matches(['[', ']']).parse();
    let is_here = match address {
        Ok(address) => address.is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    };
    url.scheme() == Some(&Scheme::HTTP) && !is_here
}

fn dynamic<'a>(port: &'a Port, known: &'a KnownAdapters) -> Vec<(&'a str, &'a Facts)> {
    let Destination::Dynamic(dynamic) = &port.destination else {
        return Vec::new();
    };
    let adapters = dynamic.adapters.iter();
    let facts = adapters.filter_map(|a| Some((a.value.as_str(), known.get(&a.value)?)));
    facts.collect()
}

/// What two adapters both claim; the first one gets it.
fn same(first: &str, theirs: &Facts, second: &str, its: &Facts) -> Option<String> {
    let prefixes: Vec<_> = its
        .info
        .address_prefixes
        .iter()
        .filter(|prefix| {
            let mut others = theirs.info.address_prefixes.iter();
            others.any(|other| other.eq_ignore_ascii_case(prefix))
        })
        .map(String::as_str)
        .collect();
    let transport_type = &its.info.transport_type;
    let mut both = Vec::new();
    if !prefixes.is_empty() {
        both.push(format!(
            "addresses that begin with '{}'",
            prefixes.join("', '")
        ));
    }
    if theirs
        .info
        .transport_type
        .eq_ignore_ascii_case(transport_type)
    {
        both.push(format!("the transport type {transport_type}"));
    }
    (!both.is_empty()).then(|| {
        format!(
            "the adapters '{first}' and '{second}' both answer to {}; '{first}' gets the messages",
            both.join(" and to ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_on_the_machine_or_is_encrypted_cannot_be_read_on_the_way() {
        for url in [
            "http://h/",
            "http://192.0.2.1:80/x",
            "http://[2001:db8::1]/",
        ] {
            assert!(is_readable(url), "{url}");
        }
        for url in [
            "https://h/",
            "http://localhost:8080/",
            "http://a.localhost/",
            "http://127.0.0.1:1/",
            "http://[::1]/",
            "smtp://h",
            "",
        ] {
            assert!(!is_readable(url), "{url}");
        }
    }
}
