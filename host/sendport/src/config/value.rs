//! Values with units, as people write them: lengths of time, numbers of bytes.

use std::ops::RangeInclusive;
use std::time::Duration;

use bytesize::ByteSize;

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
