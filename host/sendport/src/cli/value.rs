//! Values on the command line: what a text must look like, and what is said when it does not.

use std::time::Duration;

use admin::time;
use model::{PortName, Priority, Timestamp};

pub(super) fn port_name(text: &str) -> Result<PortName, String> {
    PortName::new(text).map_err(|error| error.to_string())
}

pub(super) fn priority(text: &str) -> Result<Priority, String> {
    let number = text
        .parse()
        .map_err(|_| "use a number from 1 (first) to 10 (last)".to_owned())?;
    Priority::new(number).map_err(|error| error.to_string())
}

pub(super) fn time(text: &str) -> Result<Timestamp, String> {
    time::parse(text).map_err(|error| error.to_string())
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    time::parse_duration(text).map_err(|error| error.to_string())
}

pub(super) fn time_to_live(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("a message that lives for no time is never delivered".to_owned()),
        time => Ok(time),
    }
}

/// Properties travel as HTTP headers, whose names know no capitals; the same rule holds when the box is
/// opened directly, so that a message does not depend on how it was published.
pub(super) fn property(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("write NAME=VALUE, for example --property source-file-name=order.xml")?;
    Ok((property_name(name)?, visible(value)?))
}

fn property_name(name: &str) -> Result<String, String> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b);
    if name.is_empty() || !name.bytes().all(allowed) {
        return Err(format!(
            "{name:?} cannot name a property: use lower-case letters, digits, '-', '_' or '.'"
        ));
    }
    Ok(name.to_owned())
}

pub(super) fn ordering_key(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("an empty key orders nothing".to_owned());
    }
    visible(text)
}

pub(super) fn idempotency_key(text: &str) -> Result<String, String> {
    match text.len() {
        1..=255 => visible(text),
        length => Err(format!("the key has {length} bytes; use 1 to 255")),
    }
}

/// A text that can stand in a header: no line breaks or other controls, no space around it.
pub(super) fn visible(text: &str) -> Result<String, String> {
    if text.contains(char::is_control) || text.trim() != text {
        return Err(
            "line breaks, control characters and space around it are not allowed".to_owned(),
        );
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_have_names_that_travel() {
        let pair = |name: &str, value: &str| Ok((name.to_owned(), value.to_owned()));
        assert_eq!(property("a=b=c"), pair("a", "b=c"));
        assert_eq!(property("source-file-name="), pair("source-file-name", ""));
        for wrong in ["a", "=b", "Name=x", "two words=x", "a=line\nbreak", "a= x"] {
            assert!(property(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn times_are_moments_and_durations_have_units() {
        assert_eq!(time("1970-01-01T01:00:01+01:00"), Ok(Timestamp(1000)));
        assert_eq!(duration("1m 30s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("0s"), Ok(Duration::ZERO));
        for wrong in ["", "30", "soon", "0s"] {
            assert!(time_to_live(wrong).is_err(), "{wrong:?}");
        }
        assert!(time("2026-01-31").is_err() && time("2026-01-31T18:00:00").is_err());
    }
}
