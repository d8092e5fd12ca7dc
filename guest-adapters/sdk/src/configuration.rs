//! Reading configuration: names and values that an operator wrote, and errors that an operator reads.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::ErrorInfo;

/// Names and values, of the handler (`load`) or of a port ([`Message::settings`](crate::Message::settings)).
///
/// Every getter returns nothing for an absent key, so that the default stands where it is used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configuration {
    entries: Vec<(String, String)>,
}

impl Configuration {
    /// A text.
    pub fn text(&self, key: &str) -> Option<&str> {
        let mut entries = self.entries.iter();
        entries
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }

    /// A text that must be there.
    pub fn required(&self, key: &str) -> Result<&str, ErrorInfo> {
        self.text(key)
            .ok_or_else(|| error(format!("{key} is missing: this adapter needs it")))
    }

    /// A whole number within a range.
    pub fn number(&self, key: &str, range: RangeInclusive<u64>) -> Result<Option<u64>, ErrorInfo> {
        self.parse(
            key,
            &format!("a whole number from {} to {}", range.start(), range.end()),
            |value| {
                // `parse` alone would take "+5".
                let digits = value.bytes().all(|byte| byte.is_ascii_digit());
                value
                    .parse()
                    .ok()
                    .filter(|number| digits && range.contains(number))
            },
        )
    }

    /// `true` or `false`.
    pub fn boolean(&self, key: &str) -> Result<Option<bool>, ErrorInfo> {
        self.parse(key, "true or false", |value| value.parse().ok())
    }

    /// A length of time, such as `500ms`, `30s`, `5m` or `2h`.
    pub fn duration(&self, key: &str) -> Result<Option<Duration>, ErrorInfo> {
        self.parse(
            key,
            "a length of time such as 500ms, 30s, 5m or 2h",
            parse_duration,
        )
    }

    /// One of the texts given.
    pub fn one_of<'a>(&self, key: &str, texts: &[&'a str]) -> Result<Option<&'a str>, ErrorInfo> {
        self.parse(key, &format!("one of {}", texts.join(", ")), |value| {
            texts.iter().copied().find(|&text| text == value)
        })
    }

    /// Keys that begin with the prefix, without it, and their values.
    pub fn prefixed(&self, prefix: &str) -> impl Iterator<Item = (&str, &str)> {
        self.iter()
            .filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value)))
    }

    /// Everything, in the order it was written.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let entries = self.entries.iter();
        entries.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Reads a value of the author's own making. `expected` completes the sentence "expected …".
    pub fn parse<T>(
        &self,
        key: &str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, ErrorInfo> {
        let Some(value) = self.text(key) else {
            return Ok(None);
        };
        match read(value) {
            Some(parsed) => Ok(Some(parsed)),
            None => Err(error(format!("{key} = {value:?}: expected {expected}"))),
        }
    }
}

impl From<Vec<(String, String)>> for Configuration {
    fn from(entries: Vec<(String, String)>) -> Self {
        Self { entries }
    }
}

impl FromIterator<(String, String)> for Configuration {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(entries: I) -> Self {
        Vec::from_iter(entries).into()
    }
}

fn error(text: String) -> ErrorInfo {
    ErrorInfo::new("configuration", text)
}

fn parse_duration(text: &str) -> Option<Duration> {
    let unit = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(unit);
    let number: u64 = number.parse().ok()?;
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    number.checked_mul(milliseconds).map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configuration(value: &str) -> Configuration {
        vec![("key".to_owned(), value.to_owned())].into()
    }

    #[test]
    fn an_absent_key_is_no_error() {
        let empty = Configuration::default();
        assert_eq!(empty.duration("key").unwrap(), None);
        assert_eq!(empty.number("key", 1..=9).unwrap(), None);
        assert_eq!(empty.boolean("key").unwrap(), None);
        assert_eq!(empty.one_of("key", &["a"]).unwrap(), None);
        assert_eq!(
            empty.required("key").unwrap_err().text,
            "key is missing: this adapter needs it"
        );
    }

    #[test]
    fn lengths_of_time_have_a_unit() {
        for (text, milliseconds) in [
            ("0s", 0),
            ("500ms", 500),
            ("30s", 30_000),
            ("5m", 300_000),
            ("2h", 7_200_000),
        ] {
            let read = configuration(text).duration("key").unwrap();
            assert_eq!(read, Some(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in [
            "",
            "30",
            "s",
            "-1s",
            "1.5s",
            "1 s",
            "1d",
            "99999999999999999999s",
            "18446744073709551615h",
        ] {
            assert!(configuration(text).duration("key").is_err(), "{text}");
        }
    }

    #[test]
    fn an_error_says_the_key_the_value_and_what_is_allowed() {
        let text = |result: Result<(), ErrorInfo>| result.unwrap_err().text;
        assert_eq!(
            text(configuration("12").number("key", 1..=9).map(drop)),
            "key = \"12\": expected a whole number from 1 to 9"
        );
        assert_eq!(
            text(configuration("+5").number("key", 1..=9).map(drop)),
            "key = \"+5\": expected a whole number from 1 to 9"
        );
        assert_eq!(
            text(configuration("yes").boolean("key").map(drop)),
            "key = \"yes\": expected true or false"
        );
        assert_eq!(
            text(configuration("c").one_of("key", &["a", "b"]).map(drop)),
            "key = \"c\": expected one of a, b"
        );
    }

    #[test]
    fn prefixed_keys_lose_their_prefix() {
        let configuration: Configuration = [("header.a", "1"), ("other", "2"), ("header.b", "3")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into_iter()
            .collect();
        let found: Vec<_> = configuration.prefixed("header.").collect();
        assert_eq!(found, [("a", "1"), ("b", "3")]);
    }
}
