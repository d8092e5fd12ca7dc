//! A port's configuration keys: what they are called, what they take, what their absence means.

use std::time::Duration;

use http_delivery::{Settings, check_name, check_value};
use sendport_guest::{Configuration, ConfigurationKey, ErrorInfo, ValueKind};

const METHODS: [&str; 2] = ["POST", "PUT"];

/// A response is in the instance's memory as a whole, and the host returns no more of an answer.
const LARGEST_RESPONSE: u32 = 16 * 1024 * 1024;

/// The keys. The one that ends in `*` stands for all keys with that beginning.
pub(crate) fn schema() -> [ConfigurationKey; 8] {
    let method = ValueKind::one_of_texts(&METHODS);
    [
        ConfigurationKey::new("method", method, "The method of every request.").default_value("POST"),
        ConfigurationKey::new(
            "timeout",
            ValueKind::Duration,
            "From the start of a request to the end of its answer; more than 0s.",
        )
        .default_value("30s"),
        ConfigurationKey::new(
            "content-type",
            ValueKind::Text,
            "The content type of messages that have no property content-type.",
        )
        .default_value("application/octet-stream"),
        ConfigurationKey::new(
            "idempotency-header",
            ValueKind::Text,
            "The header that carries the message's id, the same on every delivery; empty for none.",
        )
        .default_value("idempotency-key"),
        ConfigurationKey::new(
            "retry-statuses",
            ValueKind::Text,
            "Statuses from 400 to 499, separated by commas, that are retried beside 408, 425, 429 and 5xx.",
        )
        .default_value(""),
        ConfigurationKey::new(
            "max-response",
            ValueKind::Number,
            "Bytes of an answer that are taken as the response on a two-way port, 1 to 16777216; a longer answer suspends the message.",
        )
        .default_value("1048576"),
        ConfigurationKey::new(
            "response-headers",
            ValueKind::Text,
            "Headers of the answer, separated by commas, that become properties http.header.NAME of the response.",
        )
        .default_value(""),
        ConfigurationKey::new(
            "header.*",
            ValueKind::Text,
            "A header of every request, named by what follows the dot. A message cannot replace it.",
        ),
    ]
}

/// Reads a port's settings.
pub(crate) fn parse(configuration: &Configuration) -> Result<Settings, ErrorInfo> {
    let default = Settings::default();
    let settings = Settings {
        method: configuration
            .one_of("method", &METHODS)?
            .map_or(default.method, str::to_owned),
        timeout: timeout(configuration)?.unwrap_or(default.timeout),
        headers: headers(configuration)?,
        content_type: content_type(configuration)?.unwrap_or(default.content_type),
        idempotency_header: match configuration.text("idempotency-header") {
            Some("") => None,
            Some(name) => Some(header_name("idempotency-header", name)?),
            None => default.idempotency_header,
        },
        retry_statuses: retry_statuses(configuration)?,
        max_response: max_response(configuration)?.unwrap_or(default.max_response),
        response_headers: response_headers(configuration)?,
    };
    Ok(settings)
}

fn timeout(configuration: &Configuration) -> Result<Option<Duration>, ErrorInfo> {
    let timeout = configuration.duration("timeout")?;
    if timeout == Some(Duration::ZERO) {
        return Err(error(
            "timeout",
            "is zero: no request would ever be answered",
        ));
    }
    Ok(timeout)
}

fn content_type(configuration: &Configuration) -> Result<Option<String>, ErrorInfo> {
    let Some(value) = configuration.text("content-type") else {
        return Ok(None);
    };
    check_value(value).map_err(|problem| error("content-type", &problem.to_string()))?;
    Ok(Some(value.to_owned()))
}

fn headers(configuration: &Configuration) -> Result<Vec<(String, String)>, ErrorInfo> {
    let headers = configuration.prefixed("header.").map(|(name, value)| {
        let key = format!("header.{name}");
        if name.eq_ignore_ascii_case("content-type") {
            return Err(error(&key, "cannot be set: use the key content-type"));
        }
        check_value(value).map_err(|problem| error(&key, &problem.to_string()))?;
        Ok((header_name(&key, name)?, value.to_owned()))
    });
    headers.collect()
}

fn header_name(key: &str, name: &str) -> Result<String, ErrorInfo> {
    match check_name(name) {
        Ok(()) => Ok(name.to_owned()),
        Err(problem) => Err(error(key, &format!("names {name:?}, which {problem}"))),
    }
}

