//! The headers of one request, from the properties of its message.

use std::fmt::Write;

use crate::{NameError, Settings, check_name, check_value};

/// A property that asks for a header which cannot be sent. The same message would fail the same way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("property {property:?} {problem}")]
pub struct HeaderError {
    /// The property's name.
    pub property: String,
    /// What is wrong with it.
    pub problem: HeaderProblem,
}

/// What can be wrong with a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderProblem {
    /// The header itself.
    #[error(transparent)]
    Header(#[from] NameError),
    /// The port's own header of that name.
    #[error("names a header that the port sets: a message cannot replace it")]
    Ports,
}

/// Properties that become headers as they are.
pub(crate) const HTTP: &str = "http.header.";
const CLOUD_EVENT: &str = "ce-";
const TRACE: [&str; 2] = ["traceparent", "tracestate"];

impl Settings {
    /// The headers that this message adds to those of the port ([`Settings::headers`]).
    ///
    /// `http.header.NAME` becomes the header NAME and goes before everything else of that name. A
    /// message with the attributes of a CloudEvent is sent as one, in binary mode. `content-type`,
    /// `traceparent` and `tracestate` are passed on; the message's id is the idempotency key.
    pub fn request_headers<'a>(
        &self,
        id: &str,
        properties: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Vec<(String, String)>, HeaderError> {
        let (mut headers, mut rest) = (Vec::new(), Vec::new());
        for (property, value) in properties {
            match property.strip_prefix(HTTP) {
                Some(name) => headers.push(self.checked(property, name, value.to_owned())?),
                None => rest.push((property, value)),
            }
        }
        let chosen = headers.len();
        let event = is_cloud_event(&rest);
        for &(property, value) in &rest {
            let value = match property {
                _ if headers[..chosen]
                    .iter()
                    .any(|(name, _)| name.eq_ignore_ascii_case(property)) =>
                {
                    continue;
                }
                "content-type" => value.to_owned(),
                // In binary mode the content type says it already.
                "ce-datacontenttype" => continue,
                _ if TRACE.contains(&property) => value.to_owned(),
                _ if event && property.starts_with(CLOUD_EVENT) => percent_encode(value),
                _ => continue,
            };
            headers.push(self.checked(property, property, value)?);
        }
        self.add_defaults(&mut headers, id, event, &rest);
        Ok(headers)
    }

    /// What the message did not say itself.
    fn add_defaults(
        &self,
        headers: &mut Vec<(String, String)>,
        id: &str,
        event: bool,
        properties: &[(&str, &str)],
    ) {
        let mut add = |name: &str, value: &str| {
            if !headers
                .iter()
                .any(|(known, _)| known.eq_ignore_ascii_case(name))
            {
                headers.push((name.to_owned(), value.to_owned()));
            }
        };
        if event {
            add("ce-specversion", "1.0");
        }
        let of_the_event = event
            .then(|| value(properties, "ce-datacontenttype"))
            .flatten();
        let valid = of_the_event.filter(|value| check_value(value).is_ok());
        add("content-type", valid.unwrap_or(&self.content_type));
        if let Some(name) = &self.idempotency_header {
            add(name, id);
        }
    }

    fn checked(
        &self,
        property: &str,
        name: &str,
        value: String,
    ) -> Result<(String, String), HeaderError> {
        let error = |problem| HeaderError {
            property: property.to_owned(),
            problem,
        };
        check_name(name)
            .and_then(|()| check_value(&value))
            .map_err(|problem| error(problem.into()))?;
        if self
            .headers
            .iter()
            .any(|(port, _)| port.eq_ignore_ascii_case(name))
        {
            return Err(error(HeaderProblem::Ports));
        }
        Ok((name.to_owned(), value))
    }
}

fn value<'a>(properties: &[(&str, &'a str)], name: &str) -> Option<&'a str> {
    let mut properties = properties.iter();
    properties
        .find(|(property, _)| *property == name)
        .map(|(_, value)| *value)
}

/// The attributes that every CloudEvent has; `specversion` has only one value and may be left out.
fn is_cloud_event(properties: &[(&str, &str)]) -> bool {
    ["ce-id", "ce-source", "ce-type"]
        .iter()
        .all(|name| value(properties, name).is_some())
}

/// A CloudEvents attribute as a header's value (HTTP protocol binding 1.0.2, §3.1.3.2).
fn percent_encode(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_graphic() && byte != b'"' && byte != b'%' {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("a String takes everything");
        }
    }
    encoded
}

#[cfg(test)]
mod tests;
