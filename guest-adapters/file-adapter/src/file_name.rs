//! File names: a template with BizTalk's macros, and the name it makes for one message.
//!
//! Pure: the time comes in as an argument. A name is one component of a path and nothing else; whatever
//! a publisher puts into a property, no name made here leaves the directory that was granted.
//!
//! Where BizTalk leaves a macro without a value standing in the name, this is an error here: a file
//! called `%SourceFileName%` is never what somebody wanted, and the second one finds the first in its way.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// What every file system in use can store.
const LONGEST_NAME: usize = 255;

/// What a name is made from.
pub(crate) struct Facts<'a> {
    /// The message's id.
    pub(crate) message_id: &'a str,
    /// The time of writing.
    pub(crate) now: Timestamp,
    /// For the macros that end in `.tz`.
    pub(crate) time_zone: &'a TimeZone,
    /// Reads a property of the message.
    pub(crate) property: &'a dyn Fn(&str) -> Option<String>,
}

/// A file name with macros, as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Macro(Macro),
}

/// One macro; all of them stand in [`MACROS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Macro {
    name: &'static str,
    source: Source,
}

/// Where the value of a macro comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    MessageId,
    /// The last component of a path in a property.
    BaseName(&'static str),
    Property(&'static str),
    /// A format of the time in UTC.
    Utc(&'static str),
    /// Year to minute, then seconds and tenths of seconds in three digits.
    BizTalk2000,
    /// A format of the time in the configured zone.
    Zoned(&'static str),
}

const MACROS: [Macro; 13] = [
    with("MessageID", Source::MessageId),
    with("datetime", Source::Utc("%Y-%m-%dT%H%M%S")),
    with("datetime_bts2000", Source::BizTalk2000),
    with("datetime.tz", Source::Zoned("%Y-%m-%dT%H%M%S%z")),
    with("time", Source::Utc("%H%M%S")),
    with("time.tz", Source::Zoned("%H%M%S%z")),
    with("SourceFileName", Source::BaseName("source-file-name")),
    with("SourceParty", Source::Property("source-party")),
    with("SourcePartyID", Source::Property("source-party-id")),
    with(
        "SourcePartyQualifier",
        Source::Property("source-party-qualifier"),
    ),
    with("DestinationParty", Source::Property("destination-party")),
    with(
        "DestinationPartyID",
        Source::Property("destination-party-id"),
    ),
    with(
        "DestinationPartyQualifier",
        Source::Property("destination-party-qualifier"),
    ),
];

const fn with(name: &'static str, source: Source) -> Macro {
    Macro { name, source }
}

/// A template that cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum TemplateError {
    #[error("{0:?} has a `%` without a partner; write `%%` for a percent sign")]
    Unpaired(String),
    #[error(
        "{template:?} has the macro `%{name}%`, which does not exist; there are {}",
        names()
    )]
    Unknown { template: String, name: String },
    #[error(
        "{0:?} is no file name; use a name without `/`, `\\` and control characters, not empty"
    )]
    NoName(String),
}

/// A message that the template makes no name for.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum NameError {
    #[error("the file name needs `%{name}%`, but the message has no property `{property}`")]
    NoValue {
        name: &'static str,
        property: &'static str,
    },
    #[error(
        "`%{name}%` would put {value:?} into the file name (property `{property}`): it has {what}"
    )]
    BadValue {
        name: &'static str,
        property: &'static str,
        value: String,
        what: &'static str,
    },
    #[error("the file name would be {0:?}, which names a directory")]
    Dots(String),
    #[error("the file name would have {0} bytes, more than {LONGEST_NAME}: it begins with {1:?}")]
    TooLong(usize, String),
}