fn retry_statuses(configuration: &Configuration) -> Result<Vec<u16>, ErrorInfo> {
    let expected = "statuses from 400 to 499, separated by commas, such as 404,409";
    let statuses = configuration.parse("retry-statuses", expected, |value| {
        let texts = value
            .split(',')
            .map(str::trim)
            .filter(|text| !text.is_empty());
        let statuses: Option<Vec<u16>> = texts.map(|text| text.parse().ok()).collect();
        statuses.filter(|statuses| statuses.iter().all(|status| (400..500).contains(status)))
    })?;
    Ok(statuses.unwrap_or_default())
}

fn max_response(configuration: &Configuration) -> Result<Option<u32>, ErrorInfo> {
    let bytes = configuration.number("max-response", 1..=LARGEST_RESPONSE.into())?;
    Ok(bytes.map(|bytes| u32::try_from(bytes).unwrap_or(LARGEST_RESPONSE)))
}

fn response_headers(configuration: &Configuration) -> Result<Vec<String>, ErrorInfo> {
    let key = "response-headers";
    let names = configuration.text(key).unwrap_or_default().split(',');
    let names = names.map(str::trim).filter(|name| !name.is_empty());
    let checked = names.map(|name| {
        if name.eq_ignore_ascii_case("set-cookie") {
            return Err(error(
                key,
                "names set-cookie, which is no list and no property",
            ));
        }
        header_name(key, name)
    });
    checked.collect()
}

fn error(key: &str, problem: &str) -> ErrorInfo {
    ErrorInfo::new("configuration", format!("{key} {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(entries: &[(&str, &str)]) -> Result<Settings, String> {
        let entries = entries
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()));
        parse(&entries.collect()).map_err(|error| error.text)
    }

    #[test]
    fn nothing_configured_is_the_default() {
        assert_eq!(read(&[]), Ok(Settings::default()));
    }

    #[test]
    fn every_key_is_read() {
        let settings = read(&[
            ("method", "PUT"),
            ("timeout", "5s"),
            ("content-type", "text/xml"),
            ("idempotency-header", ""),
            ("retry-statuses", "404, 409"),
            ("max-response", "2048"),
            ("response-headers", "ETag, x-request-id"),
            ("header.X-Tenant", "7"),
        ]);
        let expected = Settings {
            method: "PUT".to_owned(),
            timeout: Duration::from_secs(5),
            headers: vec![("X-Tenant".to_owned(), "7".to_owned())],
            content_type: "text/xml".to_owned(),
            idempotency_header: None,
            retry_statuses: vec![404, 409],
            max_response: 2048,
            response_headers: vec!["ETag".to_owned(), "x-request-id".to_owned()],
        };
        assert_eq!(settings, Ok(expected));
    }

    #[test]
    fn the_schema_describes_the_defaults() {
        let keys = schema();
        let defaults = keys
            .iter()
            .filter_map(|key| Some((key.name.as_str(), key.default.as_deref()?)));
        let defaults: Vec<_> = defaults.collect();
        assert_eq!(read(&defaults), Ok(Settings::default()));
    }

    #[test]
    fn an_error_names_the_key() {
        let cases = [
            (
                "method",
                "GET",
                "method = \"GET\": expected one of POST, PUT",
            ),
            (
                "timeout",
                "0s",
                "timeout is zero: no request would ever be answered",
            ),
            (
                "timeout",
                "soon",
                "timeout = \"soon\": expected a length of time such as 500ms, 30s, 5m or 2h",
            ),
            (
                "header.content-type",
                "a",
                "header.content-type cannot be set: use the key content-type",
            ),
            (
                "header.Host",
                "a",
                "header.Host names \"Host\", which is set by the host and cannot be chosen",
            ),
            (
                "header.x",
                "a\nb",
                "header.x has a value that no header can carry: control characters are not allowed",
            ),
            (
                "retry-statuses",
                "404,200",
                "retry-statuses = \"404,200\": expected statuses from 400 to 499, separated by commas, such as 404,409",
            ),
            (
                "max-response",
                "0",
                "max-response = \"0\": expected a whole number from 1 to 16777216",
            ),
            (
                "response-headers",
                "etag,Set-Cookie",
                "response-headers names set-cookie, which is no list and no property",
            ),
        ];
        for (key, value, expected) in cases {
            assert_eq!(read(&[(key, value)]), Err(expected.to_owned()));
        }
        let name = read(&[("idempotency-header", "a b")]).unwrap_err();
        assert!(
            name.starts_with("idempotency-header names \"a b\", which is not a header name"),
            "{name}"
        );
    }
}
