//! The address of a port: `postgres://user@host:port/database`.
//!
//! Only reads it. The password is not part of it, because addresses are shown to everybody who looks at
//! a port; neither are options, which are keys of the port's configuration.

use percent_encoding::percent_decode_str;
use sendport_guest::ErrorInfo;

/// Beginnings of the addresses that this adapter answers to.
pub(crate) const PREFIXES: [&str; 2] = ["postgres://", "postgresql://"];

const FORM: &str = "postgres://user@host:port/database";
const DEFAULT_PORT: u16 = 5432;

/// A server, a database on it, and who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// A name or an IP address, IPv6 without its brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) database: String,
}

impl Address {
    /// Reads an address. The error says what is wrong with it and does not repeat it: somebody may have
    /// put a password in.
    pub(crate) fn parse(address: &str) -> Result<Self, ErrorInfo> {
        let parts = split(address);
        let read = parts.and_then(|(user, server, database)| Self::of(user, server, database));
        read.map_err(|problem| {
            let text = format!("the address {problem}; its form is {FORM}");
            ErrorInfo::new("configuration", text)
        })
    }

    fn of(user: &str, server: &str, database: &str) -> Result<Self, &'static str> {
        if user.contains(':') {
            return Err(
                "has a password in it, where everybody sees it: use the key password-secret",
            );
        }
        let (host, port) = host_and_port(server)?;
        Ok(Self {
            host: host.to_owned(),
            port,
            user: decode(user).ok_or("names no user")?,
            database: decode(database).ok_or("names no database")?,
        })
    }
}

fn split(address: &str) -> Result<(&str, &str, &str), &'static str> {
    let has = |prefix: &&str| {
        address
            .get(..prefix.len())
            .is_some_and(|beginning| beginning.eq_ignore_ascii_case(prefix))
    };
    let prefix = PREFIXES.iter().find(|prefix| has(prefix));
    let rest = &address[prefix.ok_or("is no PostgreSQL address")?.len()..];
    if rest.contains(['?', '#']) {
        return Err("has options, which belong into the port's configuration");
    }
    let (server, database) = rest.split_once('/').ok_or("names no database")?;
    let (user, server) = server.rsplit_once('@').ok_or("names no user")?;
    Ok((user, server, database))
}

fn host_and_port(server: &str) -> Result<(&str, u16), &'static str> {
    let (host, port) = match server.strip_prefix('[') {
        Some(rest) => rest.split_once(']').ok_or("has no ] after the host")?,
        None => server.split_at(server.find(':').unwrap_or(server.len())),
    };
    if host.is_empty() {
        return Err("names no host");
    }
    let port = match port.strip_prefix(':') {
        // `parse` alone would take "+5432".
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().ok(),
        Some(_) => None,
        None => port.is_empty().then_some(DEFAULT_PORT),
    };
    let port = port.filter(|port| *port != 0);
    Ok((host, port.ok_or("has a port that is none")?))
}

/// A part with its percent signs resolved. A zero byte would end it early on the wire.
fn decode(part: &str) -> Option<String> {
    let text = percent_decode_str(part).decode_utf8().ok()?;
    (!text.is_empty() && !text.contains('\0')).then(|| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(address: &str) -> Result<(String, u16, String, String), String> {
        let address = Address::parse(address).map_err(|error| error.text)?;
        Ok((address.host, address.port, address.user, address.database))
    }

    #[test]
    fn an_address_names_a_server_a_user_and_a_database() {
        let table = [
            (
                "postgres://app@db.example:5433/orders",
                ("db.example", 5433, "app", "orders"),
            ),
            (
                "postgresql://app@127.0.0.1/orders",
                ("127.0.0.1", 5432, "app", "orders"),
            ),
            (
                "POSTGRES://app@[::1]:6000/orders",
                ("::1", 6000, "app", "orders"),
            ),
            (
                "postgres://app@[fe80::1]/orders",
                ("fe80::1", 5432, "app", "orders"),
            ),
            (
                "postgres://first%40last@db/my%2Forders%20%C3%BC",
                ("db", 5432, "first@last", "my/orders ü"),
            ),
            ("postgres://a@b@db/x", ("db", 5432, "a@b", "x")),
        ];
        for (address, (host, port, user, database)) in table {
            let expected = (host.to_owned(), port, user.to_owned(), database.to_owned());
            assert_eq!(read(address), Ok(expected), "{address}");
        }
    }

    #[test]
    fn an_error_says_what_is_wrong() {
        let table = [
            ("http://app@db/x", "is no PostgreSQL address"),
            ("postgres://app@db", "names no database"),
            ("postgres://app@db/", "names no database"),
            ("postgres://db/x", "names no user"),
            ("postgres://@db/x", "names no user"),
            ("postgres://app@/x", "names no host"),
            ("postgres://app@:5432/x", "names no host"),
            ("postgres://app@db:0/x", "has a port that is none"),
            ("postgres://app@db:/x", "has a port that is none"),
            ("postgres://app@db:+1/x", "has a port that is none"),
            ("postgres://app@db:65536/x", "has a port that is none"),
            ("postgres://app@[::1/x", "has no ] after the host"),
            ("postgres://app@[::1]5432/x", "has a port that is none"),
            ("postgres://app@db/x?sslmode=require", "has options"),
            ("postgres://app@db/x%00y", "names no database"),
            ("postgres://%FF@db/x", "names no user"),
            ("postgres://ü", "names no database"),
            ("postgré", "is no PostgreSQL address"),
        ];
        for (address, problem) in table {
            let text = read(address).expect_err(address);
            assert!(text.contains(problem) && text.contains(FORM), "{text}");
        }
    }

    #[test]
    fn a_password_in_the_address_is_refused_and_not_repeated() {
        let text = read("postgres://app:s3cret@db/x").unwrap_err();
        assert!(text.contains("use the key password-secret"), "{text}");
        assert!(!text.contains("s3cret"), "{text}");
    }
}
