//! What a port lets its adapter reach over TCP, through `wasi:sockets`.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::Uri;

use crate::egress::{Networks, Prohibited};

/// One host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcpGrant {
    host: Host,
    port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Address(IpAddr),
    /// Resolved at every connection.
    Name(String),
}

/// What a grant says of a connection.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TcpVerdict {
    /// It is about something else.
    Elsewhere,
    Allowed,
    /// It is the granted name's, but an adapter may not dial it.
    Prohibited(Prohibited),
}

/// A text that is not a grant.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "{text:?} is not a TCP grant: {reason}; give host and port, such as mail.example.com:25, 192.0.2.1:5432 or [2001:db8::1]:25"
)]
pub struct TcpGrantError {
    /// What was given.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl TcpGrant {
    /// Reads a grant from `host:port`; an IPv6 address stands in brackets.
    pub fn parse(text: &str) -> Result<Self, TcpGrantError> {
        read(text).map_err(|reason| TcpGrantError {
            text: text.to_owned(),
            reason,
        })
    }

    /// The grant that a port's own address is: that of a URL with a host and a port. Schemes with a port
    /// of their own need not name it. Nothing for HTTP, which has grants of its own, and for addresses
    /// of other kinds.
    pub(crate) fn of_address(address: &str) -> Option<Self> {
        let uri: Uri = address.parse().ok()?;
        let usual = match uri.scheme_str()?.to_ascii_lowercase().as_str() {
            "http" | "https" => return None,
            "smtp" => Some(25),
            "postgres" | "postgresql" => Some(5432),
            _ => None,
        };
        let port = uri.port_u16().or(usual).filter(|port| *port > 0)?;
        let host = read_host(uri.host()?).ok()?;
        Some(Self { host, port })
    }

    /// What the grant says of a connection to this address. A name is looked up here and now, on the host,
    /// and the addresses it has are compared: what a guest says about a name counts for nothing. One that
    /// is written as an address is meant, of whatever class it is.
    pub(crate) async fn judge(&self, address: SocketAddr, networks: &Networks) -> TcpVerdict {
        if self.port != address.port() {
            return TcpVerdict::Elsewhere;
        }
        let wanted = address.ip().to_canonical();
        let name = match &self.host {
            Host::Address(granted) if granted.to_canonical() == wanted => {
                return TcpVerdict::Allowed;
            }
            Host::Address(_) => return TcpVerdict::Elsewhere,
            Host::Name(name) => name,
        };
        let found = tokio::net::lookup_host((name.as_str(), self.port)).await;
        let is_its = match found {
            Ok(mut found) => found.any(|found| found.ip().to_canonical() == wanted),
            Err(error) => {
                tracing::debug!(name, %error, "a granted name is not found");
                false
            }
        };
        match networks.judge(name, wanted) {
            _ if !is_its => TcpVerdict::Elsewhere,
            Ok(()) => TcpVerdict::Allowed,
            Err(prohibited) => TcpVerdict::Prohibited(prohibited),
        }
    }

    /// Whether this name is the granted one: it may be looked up.
    pub(crate) fn names(&self, host: &str) -> bool {
        let plain = |name: &str| name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        matches!(&self.host, Host::Name(name) if plain(name) == plain(host))
    }
}

fn read(text: &str) -> Result<TcpGrant, &'static str> {
    let (host, port) = text.rsplit_once(':').ok_or("the port is missing")?;
    if host.contains("://") {
        return Err("it is a URL");
    }
    let is_bare = host.contains(':') && !(host.starts_with('[') && host.ends_with(']'));
    if is_bare {
        return Err("an IPv6 address stands in brackets");
    }
    let is_number = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    let port: u16 = port.parse().unwrap_or_default();
    if !is_number || port == 0 {
        return Err("the port must be a number from 1 to 65535");
    }
    let host = read_host(host)?;
    Ok(TcpGrant { host, port })
}

fn read_host(text: &str) -> Result<Host, &'static str> {
    if let Some(inner) = text.strip_prefix('[') {
        let address = inner.strip_suffix(']').unwrap_or_default();
        let address: Ipv6Addr = address
            .parse()
            .map_err(|_| "what stands in brackets is not an IPv6 address")?;
        return Ok(Host::Address(address.into()));
    }
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(Host::Address(address));
    }
    if is_name(text) {
        Ok(Host::Name(text.to_ascii_lowercase()))
    } else {
        Err("the host is neither a name nor an IP address")
    }
}

/// A last label of digits is an IP address with a typing error, which resolvers read in odd ways.
fn is_name(text: &str) -> bool {
    let labels = text.strip_suffix('.').unwrap_or(text);
    let is_label = |label: &str| {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        !label.is_empty() && label.len() <= 63 && label.bytes().all(allowed)
    };
    let last = labels.rsplit('.').next().unwrap_or_default();
    labels.len() <= 253
        && labels.split('.').all(is_label)
        && !last.bytes().all(|b| b.is_ascii_digit())
}

