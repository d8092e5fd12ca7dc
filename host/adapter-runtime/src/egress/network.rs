//! Ranges of addresses that a port lets its adapter dial although they are not public.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ipnet::IpNet;

use super::address::{self, AddressClass};

/// One range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// All addresses of one class. Never those of metadata services: they are a class of their own.
    Class(AddressClass),
    /// All addresses in it, whatever their class.
    Range(IpNet),
}

/// A text that names no network.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "{text:?} is not a network: {reason}; write a range such as \"10.1.0.0/16\" or \"fd12:3456::/32\", one address such as \"10.1.2.3\", or \"loopback\", \"private\" or \"link-local\""
)]
pub struct NetworkError {
    /// What was given.
    pub text: String,
    /// What is wrong with it.
    pub reason: String,
}

const WORDS: [(&str, AddressClass); 3] = [
    ("loopback", AddressClass::Loopback),
    ("private", AddressClass::Private),
    ("link-local", AddressClass::LinkLocal),
];

impl Network {
    /// Reads `10.1.0.0/16`, `10.1.2.3`, `loopback`, `private` or `link-local`.
    pub fn parse(text: &str) -> Result<Self, NetworkError> {
        let error = |reason: String| NetworkError {
            text: text.to_owned(),
            reason,
        };
        if let Some((_, class)) = WORDS.iter().find(|(word, _)| *word == text) {
            return Ok(Self(Kind::Class(*class)));
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self(Kind::Range(address.into())));
        }
        let range: IpNet = text.parse().map_err(|_| {
            error("it is neither a range of addresses nor one of the words".to_owned())
        })?;
        if range.trunc() != range {
            // Either the length or the address is a typing error, and the two differ in what they allow.
            return Err(error(format!("the range it lies in is {}", range.trunc())));
        }
        Ok(Self(Kind::Range(range)))
    }

    /// True when an adapter may dial this address because of it. Of an address that stands for an IPv4
    /// address, the latter counts.
    pub fn covers(&self, address: IpAddr) -> bool {
        match &self.0 {
            Kind::Class(class) => AddressClass::of(address) == *class,
            Kind::Range(range) => range.contains(&address::effective(address)),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Range(range) => range.fmt(f),
            Kind::Class(class) => {
                let word = WORDS.iter().find(|(_, named)| named == class);
                f.write_str(word.map_or("none", |(word, _)| word))
            }
        }
    }
}

/// A name that is at an address that its port does not let its adapter dial.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "{name} is at {address}, {class}, which an adapter reaches only if its port says so; if that is right, write networks = [\"{}\"] in the port's grants", IpNet::from(*.address)
)]
pub(crate) struct Prohibited {
    pub(crate) name: String,
    pub(crate) address: IpAddr,
    pub(crate) class: AddressClass,
}

/// The networks that a port grants, and the rule by which resolved addresses are judged. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Networks(Arc<[Network]>);

impl Networks {
    pub(crate) fn new(granted: &[Network]) -> Self {
        Self(granted.into())
    }

    /// Whether an adapter that may reach this name may dial this address of it: a public one; one of
    /// this machine if that is what the name says; one of a granted network.
    pub(crate) fn judge(&self, name: &str, address: IpAddr) -> Result<(), Prohibited> {
        let class = AddressClass::of(address);
        let allowed = match class {
            AddressClass::Public => true,
            AddressClass::Loopback if is_localhost(name) => true,
            _ => self.0.iter().any(|network| network.covers(address)),
        };
        let prohibited = || Prohibited {
            name: name.to_owned(),
            address: address::effective(address),
            class,
        };
        allowed.then_some(()).ok_or_else(prohibited)
    }

    /// What may be dialled of the addresses of a name. An error names the first one that may not, when
    /// none is left.
    pub(crate) fn sift(
        &self,
        name: &str,
        found: impl Iterator<Item = SocketAddr>,
    ) -> Result<Vec<SocketAddr>, Prohibited> {
        let (mut allowed, mut prohibited) = (Vec::new(), None);
        for address in found {
            match self.judge(name, address.ip()) {
                Ok(()) => allowed.push(address),
                Err(error) => {
                    prohibited.get_or_insert(error);
                }
            }
        }
        match prohibited {
            Some(error) if allowed.is_empty() => Err(error),
            _ => Ok(allowed),
        }
    }
}

