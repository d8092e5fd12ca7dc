//! Headers of requests as text, and those that are understood wherever a body comes with them.

use axum::http::header::CONTENT_ENCODING;
use axum::http::{HeaderMap, HeaderValue};

use crate::problem::Problem;

/// A header's value as text. Headers are bytes; properties are text.
pub(crate) fn text(name: impl AsRef<str>, value: &HeaderValue) -> Result<&str, Problem> {
    std::str::from_utf8(value.as_bytes()).map_err(|_| {
        let name = name.as_ref();
        Problem::malformed(format!("the header {name} is not UTF-8")).with("header", name)
    })
}

/// A compressed body would reach the destination without the header that says so.
pub(crate) fn refuse_encoded(headers: &HeaderMap) -> Result<(), Problem> {
    let encoding = match headers.get(CONTENT_ENCODING) {
        Some(value) => text(&CONTENT_ENCODING, value)?,
        None => return Ok(()),
    };
    if encoding.eq_ignore_ascii_case("identity") {
        return Ok(());
    }
    Err(Problem::unsupported(format!(
        "the content encoding {encoding} is not understood; send the body as it is"
    )))
}
