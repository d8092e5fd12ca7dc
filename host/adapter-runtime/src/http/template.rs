//! The parts of a request that stay the same from message to message, checked once.

use std::sync::Arc;
use std::time::Duration;

use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header};
use model::{Body, MessageId};

use super::HttpError;
use super::body::RequestBody;
use crate::credentials::Covered;
use crate::egress::{EgressWay, Opening};
use crate::limits::Kept;
use crate::{Credentials, HttpGrant};

/// Headers that only the host may set: they frame the message or belong to the connection.
const FORBIDDEN: [HeaderName; 8] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::EXPECT,
    header::HOST,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// True for a header that only the host may set.
pub(crate) fn is_reserved(name: &HeaderName) -> bool {
    FORBIDDEN.contains(name)
}

/// What all requests of one kind have in common, as an adapter states it.
#[derive(Clone, Debug)]
pub struct RequestOptions {
    /// `POST`, `PUT`, …
    pub method: String,
    /// Absolute, `http` or `https`.
    pub url: String,
    /// Sent with every request.
    pub headers: Vec<(String, String)>,
    /// From the start of a request to the end of its answer.
    pub timeout: Duration,
    /// Headers of the answer to return.
    pub answer_headers: Vec<String>,
    /// Bytes of the answer's body to return when its status is 300 or more.
    pub answer_excerpt: u32,
    /// Bytes of the answer's body to return when its status is below 300; 0 discards it.
    pub answer_body: u32,
}

/// Checked [`RequestOptions`]. Cheap to clone.
#[derive(Clone, Debug)]
pub struct RequestTemplate(pub(super) Arc<Parts>, usize);

#[derive(Debug)]
pub(super) struct Parts {
    method: Method,
    uri: Uri,
    /// The grant that covers the URL.
    grant: HttpGrant,
    headers: HeaderMap,
    pub(super) timeout: Duration,
    pub(super) answer_headers: Vec<HeaderName>,
    answer_excerpt: usize,
    answer_body: usize,
    /// Present when the port's credentials are for the URL.
    pub(super) credentials: Option<Covered>,
    _kept: Kept,
}

/// What is returned of an answer is held by the host and copied into the guest: bounded whatever it
/// asks for. Excerpts are for error texts,
const LONGEST_EXCERPT: usize = 64 * 1024;
/// bodies for responses.
const LONGEST_BODY: usize = 16 * 1024 * 1024;

impl RequestTemplate {
    /// Checks method, URL and headers, and that one of the grants covers the URL. Requests get the
    /// credentials if these are for it.
    pub fn open(
        options: RequestOptions,
        grants: &[HttpGrant],
        credentials: &Credentials,
    ) -> Result<Self, HttpError> {
        Self::keeping(options, grants, credentials, Kept::default())
    }

    /// The same for a guest, whose host keeps it.
    pub(super) fn keeping(
        options: RequestOptions,
        grants: &[HttpGrant],
        credentials: &Credentials,
        kept: Kept,
    ) -> Result<Self, HttpError> {
        let invalid =
            |what: &str, value: &str| HttpError::Invalid(format!("{value:?} is not {what}"));
        let method = Method::from_bytes(options.method.as_bytes())
            .map_err(|_| invalid("an HTTP method", &options.method))?;
        let uri: Uri = options
            .url
            .parse()
            .map_err(|_| invalid("a URL", &options.url))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(invalid("an absolute http or https URL", &options.url));
        }
        if method == Method::CONNECT {
            // It would make the destination a way to others.
            let text = "CONNECT is not a request that an adapter can make";
            return Err(HttpError::Invalid(text.to_owned()));
        }
        let grant = grants.iter().find(|grant| grant.allows(&uri));
        let grant = grant.ok_or_else(|| {
            let url = &options.url;
            HttpError::Denied(format!(
                "the port does not grant {url}; if that is right, add it to the port's grants.http"
            ))
        })?;
        let headers = add_headers(HeaderMap::new(), &options.headers)?;
        let names = options.answer_headers.iter();
        let answer_headers = names
            .map(|n| n.parse().map_err(|_| invalid("a header name", n)))
            .collect::<Result<_, _>>()?;
        let bounded = |wanted: u32, longest: usize| {
            usize::try_from(wanted).unwrap_or(usize::MAX).min(longest)
        };
        let timeout = options.timeout;
        let parts = Parts {
            credentials: credentials.of(&uri),
            method,
            uri,
            grant: grant.clone(),
            headers,
            timeout,
            answer_headers,
            answer_excerpt: bounded(options.answer_excerpt, LONGEST_EXCERPT),
            answer_body: bounded(options.answer_body, LONGEST_BODY),
            _kept: kept,
        };
        Ok(Self(Arc::new(parts), LONGEST_BODY))
    }

    /// The same, for an answer that is of no use beyond so many bytes: what a two-way port takes as a
    /// response. A little more is returned, so that one that is too large can be told by its size.
    pub(super) fn for_response(self, most: Option<usize>) -> Self {
        let most = most.unwrap_or_default();
        Self(self.0, most.saturating_add(LONGEST_EXCERPT))
    }

    /// What goes out for this message, and by which grant.
    pub(super) fn opening(&self, message: MessageId) -> (Opening, Arc<str>) {
        let Parts {
            method, uri, grant, ..
        } = &*self.0;
        let opening = Opening {
            way: EgressWay::HttpClient,
            message: Some(message),
            method: Some(method.as_str().into()),
            target: target(uri),
        };
        (opening, grant.to_string().into())
    }

    /// The host that requests go to.
    pub(super) fn host(&self) -> &str {
        self.0.uri.host().unwrap_or_default()
    }

    /// How much of the body of an answer of this status is returned.
    pub(super) fn wanted_of(&self, status: u16) -> usize {
        if status < 300 {
            self.0.answer_body.min(self.1)
        } else {
            self.0.answer_excerpt
        }
    }

    /// The request for one message, authorized but not signed yet.
    pub(super) fn request(
        &self,
        headers: &[(String, String)],
        body: &Body,
    ) -> Result<Request<RequestBody>, HttpError> {
        let mut request = Request::new(RequestBody::of_message(body));
        *request.method_mut() = self.0.method.clone();
        *request.uri_mut() = self.0.uri.clone();
        *request.headers_mut() = add_headers(self.0.headers.clone(), headers)?;
        if let Some(credentials) = &self.0.credentials {
            credentials.authorize(request.headers_mut());
        }
        Ok(request)
    }
}

