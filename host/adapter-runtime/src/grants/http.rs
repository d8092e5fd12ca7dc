//! What a port lets its adapter reach over HTTP.

use std::fmt;

use http::Uri;
use http::uri::{PathAndQuery, Scheme};

/// One scheme, host and port, and a path prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpGrant {
    scheme: Scheme,
    host: String,
    port: u16,
    path: String,
}

/// A text that is not a grant.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{text:?} is not an HTTP grant: give an absolute URL such as https://example.com/orders/")]
pub struct HttpGrantError {
    /// What was given.
    pub text: String,
}

impl HttpGrant {
    /// Reads a grant from a URL; its query is ignored.
    pub fn parse(text: &str) -> Result<Self, HttpGrantError> {
        let error = || HttpGrantError {
            text: text.to_owned(),
        };
        let uri: Uri = text.parse().map_err(|_| error())?;
        let (scheme, host, port) = origin(&uri).ok_or_else(error)?;
        Ok(Self {
            scheme,
            host,
            port,
            path: uri.path().to_owned(),
        })
    }

    /// True when the URL is the granted one or below it.
    pub fn allows(&self, uri: &Uri) -> bool {
        let Some((scheme, host, port)) = origin(uri) else {
            return false;
        };
        (&scheme, &host, port) == (&self.scheme, &self.host, self.port) && self.allows_path(uri)
    }

    /// `/orders` allows `/orders`, `/orders/1` and `/orders?x`, but not `/orders-of-others` nor
    /// `/orders/../admin`.
    fn allows_path(&self, uri: &Uri) -> bool {
        let path = uri.path_and_query().map_or("/", PathAndQuery::path);
        if climbs(path) {
            return false;
        }
        match path.strip_prefix(self.path.as_str()) {
            Some(rest) => rest.is_empty() || self.path.ends_with('/') || rest.starts_with('/'),
            None => false,
        }
    }
}

/// So many times may a percent sign be encoded; nobody has a reason to do it more often.
const MOST_DECODED: usize = 3;

/// Whether a server might read `..` in a path, however it is written: some decode a path before they take
/// it apart, some do so twice, and some cut parameters off (`..;x`).
fn climbs(path: &str) -> bool {
    if !path.contains(['.', '%']) {
        return false;
    }
    let mut plain = path.to_ascii_lowercase();
    for _ in 0..MOST_DECODED {
        plain = plain.replace("%25", "%");
    }
    if plain.contains("%25") {
        return true;
    }
    for (written, meant) in [("%2e", "."), ("%2f", "/"), ("%5c", "\\"), ("%3b", ";")] {
        plain = plain.replace(written, meant);
    }
    plain.split(['/', '\\']).any(|segment| {
        let name = segment.split(';').next().unwrap_or_default();
        name == "." || name == ".."
    })
}

fn origin(uri: &Uri) -> Option<(Scheme, String, u16)> {
    let scheme = uri.scheme()?;
    let default = match scheme.as_str() {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let host = uri.host().filter(|h| !h.is_empty())?.to_ascii_lowercase();
    // A user name in a URL is how one host is made to look like another.
    if uri.authority()?.as_str().contains('@') {
        return None;
    }
    Some((scheme.clone(), host, uri.port_u16().unwrap_or(default)))
}

impl fmt::Display for HttpGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}://{}:{}{}",
            self.scheme, self.host, self.port, self.path
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_covers_its_path_and_below_and_nothing_beside() {
        let grant = HttpGrant::parse("http://Example.com/orders").expect("valid");
        let allows = |url: &str| grant.allows(&url.parse().expect("valid URL"));
        for url in [
            "http://example.com/orders",
            "http://EXAMPLE.com:80/orders/1?a=b",
            "http://example.com/orders?x",
            "http://example.com/orders/a.b/c%20d/...",
            "http://example.com/orders?x=/../",
        ] {
            assert!(allows(url), "{url}");
        }
        for url in [
            "https://example.com/orders",
            "http://example.com:81/orders",
            "http://example.org/orders",
            "http://example.com/orders-of-others",
            "http://example.com/orders/../admin",
            "http://example.com/orders/%2E%2e/admin",
            "http://example.com/orders/..%2fadmin",
            "http://example.com/orders/..%5Cadmin",
            "http://example.com/orders/%252e%252e/admin",
            "http://example.com/orders/%25252e./admin",
            "http://example.com/orders/%2525252525252e./admin",
            "http://example.com/orders/..;a=b/admin",
            "http://example.com/orders/..%3Ba/admin",
            "http://example.com/",
            "http://user@example.com/orders",
        ] {
            assert!(!allows(url), "{url}");
        }
    }

    #[test]
    fn what_is_no_url_is_no_grant() {
        for text in [
            "",
            "example.com",
            "ftp://example.com/",
            "http://",
            "/orders",
            "http://a@b/",
        ] {
            assert!(HttpGrant::parse(text).is_err(), "{text}");
        }
    }
}
