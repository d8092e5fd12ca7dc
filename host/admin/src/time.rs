//! Points and lengths of time as the API and the command line read and write them.

use std::time::{Duration, SystemTime};

use model::Timestamp;

/// A text that is no time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Not a point in time.
    #[error(
        "{0:?} is not a point in time: write date, time and zone (RFC 3339), \
         for example 2026-01-31T18:00:00Z or 2026-01-31T18:00:00+01:00"
    )]
    Point(String),
    /// Not a length of time.
    #[error("{0:?} is not a length of time: write for example 500ms, 30s or 5m")]
    Length(String),
}

/// Reads a point in time (RFC 3339). What is finer than a millisecond is cut off.
pub fn parse(text: &str) -> Result<Timestamp, TimeError> {
    let time: jiff::Timestamp = text
        .parse()
        .map_err(|_| TimeError::Point(text.to_owned()))?;
    Ok(Timestamp(time.as_millisecond()))
}

/// Reads a length of time: `500ms`, `30s`, `1h 30m`.
pub fn parse_duration(text: &str) -> Result<Duration, TimeError> {
    humantime::parse_duration(text).map_err(|_| TimeError::Length(text.to_owned()))
}

/// The last moment that four digits of a year can write; a clock beyond it is wrong anyway.
const LATEST_MILLIS: u64 = 253_402_300_799_999;

/// Writes a point in time (RFC 3339, UTC, milliseconds). Times before 1970 become the epoch.
pub fn rfc3339(time: Timestamp) -> String {
    let millis = u64::try_from(time.0).unwrap_or(0).min(LATEST_MILLIS);
    let time = SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
    humantime::format_rfc3339_millis(time).to_string()
}

/// The time it is.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_system(SystemTime::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_for_people_and_programs() {
        assert_eq!(rfc3339(Timestamp(0)), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(Timestamp(-1)), "1970-01-01T00:00:00.000Z");
        assert_eq!(
            rfc3339(Timestamp(1_700_000_000_123)),
            "2023-11-14T22:13:20.123Z"
        );
        assert_eq!(rfc3339(Timestamp(i64::MAX)), "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn times_are_read_in_any_zone() {
        for text in [
            "2023-11-14T22:13:20.123Z",
            "2023-11-14T23:13:20.1239+01:00",
            "2023-11-14t22:13:20.123z",
        ] {
            assert_eq!(parse(text), Ok(Timestamp(1_700_000_000_123)), "{text}");
        }
        for wrong in ["", "2023-11-14", "2023-11-14T22:13:20", "now", "42"] {
            assert_eq!(parse(wrong), Err(TimeError::Point(wrong.to_owned())));
        }
    }

    #[test]
    fn lengths_of_time_have_units() {
        assert_eq!(parse_duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(parse_duration("1h 30m"), Ok(Duration::from_secs(5400)));
        for wrong in ["", "30", "-1s", "s"] {
            assert_eq!(
                parse_duration(wrong),
                Err(TimeError::Length(wrong.to_owned()))
            );
        }
    }
}
