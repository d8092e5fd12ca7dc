//! The attributes of a CloudEvent (version 1.0) as properties of a message.
//!
//! A property `ce-NAME` is what the HTTP header of that name would be, percent-encoding included
//! (HTTP protocol binding §3.1.3.2), so that an adapter can pass it on as it is.

use axum::http::HeaderMap;
use model::Properties;

use crate::header::text;
use crate::problem::Problem;

const REQUIRED: [&str; 4] = ["id", "source", "type", "specversion"];

/// The only version there is; a later one may mean something else by the same names.
const VERSION: &str = "1.0";

/// Binary mode: the attributes are headers.
pub(super) fn read_attributes(
    headers: &HeaderMap,
    properties: &mut Properties,
) -> Result<(), Problem> {
    for (header, value) in headers {
        if let Some(name) = header.as_str().strip_prefix("ce-") {
            check_name(name).map_err(Problem::malformed)?;
            if name == "datacontenttype" {
                let detail = "a CloudEvent in binary mode has its datacontenttype in the header \
                              Content-Type; remove the header ce-datacontenttype";
                return Err(Problem::malformed(detail));
            }
            properties.set(header.as_str(), text(header, value)?);
        }
    }
    check_required(properties).map_err(Problem::malformed)
}

/// Lower-case letters and digits (specification §3.1, naming conventions).
pub(super) fn check_name(name: &str) -> Result<(), String> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    if !name.is_empty() && name.bytes().all(allowed) {
        return Ok(());
    }
    Err(format!(
        "{name:?} cannot name a CloudEvents attribute: use lower-case letters and digits"
    ))
}

/// All required attributes are there and the version is ours.
pub(super) fn check_required(properties: &Properties) -> Result<(), String> {
    for name in REQUIRED {
        if properties
            .get(&format!("ce-{name}"))
            .is_none_or(str::is_empty)
        {
            return Err(format!("the CloudEvents attribute {name:?} is missing"));
        }
    }
    match properties.get("ce-specversion") {
        Some(VERSION) => Ok(()),
        other => {
            let other = other.unwrap_or_default();
            Err(format!(
                "the CloudEvents specversion is {other:?}; this host takes {VERSION:?}"
            ))
        }
    }
}

/// An attribute's value as it stands in a header.
pub(super) fn header_value(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for character in value.chars() {
        if ('\u{21}'..='\u{7e}').contains(&character) && !matches!(character, '"' | '%') {
            encoded.push(character);
        } else {
            let mut bytes = [0; 4];
            for byte in character.encode_utf8(&mut bytes).bytes() {
                encoded.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_encoded_as_the_http_binding_says() {
        assert_eq!(header_value("/orders/7?x=1"), "/orders/7?x=1");
        assert_eq!(header_value("Euro € 😀"), "Euro%20%E2%82%AC%20%F0%9F%98%80");
        assert_eq!(header_value("100% \"sure\""), "100%25%20%22sure%22");
    }
}