impl fmt::Display for TcpGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Address(IpAddr::V6(address)) => write!(f, "[{address}]:{}", self.port),
            Host::Address(address) => write!(f, "{address}:{}", self.port),
            Host::Name(name) => write!(f, "{name}:{}", self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_reads_and_writes() {
        for (text, written) in [
            ("mail.example.com:25", "mail.example.com:25"),
            ("Mail.Example.COM:25", "mail.example.com:25"),
            ("db_1:5432", "db_1:5432"),
            ("localhost.:1", "localhost.:1"),
            ("192.0.2.1:65535", "192.0.2.1:65535"),
            ("[2001:DB8::1]:25", "[2001:db8::1]:25"),
        ] {
            let grant = TcpGrant::parse(text).expect(text);
            assert_eq!(grant.to_string(), written);
            assert_eq!(TcpGrant::parse(written), Ok(grant), "reads back");
        }
    }

    #[test]
    fn what_is_no_grant_says_why() {
        for (text, reason) in [
            ("", "port is missing"),
            ("mail.example.com", "port is missing"),
            ("mail.example.com:", "1 to 65535"),
            ("mail.example.com:0", "1 to 65535"),
            ("mail.example.com:65536", "1 to 65535"),
            ("mail.example.com:+25", "1 to 65535"),
            ("mail.example.com:smtp", "1 to 65535"),
            (":25", "neither a name nor"),
            ("a b:25", "neither a name nor"),
            ("*.example.com:25", "neither a name nor"),
            ("192.0.2.256:25", "neither a name nor"),
            ("user@host:25", "neither a name nor"),
            ("2001:db8::1:25", "brackets"),
            ("[2001:db8::1]", "brackets"),
            ("[mail.example.com]:25", "not an IPv6 address"),
            ("[::1:25", "brackets"),
            ("smtp://mail.example.com:25", "URL"),
        ] {
            let error = TcpGrant::parse(text).expect_err(text);
            assert!(error.reason.contains(reason), "{text}: {error}");
            assert!(error.to_string().contains("mail.example.com:25"), "{error}");
        }
    }

    #[test]
    fn an_address_that_names_host_and_port_grants_itself() {
        for (address, granted) in [
            ("smtp://mail.example.com", Some("mail.example.com:25")),
            (
                "SMTP://mail.example.com:587/x",
                Some("mail.example.com:587"),
            ),
            ("postgres://user@db/orders?x=y", Some("db:5432")),
            ("postgresql://u:p@[::1]:6432/orders", Some("[::1]:6432")),
            ("nats://192.0.2.1:4222", Some("192.0.2.1:4222")),
            ("nats://example.com", None),
            ("http://example.com:80/", None),
            ("https://example.com", None),
            ("file:///var/spool", None),
            ("/var/spool", None),
            ("probe://here", None),
            ("example.com:25", None),
            ("", None),
        ] {
            let grant = TcpGrant::of_address(address).map(|grant| grant.to_string());
            assert_eq!(grant.as_deref(), granted, "{address}");
        }
    }

    #[tokio::test]
    async fn addresses_are_compared_not_names() {
        let judge = async |grant: &str, address: &str| {
            let grant = TcpGrant::parse(grant).expect(grant);
            let address = address.parse().expect(address);
            grant.judge(address, &Networks::default()).await
        };
        for (grant, address) in [
            ("127.0.0.1:25", "127.0.0.1:25"),
            ("127.0.0.1:25", "[::ffff:127.0.0.1]:25"),
            ("[::1]:25", "[::1]:25"),
            ("169.254.169.254:80", "169.254.169.254:80"),
            ("localhost:25", "127.0.0.1:25"),
        ] {
            assert_eq!(judge(grant, address).await, TcpVerdict::Allowed, "{grant}");
        }
        for (grant, address) in [
            ("127.0.0.1:25", "127.0.0.1:26"),
            ("127.0.0.1:25", "127.0.0.2:25"),
            ("localhost:25", "192.0.2.1:25"),
            ("localhost:25", "127.0.0.1:26"),
        ] {
            assert_eq!(
                judge(grant, address).await,
                TcpVerdict::Elsewhere,
                "{grant}"
            );
        }
    }

    #[test]
    fn a_grant_is_for_one_name_however_it_is_written() {
        let grant = TcpGrant::parse("Mail.example.com:25").expect("valid");
        for name in ["mail.example.com", "MAIL.EXAMPLE.COM."] {
            assert!(grant.names(name), "{name}");
        }
        for name in ["example.com", "mail.example.com.evil.example", ""] {
            assert!(!grant.names(name), "{name}");
        }
        let grant = TcpGrant::parse("192.0.2.1:25").expect("valid");
        assert!(!grant.names("192.0.2.1"), "nothing to look up");
    }
}
