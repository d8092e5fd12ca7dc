//! The port's address: `smtp://host`, `smtp://host:port`, `smtp://host/recipient@example.org`.
//!
//! Pure. Says who the server is; whether the port grants it is the host's decision.

use std::fmt;

use percent_encoding::percent_decode_str;

/// The port of mail between servers.
const DEFAULT_PORT: u16 = 25;

/// Where mails go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// The server.
    pub(crate) server: Server,
    /// What stands after the slash: recipients, separated by commas.
    pub(crate) recipients: Option<String>,
}

/// A server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    /// A name or an IP address; one of version 6 without brackets.
    pub(crate) host: String,
    /// The TCP port.
    pub(crate) port: u16,
}

/// An address that names no server for this adapter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AddressError {
    #[error(
        "{0:?} asks for TLS, which this adapter does not have; use smtp:// to a server in a network that \
         you trust, such as a relay on the same machine"
    )]
    Tls(String),
    #[error(
        "{0:?} is no address of this adapter; write smtp://host:port, such as smtp://mail.example.org:25"
    )]
    Form(String),
    #[error("the address names a user; set the keys user and password-secret instead")]
    UserInfo,
}

impl Address {
    /// Reads an address.
    pub(crate) fn parse(text: &str) -> Result<Self, AddressError> {
        let form = || AddressError::Form(text.to_owned());
        let (scheme, rest) = text.split_once("://").ok_or_else(form)?;
        match scheme.to_ascii_lowercase().as_str() {
            "smtp" => {}
            "smtps" | "submissions" | "smtp+starttls" => {
                return Err(AddressError::Tls(text.to_owned()));
            }
            _ => return Err(form()),
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        if authority.contains('@') {
            // Not repeated: what stands before the @ may be a password.
            return Err(AddressError::UserInfo);
        }
        let server = Server::parse(authority).ok_or_else(form)?;
        let recipients = percent_decode_str(path).decode_utf8().map_err(|_| form())?;
        let recipients = (!recipients.is_empty()).then(|| recipients.into_owned());
        Ok(Self { server, recipients })
    }
}

impl Server {
    fn parse(authority: &str) -> Option<Self> {
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => {
                let (host, after) = rest.split_once(']')?;
                host.parse::<std::net::Ipv6Addr>().ok()?;
                let port = match after {
                    "" => None,
                    after => Some(after.strip_prefix(':')?),
                };
                (host, port)
            }
            None => match authority.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            },
        };
        let in_name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        if host.is_empty() || !host.chars().all(in_name) {
            return None;
        }
        let port = match port {
            None => DEFAULT_PORT,
            // `parse` alone would take "+25".
            Some(port) if port.bytes().all(|b| b.is_ascii_digit()) => {
                port.parse().ok().filter(|&port| port != 0)?
            }
            Some(_) => return None,
        };
        Some(Self {
            host: host.to_owned(),
            port,
        })
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') {
            write!(f, "[{host}]:{port}")
        } else {
            write!(f, "{host}:{port}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_a_server_and_perhaps_recipients() {
        let table = [
            ("smtp://mail.example.org", "mail.example.org:25", None),
            ("smtp://mail.example.org/", "mail.example.org:25", None),
            ("SMTP://127.0.0.1:2525", "127.0.0.1:2525", None),
            ("smtp://[::1]", "[::1]:25", None),
            ("smtp://[::1]:587/a@x.de", "[::1]:587", Some("a@x.de")),
            (
                "smtp://relay/a@x.de,b@x.de",
                "relay:25",
                Some("a@x.de,b@x.de"),
            ),
            ("smtp://relay/a%2Bb@x.de", "relay:25", Some("a+b@x.de")),
            ("smtp://relay/j%C3%B6rg@x.de", "relay:25", Some("jörg@x.de")),
        ];
        for (text, server, recipients) in table {
            let address = Address::parse(text).unwrap();
            assert_eq!(address.server.to_string(), server);
            assert_eq!(address.recipients.as_deref(), recipients, "{text}");
        }
    }

    #[test]
    fn what_is_no_server_is_refused() {
        let wrong = [
            "",
            "mail.example.org",
            "mail.example.org:25",
            "http://mail.example.org",
            "smtp:mail.example.org",
            "smtp://",
            "smtp:///a@x.de",
            "smtp://:25",
            "smtp://host:",
            "smtp://host:0",
            "smtp://host:+25",
            "smtp://host:65536",
            "smtp://::1",
            "smtp://[::1",
            "smtp://[::1]25",
            "smtp://[host]",
            "smtp://ho st",
            "smtp://host\r\n",
            "smtp://host?x=y",
            "smtp://host/%FF",
        ];
        for text in wrong {
            let error = Address::parse(text).expect_err(text);
            assert_eq!(error, AddressError::Form(text.to_owned()));
        }
    }

    #[test]
    fn tls_is_refused_by_its_name_and_passwords_are_not_repeated() {
        for text in ["smtps://mail.example.org", "submissions://x"] {
            let error = Address::parse(text).expect_err(text);
            assert!(error.to_string().contains("TLS"), "{error}");
        }
        let error = Address::parse("smtp://tim:s3cret@host").expect_err("a password");
        assert_eq!(error, AddressError::UserInfo);
        assert!(!error.to_string().contains("s3cret"));
    }
}
