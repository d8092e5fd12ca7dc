//! Dynamic ports: a message says itself where it goes; this finds the adapter.

use crate::ErrorInfo;

/// An adapter that messages of a dynamic port may name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DynamicAdapter {
    /// Its name in the configuration.
    pub name: String,
    /// The protocol's short name, such as `HTTP`.
    pub transport_type: String,
    /// Beginnings of the addresses it answers to. BizTalk: aliases.
    pub prefixes: Vec<String>,
}

/// The place of the adapter for a message with this address and transport type (B77, B78): the type
/// wins; without one the longest prefix of the address does. Capitals do not matter in either.
pub fn resolve(
    adapters: &[DynamicAdapter],
    address: Option<&str>,
    transport_type: Option<&str>,
) -> Result<usize, ErrorInfo> {
    let Some(address) = address else {
        let text = "the message has no property `address`, which a dynamic port needs: edit it and resume it";
        return Err(ErrorInfo::new("no-address", text));
    };
    let known = |what: &dyn Fn(&DynamicAdapter) -> String| {
        adapters.iter().map(what).collect::<Vec<_>>().join(", ")
    };
    if let Some(wanted) = transport_type {
        let is_it = |a: &DynamicAdapter| a.transport_type.eq_ignore_ascii_case(wanted);
        return adapters.iter().position(is_it).ok_or_else(|| {
            let types = known(&|a| a.transport_type.clone());
            let text = format!(
                "no adapter of this port has the transport type {wanted:?}; there are {types}"
            );
            ErrorInfo::new("no-adapter", text)
        });
    }
    let fit = |a: &DynamicAdapter| {
        a.prefixes
            .iter()
            .filter(|p| begins_with(address, p))
            .map(String::len)
            .max()
    };
    let fits = adapters
        .iter()
        .enumerate()
        .filter_map(|(place, a)| Some((fit(a)?, place)));
    // Of equals, the one that was configured first.
    let best = fits.max_by_key(|(length, place)| (*length, std::cmp::Reverse(*place)));
    best.map(|(_, place)| place).ok_or_else(|| {
        let prefixes = known(&|a| a.prefixes.join(", "));
        let text = format!(
            "no adapter of this port answers to the address {address:?}; there are {prefixes}"
        );
        ErrorInfo::new("no-adapter", text)
    })
}

/// Whether an address begins with one of an adapter's prefixes. Capitals do not matter.
pub fn begins_with(address: &str, prefix: &str) -> bool {
    let beginning = address.get(..prefix.len());
    beginning.is_some_and(|beginning| beginning.eq_ignore_ascii_case(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adapters() -> Vec<DynamicAdapter> {
        let adapter = |name: &str, transport_type: &str, prefixes: &[&str]| DynamicAdapter {
            name: name.to_owned(),
            transport_type: transport_type.to_owned(),
            prefixes: prefixes.iter().map(|p| (*p).to_owned()).collect(),
        };
        vec![
            adapter("http", "HTTP", &["http://", "https://"]),
            adapter("special", "SPECIAL", &["http://special."]),
            adapter("file", "FILE", &["file://"]),
        ]
    }

    fn resolved(address: Option<&str>, transport_type: Option<&str>) -> Result<String, String> {
        let adapters = adapters();
        resolve(&adapters, address, transport_type)
            .map(|place| adapters[place].name.clone())
            .map_err(|error| error.code.unwrap_or_default())
    }

    #[test]
    fn b77_the_longest_prefix_decides_in_any_case() {
        for (address, name) in [
            ("http://a/", "http"),
            ("HTTPS://a/", "http"),
            ("Http://Special.example/", "special"),
            ("FILE:///srv", "file"),
        ] {
            assert_eq!(
                resolved(Some(address), None).as_deref(),
                Ok(name),
                "{address}"
            );
        }
    }

    #[test]
    fn b78_b80_the_type_wins_over_the_prefix_and_needs_none() {
        assert_eq!(
            resolved(Some("http://a/"), Some("file")).as_deref(),
            Ok("file")
        );
        assert_eq!(
            resolved(Some("/srv/out"), Some("File")).as_deref(),
            Ok("file")
        );
    }

    #[test]
    fn what_nobody_answers_to_is_an_error() {
        assert_eq!(resolved(None, Some("FILE")), Err("no-address".to_owned()));
        assert_eq!(
            resolved(Some("ftp://a/"), None),
            Err("no-adapter".to_owned())
        );
        assert_eq!(
            resolved(Some("http://a/"), Some("FTP")),
            Err("no-adapter".to_owned())
        );
    }

    #[test]
    fn prefixes_match_in_any_case() {
        assert!(begins_with("HTTP://host/", "http://"));
        assert!(!begins_with("https://host/", "http://"));
        assert!(!begins_with("ht", "http://"));
        assert!(!begins_with("ünicode", "http"));
    }
}