impl Template {
    /// Reads a template: text, macros between percent signs, `%%` for a percent sign.
    pub(crate) fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((literal, after)) = rest.split_once('%') {
            push_literal(&mut parts, literal);
            let (name, after) = after
                .split_once('%')
                .ok_or_else(|| TemplateError::Unpaired(text.to_owned()))?;
            match MACROS.iter().find(|m| m.name == name) {
                Some(found) => parts.push(Part::Macro(*found)),
                None if name.is_empty() => push_literal(&mut parts, "%"),
                None => {
                    return Err(TemplateError::Unknown {
                        template: text.to_owned(),
                        name: name.to_owned(),
                    });
                }
            }
            rest = after;
        }
        push_literal(&mut parts, rest);
        let template = Self(parts);
        if template.can_name() {
            Ok(template)
        } else {
            Err(TemplateError::NoName(text.to_owned()))
        }
    }

    /// True when two messages never get the same name, and one message always the same.
    pub(crate) fn names_the_message(&self) -> bool {
        self.0
            .iter()
            .any(|part| matches!(part, Part::Macro(m) if m.source == Source::MessageId))
            && !self.0.iter().any(Part::tells_the_time)
    }

    /// The name for one message.
    pub(crate) fn name(&self, facts: &Facts<'_>) -> Result<String, NameError> {
        let mut name = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(text) => name.push_str(text),
                Part::Macro(m) => name.push_str(&m.value(facts)?),
            }
        }
        match name.as_str() {
            "." | ".." => Err(NameError::Dots(name)),
            _ if name.len() > LONGEST_NAME => {
                let beginning = name.chars().take(40).collect();
                Err(NameError::TooLong(name.len(), beginning))
            }
            _ => Ok(name),
        }
    }

    fn can_name(&self) -> bool {
        match self.0.as_slice() {
            [] => false,
            [Part::Literal(only)] if matches!(only.as_str(), "." | "..") => false,
            parts => parts
                .iter()
                .all(|part| !matches!(part, Part::Literal(text) if offence(text).is_some())),
        }
    }
}

impl Part {
    fn tells_the_time(&self) -> bool {
        use Source::{BizTalk2000, Utc, Zoned};
        matches!(self, Self::Macro(m) if matches!(m.source, Utc(_) | BizTalk2000 | Zoned(_)))
    }
}

impl Macro {
    fn value(self, facts: &Facts<'_>) -> Result<String, NameError> {
        match self.source {
            Source::MessageId => Ok(facts.message_id.to_owned()),
            Source::Utc(format) => Ok(facts.now.strftime(format).to_string()),
            Source::Zoned(format) => {
                let local = facts.now.to_zoned(facts.time_zone.clone());
                Ok(local.strftime(format).to_string())
            }
            Source::BizTalk2000 => {
                let tenths = facts.now.subsec_nanosecond().unsigned_abs() / 100_000_000;
                Ok(format!("{}{tenths}", facts.now.strftime("%Y%m%d%H%M%S")))
            }
            Source::Property(property) => self.property(property, facts, |value| value),
            Source::BaseName(property) => self.property(property, facts, base_name),
        }
    }

    fn property(
        self,
        property: &'static str,
        facts: &Facts<'_>,
        pick: fn(&str) -> &str,
    ) -> Result<String, NameError> {
        let name = self.name;
        let value = (facts.property)(property).unwrap_or_default();
        let value = pick(&value);
        if value.is_empty() {
            return Err(NameError::NoValue { name, property });
        }
        match offence(value) {
            None => Ok(value.to_owned()),
            Some(what) => Err(NameError::BadValue {
                name,
                property,
                value: value.to_owned(),
                what,
            }),
        }
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.0 {
            match part {
                Part::Literal(text) => f.write_str(&text.replace('%', "%%"))?,
                Part::Macro(m) => write!(f, "%{}%", m.name)?,
            }
        }
        Ok(())
    }
}

fn push_literal(parts: &mut Vec<Part>, text: &str) {
    match parts.last_mut() {
        _ if text.is_empty() => {}
        Some(Part::Literal(before)) => before.push_str(text),
        _ => parts.push(Part::Literal(text.to_owned())),
    }
}

/// What keeps a text out of a file name. The backslash is a separator where the host runs on Windows.
fn offence(text: &str) -> Option<&'static str> {
    if text.contains(['/', '\\']) {
        Some("a path separator")
    } else if text.chars().any(char::is_control) {
        Some("a control character")
    } else {
        None
    }
}

/// The last component of a path, whichever system wrote it.
fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or_default()
}

fn names() -> String {
    MACROS.map(|m| format!("%{}%", m.name)).join(", ")
}

#[cfg(test)]
mod tests;
