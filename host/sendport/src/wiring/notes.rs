//! What is allowed, but may not be what was meant: ports whose messages could go by several adapters.

use super::{Facts, KnownAdapters};
use crate::config::{Config, Destination, Port};

/// One line each, without the word "note".
pub(crate) fn notes(config: &Config, known: &KnownAdapters) -> Vec<String> {
    let mut notes = Vec::new();
    for port in &config.ports {
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
