//! Values with units, as people write them: lengths of time, numbers of bytes, rates.

use std::ops::RangeInclusive;
use std::time::Duration;

use bytesize::ByteSize;
use model::RateLimit;

/// Reads `500ms`, `30s`, `5m`, `2h`.
pub(crate) fn duration(text: &str, range: RangeInclusive<Duration>) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|_| {
        format!("'{text}' is not a length of time: write for example '500ms', '30s' or '5m'")
    })?;
    if range.contains(&duration) {
        Ok(duration)
    } else {
        let (from, to) = (written(*range.start()), written(*range.end()));
        Err(format!("'{text}' is out of range: use {from} to {to}"))
    }
}

/// A length of time as the configuration writes it.
pub(crate) fn written(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

/// Reads `64MiB`, `10GB`, `4096`.
pub(super) fn size(text: &str, range: RangeInclusive<u64>) -> Result<u64, String> {
    let ByteSize(bytes) = text.parse().map_err(|_| {
        format!("'{text}' is not a size: write for example '512KiB', '64MiB' or '10GiB'")
    })?;
    if range.contains(&bytes) {
        Ok(bytes)
    } else {
        let (from, to) = (ByteSize(*range.start()), ByteSize(*range.end()));
        Err(format!("'{text}' is out of range: use {from} to {to}"))
    }
}

/// Reads `100/s`, `6000/m`, `10/h`.
pub(super) fn rate(text: &str, range: RangeInclusive<u64>) -> Result<RateLimit, String> {
    let parts = text.split_once('/').and_then(|(messages, span)| {
        let seconds = match span.trim() {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            _ => return None,
        };
        Some((messages.trim().parse::<u64>().ok()?, seconds))
    });
    let Some((messages, seconds)) = parts else {
        return Err(format!(
            "'{text}' is not a rate: write for example '100/s', '6000/m' or '10/h'"
        ));
    };
    match u32::try_from(messages) {
        Ok(messages) if range.contains(&u64::from(messages)) => Ok(RateLimit {
            messages,
            per: Duration::from_secs(seconds),
        }),
        _ => {
            let (from, to) = (range.start(), range.end());
            Err(format!(
                "{messages} messages are out of range: use {from} to {to}"
            ))
        }
    }
}