/// Why a request is denied, as it is told: without the URL, in which there may be secrets.
pub(super) const NOT_GRANTED: &str =
    "the port does not grant it; if that is right, add its URL to the port's grants.http";

/// A URL as it is told: without a user and a query, in which there may be secrets.
pub(super) fn target(uri: &Uri) -> Arc<str> {
    let authority = uri.authority().map_or("", Authority::as_str);
    let host = authority.rsplit('@').next().unwrap_or_default();
    let scheme = uri.scheme_str().unwrap_or_default();
    format!("{scheme}://{host}{}", uri.path()).into()
}

fn add_headers(mut map: HeaderMap, headers: &[(String, String)]) -> Result<HeaderMap, HttpError> {
    for (name, value) in headers {
        let bad = |what: &str| HttpError::Invalid(format!("header {name:?}: {what}"));
        let parsed: HeaderName = name.parse().map_err(|_| bad("not a header name"))?;
        if is_reserved(&parsed) {
            return Err(bad("only the host sets this header"));
        }
        let value = HeaderValue::from_bytes(value.as_bytes())
            .map_err(|_| bad("the value holds control characters"))?;
        // Inserting into a full map panics.
        map.try_insert(parsed, value)
            .map_err(|_| HttpError::Invalid("the request has too many headers".to_owned()))?;
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(method: &str, url: &str, header: &str) -> RequestOptions {
        RequestOptions {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: vec![(header.to_owned(), "x".to_owned())],
            timeout: Duration::from_secs(1),
            answer_headers: Vec::new(),
            answer_excerpt: u32::MAX,
            answer_body: 1,
        }
    }

    #[test]
    fn what_is_wanted_of_a_body_depends_on_the_status_and_is_bounded() {
        let grants = [HttpGrant::parse("http://localhost/").expect("valid")];
        let options = options("POST", "http://localhost/", "x-a");
        let template =
            RequestTemplate::open(options, &grants, &Credentials::default()).expect("valid");
        assert_eq!((template.wanted_of(200), template.wanted_of(299)), (1, 1));
        assert_eq!(template.wanted_of(300), LONGEST_EXCERPT);
        assert_eq!(template.wanted_of(503), LONGEST_EXCERPT);
        let greedy = RequestOptions {
            answer_body: u32::MAX,
            ..self::options("POST", "http://localhost/", "x-a")
        };
        let greedy =
            RequestTemplate::open(greedy, &grants, &Credentials::default()).expect("valid");
        assert_eq!(greedy.wanted_of(200), LONGEST_BODY);
        for (response, wanted) in [(None, 0), (Some(9), 9), (Some(usize::MAX), LONGEST_BODY)] {
            let template = greedy.clone().for_response(response);
            let expected = LONGEST_BODY.min(wanted + LONGEST_EXCERPT);
            assert_eq!(template.wanted_of(200), expected);
        }
    }

    #[test]
    fn more_headers_than_a_map_can_hold_are_refused() {
        let headers: Vec<_> = (0..50_000)
            .map(|n| (format!("x-{n}"), String::new()))
            .collect();
        let refused = add_headers(HeaderMap::new(), &headers).map(drop);
        assert!(matches!(refused, Err(HttpError::Invalid(_))), "{refused:?}");
        assert!(add_headers(HeaderMap::new(), &headers[..1000]).is_ok());
    }

    #[test]
    fn what_is_told_of_a_url_holds_no_secrets() {
        for (url, told) in [
            ("http://a:1/b?c=d", "http://a:1/b"),
            ("https://user:secret@a/b", "https://a/b"),
            ("https://a@b@[::1]/", "https://[::1]/"),
            ("http://a", "http://a/"),
        ] {
            let uri: Option<Uri> = url.parse().ok();
            // What is no URL at all is not told.
            if let Some(uri) = uri {
                assert_eq!(&*target(&uri), told);
            }
        }
    }

    #[test]
    fn bad_requests_and_ungranted_addresses_are_refused() {
        let grants = [HttpGrant::parse("http://localhost:1/in").expect("valid")];
        let open = |o| RequestTemplate::open(o, &grants, &Credentials::default()).map(drop);
        assert_eq!(
            open(options("POST", "http://localhost:1/in", "x-a")),
            Ok(())
        );
        for (method, url, header) in [
            ("PO ST", "http://localhost:1/in", "x-a"),
            ("CONNECT", "http://localhost:1/in", "x-a"),
            ("POST", "/in", "x-a"),
            ("POST", "ftp://localhost:1/in", "x-a"),
            ("POST", "http://localhost:1/in", "x a"),
            ("POST", "http://localhost:1/in", "Content-Length"),
            ("POST", "http://localhost:1/in", "host"),
        ] {
            let refused = open(options(method, url, header));
            assert!(
                matches!(refused, Err(HttpError::Invalid(_))),
                "{method} {url} {header}"
            );
        }
        let refused = open(options("POST", "http://localhost:1/other", "x-a"));
        assert!(matches!(refused, Err(HttpError::Denied(_))), "{refused:?}");
    }
}
