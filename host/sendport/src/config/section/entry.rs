//! One value of a table, read as what it has to be.

use std::ops::RangeInclusive;
use std::time::Duration;

use toml::de::DeValue;

use super::{Section, Source};
use crate::config::error::{Place, Placed, quoted};
use crate::config::value;

/// A value and where it is.
pub(in crate::config) struct Entry<'a> {
    pub(super) source: &'a Source<'a>,
    pub(in crate::config) name: &'a str,
    pub(in crate::config) path: String,
    pub(in crate::config) name_place: Place,
    pub(in crate::config) place: Place,
    pub(super) value: &'a DeValue<'a>,
}

/// What is off, on as it comes, or on with settings.
pub(in crate::config) enum Switch<'a> {
    Off,
    On,
    With(Section<'a>),
}

impl<'a> Entry<'a> {
    /// Notes a mistake in the value.
    pub(in crate::config) fn mistake(&self, problem: impl Into<String>) {
        self.source.mistake(self.place, &self.path, problem);
    }

    /// Notes a mistake in the name.
    pub(in crate::config) fn name_mistake(&self, problem: impl Into<String>) {
        self.source.mistake(self.name_place, &self.path, problem);
    }

    /// Notes a mistake in one of the texts of a list.
    pub(in crate::config) fn item_mistake(&self, place: Place, problem: impl Into<String>) {
        self.source.mistake(place, &self.path, problem);
    }

    /// Notes that it is of the wrong kind.
    pub(in crate::config) fn expected(&self, what: &str) {
        let found = self.value.type_str();
        self.mistake(format!("expected {what}, found {found}"));
    }

    pub(in crate::config) fn is_table(&self) -> bool {
        self.value.is_table()
    }

    pub(in crate::config) fn section(&self) -> Option<Section<'a>> {
        let Some(table) = self.value.as_table() else {
            self.expected("a table");
            return None;
        };
        Some(Section {
            source: self.source,
            path: self.path.clone(),
            table,
            // The header `[ports.x]` is where the name is; the table's own span may be a later line.
            place: self.name_place,
        })
    }

    /// `true`, `false`, or a table of settings, which means `true`.
    pub(in crate::config) fn switch(&self) -> Option<Switch<'a>> {
        match self.value {
            DeValue::Boolean(true) => Some(Switch::On),
            DeValue::Boolean(false) => Some(Switch::Off),
            DeValue::Table(_) => self.section().map(Switch::With),
            _ => {
                self.expected("true, false or a table");
                None
            }
        }
    }

    pub(in crate::config) fn text(&self) -> Option<&'a str> {
        let text = self.value.as_str();
        match text {
            None => self.expected("a text in quotes"),
            Some("") => self.mistake("must not be empty"),
            Some(_) => {}
        }
        text.filter(|text| !text.is_empty())
    }

    pub(in crate::config) fn is_text(&self) -> bool {
        self.value.is_str()
    }

    /// One of these texts.
    pub(in crate::config) fn one_of(&self, texts: &[&str]) -> Option<&'a str> {
        let text = self.text()?;
        if texts.contains(&text) {
            return Some(text);
        }
        self.mistake(format!("'{text}' is not one of {}", quoted(texts)));
        None
    }

    /// A list of texts, none of them empty.
    pub(in crate::config) fn texts(&self) -> Option<Vec<Placed<String>>> {
        let Some(array) = self.value.as_array() else {
            self.expected("a list of texts");
            return None;
        };
        let mut texts = Vec::new();
        for item in array.iter() {
            let place = self.source.place(item.span().start);
            match item.get_ref().as_str() {
                Some("") => self.item_mistake(place, "must not be empty"),
                Some(text) => texts.push(Placed::new(text.to_owned(), place)),
                None => {
                    let found = item.get_ref().type_str();
                    self.item_mistake(place, format!("expected a text in quotes, found {found}"));
                }
            }
        }
        // What is left of a list with mistakes in it means something else.
        (texts.len() == array.len()).then_some(texts)
    }

    pub(in crate::config) fn boolean(&self) -> Option<bool> {
        let value = self.value.as_bool();
        if value.is_none() {
            self.expected("true or false");
        }
        value
    }

    pub(in crate::config) fn whole(&self, range: RangeInclusive<u64>) -> Option<u64> {
        let Some(written) = self.value.as_integer() else {
            self.expected("a whole number");
            return None;
        };
        let number = u64::from_str_radix(written.as_str(), written.radix()).ok();
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            let (from, to) = (range.start(), range.end());
            self.mistake(format!("{written} is out of range: use {from} to {to}"));
        }
        number
    }

    pub(in crate::config) fn duration(&self, range: RangeInclusive<Duration>) -> Option<Duration> {
        self.parsed(|text| value::duration(text, range))
    }

    /// A number of bytes, as a text with a unit or as a plain number.
    pub(in crate::config) fn size(&self, range: RangeInclusive<u64>) -> Option<u64> {
        if self.value.is_integer() {
            return self.whole(range);
        }
        self.parsed(|text| value::size(text, range))
    }

    /// A text that `parse` understands.
    pub(in crate::config) fn parsed<T>(
        &self,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        match parse(self.text()?) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.mistake(problem);
                None
            }
        }
    }

    /// A text, number or truth value, as text: what adapters are given.
    pub(in crate::config) fn scalar(&self) -> Option<String> {
        match self.value {
            DeValue::String(text) => Some(text.clone().into_owned()),
            DeValue::Boolean(value) => Some(value.to_string()),
            DeValue::Float(number) => Some(number.as_str().to_owned()),
            DeValue::Integer(number) => {
                // Hexadecimal and such are TOML's spelling; adapters read decimal digits.
                match i128::from_str_radix(number.as_str(), number.radix()) {
                    Ok(number) => Some(number.to_string()),
                    Err(_) => {
                        self.mistake(format!("{number} is too large a number"));
                        None
                    }
                }
            }
            DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
                self.expected("a text, a number, true or false");
                None
            }
        }
    }
}
