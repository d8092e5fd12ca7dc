//! Any request that publishes: what is accepted is in the box, exactly; what is refused leaves nothing.
//!
//! An input looks like a request of HTTP: the port, headers, an empty line, the body.
//!
//! ```text
//! orders
//! content-type: application/x-ndjson
//! idempotency-key: k
//!
//! {"number": 1}
//! {"number": 2}
//! ```

mod expected;
mod host;

use std::cell::RefCell;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use bytes::Bytes;
use futures::stream;
use serde_json::Value;

use expected::Expected;
use host::{Answer, Host, Kept, LIMITS};

/// The box remembers idempotency keys for a day; a new one from time to time keeps it small.
const REQUESTS_PER_BOX: u32 = 10_000;

/// Bodies come in pieces of this many bytes.
const PIECE: usize = 100;

const IDEMPOTENCY_KEY: &str = "idempotency-key";

thread_local! {
    /// Opening a box takes far longer than a request.
    static HOST: RefCell<Option<(Host, u32)>> = const { RefCell::new(None) };
}

/// The request is sent to a real router on a real box, and what it left there is taken out again.
pub fn fuzz(data: &[u8]) {
    HOST.with_borrow_mut(|kept| {
        let (host, requests) = kept.get_or_insert_with(|| (Host::new(), 0));
        *requests += 1;
        if let Some(input) = Input::read(data, *requests) {
            host.run(async |host: &Host| check(host, &input).await);
        }
        if *requests == REQUESTS_PER_BOX {
            *kept = None;
        }
    });
}

/// A request as it is read from an input.
struct Input {
    port: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Input {
    /// `None` when it is no request that an HTTP server would hand on.
    fn read(data: &[u8], request: u32) -> Option<Self> {
        let end = data.windows(2).position(|pair| pair == b"\n\n");
        let (head, body) = match end {
            Some(end) => (&data[..end], &data[end + 2..]),
            None => (data, &[][..]),
        };
        let mut lines = head.split(|byte| *byte == b'\n');
        let port = std::str::from_utf8(lines.next()?).ok()?;
        let mut headers: HeaderMap = lines.filter_map(header).collect();
        // Every input starts afresh, although the box does not.
        if let Some(key) = headers.get(IDEMPOTENCY_KEY).filter(|key| !key.is_empty()) {
            let key = [format!("{request} ").as_bytes(), key.as_bytes()].concat();
            let key = HeaderValue::from_bytes(&key).ok()?;
            headers.insert(IDEMPOTENCY_KEY, key);
        }
        Some(Self {
            port: port.to_owned(),
            headers,
            body: Bytes::copy_from_slice(body),
        })
    }

    /// `None` when the port cannot be written into a path.
    fn request(&self) -> Option<Request<Body>> {
        let pieces: Vec<Bytes> = self
            .body
            .chunks(PIECE)
            .map(|p| self.body.slice_ref(p))
            .collect();
        let pieces = pieces.into_iter().map(Ok::<_, std::io::Error>);
        let body = Body::from_stream(stream::iter(pieces));
        let path = format!("/v1/ports/{}/messages", self.port);
        let mut request = Request::post(path).body(body).ok()?;
        request.headers_mut().clone_from(&self.headers);
        Some(request)
    }
}

fn header(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = HeaderName::from_bytes(&line[..colon]).ok()?;
    let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
    Some((name, value))
}

async fn check(host: &Host, input: &Input) {
    let Some(request) = input.request() else {
        return;
    };
    let before = host.accepted().await;
    let answer = host.send(request).await;
    let kept = host.take().await;
    let after = host.accepted().await;
    assert_eq!(after - before, kept.len() as u64, "{answer:?}");
    if answer.status == StatusCode::ACCEPTED {
        check_accepted(input, &answer, &kept);
        check_repeated(host, input, &answer).await;
    } else {
        check_refused(&answer);
        assert!(kept.is_empty(), "refused, and kept: {answer:?} {kept:?}");
    }
}

/// The answer names the messages that are in the box, and they are those of the request.
fn check_accepted(input: &Input, answer: &Answer, kept: &[Kept]) {
    let ids: Vec<&str> = kept.iter().map(|kept| kept.id.as_str()).collect();
    assert_eq!(answer.ids(), ids, "{answer:?}");
    assert_eq!(answer.json["repeated"], false, "{answer:?}");
    assert!(input.body.len() as u64 <= LIMITS.max_body, "{answer:?}");
    assert!(!kept.is_empty(), "accepted, and nothing kept");
    if let Some(expected) = Expected::of(&input.headers, &input.body) {
        expected.check(kept);
    }
}

/// The same request again does nothing, if it has a key.
async fn check_repeated(host: &Host, input: &Input, first: &Answer) {
    let (true, Some(request)) = (input.headers.contains_key(IDEMPOTENCY_KEY), input.request())
    else {
        return;
    };
    let second = host.send(request).await;
    assert_eq!(second.status, StatusCode::ACCEPTED, "{second:?}");
    assert_eq!(second.json["ids"], first.json["ids"], "{second:?}");
    assert_eq!(second.json["repeated"], true, "{second:?}");
    assert!(host.take().await.is_empty(), "published twice: {second:?}");
}

/// A problem that says what is wrong with the request; the host is never at fault.
fn check_refused(answer: &Answer) {
    assert!(answer.status.is_client_error(), "{answer:?}");
    assert_eq!(answer.media_type, "application/problem+json", "{answer:?}");
    assert_eq!(answer.json["status"], answer.status.as_u16(), "{answer:?}");
    let detail = answer.json["detail"].as_str().unwrap_or_default();
    assert!(!detail.is_empty(), "{answer:?}");
    assert!(matches!(&answer.json["type"], Value::String(kind) if kind.starts_with("urn:")));
}