/// `localhost` and what is below it (RFC 6761).
fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let last = name.rsplit('.').next().unwrap_or_default();
    last.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_reads_and_writes() {
        for (text, written) in [
            ("loopback", "loopback"),
            ("private", "private"),
            ("link-local", "link-local"),
            ("10.1.0.0/16", "10.1.0.0/16"),
            ("10.1.2.3", "10.1.2.3/32"),
            ("FD12:3456::/32", "fd12:3456::/32"),
            ("::1", "::1/128"),
            ("0.0.0.0/0", "0.0.0.0/0"),
        ] {
            let network = Network::parse(text).expect(text);
            assert_eq!(network.to_string(), written);
            assert_eq!(Network::parse(written), Ok(network), "reads back");
        }
    }

    #[test]
    fn what_is_no_network_says_why() {
        for (text, reason) in [
            ("", "neither"),
            ("metadata", "neither"),
            ("Loopback", "neither"),
            ("10.1.0.0/33", "neither"),
            ("10.1", "neither"),
            ("example.com", "neither"),
            ("[::1]", "neither"),
            ("10.1.2.3/16", "10.1.0.0/16"),
            ("fd12:3456::1/32", "fd12:3456::/32"),
        ] {
            let error = Network::parse(text).expect_err(text);
            assert!(error.reason.contains(reason), "{text}: {error}");
            assert!(error.to_string().contains("\"loopback\""), "{error}");
        }
    }

    #[test]
    fn an_address_is_dialled_when_it_is_public_or_named() {
        for (networks, name, address, allowed) in [
            ("", "example.com", "93.184.216.34", true),
            ("", "example.com", "10.1.2.3", false),
            ("", "example.com", "127.0.0.1", false),
            ("", "example.com", "169.254.169.254", false),
            ("", "example.com", "192.0.2.1", false),
            ("", "localhost", "127.0.0.1", true),
            ("", "LocalHost.", "::1", true),
            ("", "api.localhost", "127.0.0.2", true),
            ("", "localhost", "10.1.2.3", false),
            ("", "localhost.example.com", "127.0.0.1", false),
            ("", "notlocalhost", "127.0.0.1", false),
            ("loopback", "example.com", "127.0.0.1", true),
            ("loopback", "example.com", "::ffff:127.0.0.1", true),
            ("loopback", "example.com", "10.1.2.3", false),
            ("private", "example.com", "10.1.2.3", true),
            ("private", "example.com", "fd00::1", true),
            ("private", "example.com", "100.100.100.200", false),
            ("private", "example.com", "fd00:ec2::254", false),
            ("link-local", "example.com", "169.254.1.1", true),
            ("link-local", "example.com", "169.254.169.254", false),
            ("169.254.0.0/16", "example.com", "169.254.169.254", true),
            ("169.254.0.0/16", "example.com", "64:ff9b::a9fe:a9fe", true),
            ("10.1.0.0/16", "example.com", "10.1.2.3", true),
            ("10.1.0.0/16", "example.com", "::ffff:10.1.2.3", true),
            ("10.1.0.0/16", "example.com", "10.2.2.3", false),
            ("192.0.2.0/24", "example.com", "192.0.2.1", true),
            ("10.1.0.0/16 loopback", "example.com", "127.0.0.1", true),
        ] {
            let networks = networks.split_whitespace();
            let networks: Vec<_> = networks.map(|n| Network::parse(n).expect(n)).collect();
            let verdict = Networks::new(&networks).judge(name, address.parse().expect(address));
            assert_eq!(verdict.is_ok(), allowed, "{networks:?} {name} {address}");
        }
    }

    #[test]
    fn of_several_addresses_only_those_that_are_allowed_are_left() {
        let sift = |addresses: &[&str]| {
            let addresses = addresses.iter().map(|a| a.parse().expect("an address"));
            Networks::default().sift("mixed.example.com", addresses)
        };
        let allowed = sift(&["10.0.0.1:0", "93.184.216.34:0", "127.0.0.1:0"]).expect("one is left");
        assert_eq!(allowed, ["93.184.216.34:0".parse().expect("an address")]);
        assert_eq!(sift(&[]), Ok(Vec::new()), "a name without addresses");
        let error = sift(&["10.0.0.1:0", "127.0.0.1:0"]).expect_err("none is left");
        assert_eq!(
            error.to_string(),
            "mixed.example.com is at 10.0.0.1, a private address, which an adapter reaches only if its \
             port says so; if that is right, write networks = [\"10.0.0.1/32\"] in the port's grants"
        );
    }
}
