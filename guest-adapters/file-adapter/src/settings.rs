//! What a port's configuration says to this adapter, checked.
//!
//! Owns the keys, their defaults and their errors. Touches no file. A key that is not in [`schema`] never
//! gets here: the host refuses it.

use jiff::tz::{TimeZone, TimeZoneDatabase};
use sendport_guest::{Configuration, ConfigurationKey, ErrorInfo, ValueKind};

use crate::file_name::Template;

const FILE_NAME: &str = "file-name";
const COPY_MODE: &str = "copy-mode";
const TIME_ZONE: &str = "time-zone";
const TEMP_SUFFIX: &str = "temp-suffix";

const DEFAULT_FILE_NAME: &str = "%MessageID%";
const DEFAULT_TIME_ZONE: &str = "UTC";
const DEFAULT_TEMP_SUFFIX: &str = ".tmp";

const CREATE_NEW: &str = "create-new";
const OVERWRITE: &str = "overwrite";
const APPEND: &str = "append";

/// What to do about a file that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CopyMode {
    /// Leave it and fail.
    CreateNew,
    /// Put the message in its place.
    Overwrite,
    /// Add the message to its end.
    Append,
}

/// A port's settings.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// How files are named.
    pub(crate) file_name: Template,
    /// What to do about a file that is there already.
    pub(crate) copy_mode: CopyMode,
    /// For the macros that end in `.tz`.
    pub(crate) time_zone: TimeZone,
    /// Ends the name of a file that is still being written.
    pub(crate) temp_suffix: String,
}

/// The keys of a port's configuration.
pub(crate) fn schema() -> [ConfigurationKey; 4] {
    let name = "Name of the file. Macros: %MessageID%, %datetime%, %datetime_bts2000%, %datetime.tz%, \
                %time%, %time.tz%, %SourceFileName%, %SourceParty%, %SourcePartyID%, \
                %SourcePartyQualifier%, %DestinationParty%, %DestinationPartyID%, \
                %DestinationPartyQualifier%; %% is a percent sign.";
    let mode = "What happens to a file of that name: create-new leaves it and fails (and is tried again), \
                overwrite replaces it, append adds to its end (give the port instances = 1).";
    let zone = "Time zone of the macros that end in .tz: an IANA name such as Europe/Berlin.";
    let suffix =
        "Ends the name of a file while it is written; 1 to 32 letters, digits, '.', '-' or '_'.";
    let modes = ValueKind::one_of_texts(&[CREATE_NEW, OVERWRITE, APPEND]);
    [
        ConfigurationKey::new(FILE_NAME, ValueKind::Text, name).default_value(DEFAULT_FILE_NAME),
        ConfigurationKey::new(COPY_MODE, modes, mode).default_value(CREATE_NEW),
        ConfigurationKey::new(TIME_ZONE, ValueKind::Text, zone).default_value(DEFAULT_TIME_ZONE),
        ConfigurationKey::new(TEMP_SUFFIX, ValueKind::Text, suffix)
            .default_value(DEFAULT_TEMP_SUFFIX),
    ]
}

impl Settings {
    /// Checks a port's configuration.
    pub(crate) fn parse(port: &Configuration) -> Result<Self, ErrorInfo> {
        let template = Template::parse(port.text(FILE_NAME).unwrap_or(DEFAULT_FILE_NAME));
        let file_name =
            template.map_err(|e| ErrorInfo::new("configuration", format!("{FILE_NAME}: {e}")))?;
        let mode = port.parse(COPY_MODE, "create-new, overwrite or append", copy_mode)?;
        let zone = port.parse(
            TIME_ZONE,
            "an IANA name such as Europe/Berlin, or UTC",
            time_zone,
        )?;
        let kind = "1 to 32 letters, digits, '.', '-' or '_'";
        let suffix = port.parse(TEMP_SUFFIX, kind, temp_suffix)?;
        Ok(Self {
            file_name,
            copy_mode: mode.unwrap_or(CopyMode::CreateNew),
            time_zone: zone.unwrap_or(TimeZone::UTC),
            temp_suffix: suffix.unwrap_or_else(|| DEFAULT_TEMP_SUFFIX.to_owned()),
        })
    }
}

fn copy_mode(text: &str) -> Option<CopyMode> {
    match text {
        CREATE_NEW => Some(CopyMode::CreateNew),
        OVERWRITE => Some(CopyMode::Overwrite),
        APPEND => Some(CopyMode::Append),
        _ => None,
    }
}

/// The zone of that name. Only the zones compiled into the adapter count, so that it names files the
/// same way on every host.
pub(crate) fn time_zone(name: &str) -> Option<TimeZone> {
    match name {
        DEFAULT_TIME_ZONE => Some(TimeZone::UTC),
        name => TimeZoneDatabase::bundled().get(name).ok(),
    }
}

fn temp_suffix(text: &str) -> Option<String> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    let fits = (1..=32).contains(&text.len()) && text.bytes().all(allowed);
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(entries: &[(&str, &str)]) -> Result<Settings, ErrorInfo> {
        let owned = entries
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        Settings::parse(&owned.collect())
    }

    #[test]
    fn nothing_configured_is_what_the_schema_says() {
        let settings = parse(&[]).unwrap();
        assert_eq!(settings.copy_mode, CopyMode::CreateNew);
        assert_eq!(settings.time_zone, TimeZone::UTC);
        let defaults = schema().map(|key| (key.name, key.default.unwrap()));
        let entries: Vec<_> = defaults
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        let same = parse(&entries).unwrap();
        assert_eq!(format!("{same:?}"), format!("{settings:?}"));
    }

    #[test]
    fn every_key_is_read() {
        let settings = parse(&[
            ("file-name", "%datetime.tz%.edi"),
            ("copy-mode", "append"),
            ("time-zone", "Europe/Berlin"),
            ("temp-suffix", ".part"),
        ])
        .unwrap();
        assert_eq!(settings.file_name.to_string(), "%datetime.tz%.edi");
        assert_eq!(settings.copy_mode, CopyMode::Append);
        assert_eq!(settings.time_zone.iana_name(), Some("Europe/Berlin"));
        assert_eq!(settings.temp_suffix, ".part");
    }

    #[test]
    fn a_bad_value_names_its_key_and_the_way_out() {
        let table = [
            ("file-name", "%Foo%", "%MessageID%"),
            ("copy-mode", "Overwrite", "overwrite"),
            ("time-zone", "Berlin", "Europe/Berlin"),
            ("temp-suffix", "/../x", "letters"),
        ];
        for (key, value, way_out) in table {
            let error = parse(&[(key, value)]).expect_err(key).text;
            assert!(error.contains(key) && error.contains(way_out), "{error}");
        }
    }
}
