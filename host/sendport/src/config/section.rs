//! Reading one table of the file, key by key, noting every mistake and going on.
//!
//! Knows TOML and places; must not know what any key means.

use std::cell::RefCell;
use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Mistake, Place, suggest};
use super::value;

/// The text of the file and what was found wrong with it so far.
pub(super) struct Source<'a> {
    text: &'a str,
    mistakes: RefCell<Vec<Mistake>>,
}

impl<'a> Source<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            mistakes: RefCell::default(),
        }
    }

    /// Line and column of a byte offset.
    pub(super) fn place(&self, offset: usize) -> Place {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Place {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    pub(super) fn mistake(&self, place: Place, key: &str, problem: impl Into<String>) {
        self.mistakes.borrow_mut().push(Mistake {
            place,
            key: key.to_owned(),
            problem: problem.into(),
        });
    }

    pub(super) fn into_mistakes(self) -> Vec<Mistake> {
        self.mistakes.into_inner()
    }
}

/// A table and where it is.
#[derive(Clone)]
pub(super) struct Section<'a> {
    source: &'a Source<'a>,
    path: String,
    table: &'a DeTable<'a>,
    place: Place,
}

/// A value and where it is.
pub(super) struct Entry<'a> {
    source: &'a Source<'a>,
    pub(super) name: &'a str,
    pub(super) path: String,
    pub(super) name_place: Place,
    pub(super) place: Place,
    value: &'a DeValue<'a>,
}

impl<'a> Section<'a> {
    /// The whole file.
    pub(super) fn root(source: &'a Source<'a>, table: &'a DeTable<'a>) -> Self {
        Self {
            source,
            path: String::new(),
            table,
            place: Place { line: 1, column: 1 },
        }
    }

    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// Refuses every key that is not among `known`.
    pub(super) fn refuse_others(&self, known: &[&str]) {
        for entry in self.entries() {
            if !known.contains(&entry.name) {
                let hint = suggest(entry.name, known.iter().copied());
                let problem = format!("unknown key{hint}");
                self.source.mistake(entry.name_place, &entry.path, problem);
            }
        }
    }

    /// All entries in the order of the file.
    pub(super) fn entries(&self) -> Vec<Entry<'a>> {
        let mut entries: Vec<_> = self
            .table
            .iter()
            .map(|(key, value)| self.entry(key.get_ref(), key.span(), value))
            .collect();
        entries.sort_by_key(|entry| entry.name_place);
        entries
    }

    pub(super) fn get(&self, name: &str) -> Option<Entry<'a>> {
        let (key, value) = self.table.iter().find(|(key, _)| key.get_ref() == name)?;
        Some(self.entry(key.get_ref(), key.span(), value))
    }

    /// As [`Self::get`], and a mistake of the whole table when there is none.
    pub(super) fn require(&self, name: &str, hint: &str) -> Option<Entry<'a>> {
        let entry = self.get(name);
        if entry.is_none() {
            let problem = format!("missing; {hint}");
            self.source
                .mistake(self.place, &join(&self.path, name), problem);
        }
        entry
    }

    pub(super) fn whole_or(&self, name: &str, range: RangeInclusive<u64>, default: usize) -> usize {
        let value = self.get(name).and_then(|entry| entry.whole(range));
        value.map_or(default, |n| usize::try_from(n).unwrap_or(usize::MAX))
    }

    pub(super) fn duration_or(
        &self,
        name: &str,
        range: RangeInclusive<Duration>,
        default: Duration,
    ) -> Duration {
        let value = self.get(name).and_then(|entry| entry.duration(range));
        value.unwrap_or(default)
    }

    pub(super) fn size_or(&self, name: &str, range: RangeInclusive<u64>, default: u64) -> u64 {
        let value = self.get(name).and_then(|entry| entry.size(range));
        value.unwrap_or(default)
    }

    fn entry(
        &self,
        name: &'a str,
        name_span: Range<usize>,
        value: &'a Spanned<DeValue<'a>>,
    ) -> Entry<'a> {
        Entry {
            source: self.source,
            name,
            path: join(&self.path, name),
            name_place: self.source.place(name_span.start),
            place: self.source.place(value.span().start),
            value: value.get_ref(),
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

impl<'a> Entry<'a> {
    /// Notes a mistake in the value.
    pub(super) fn mistake(&self, problem: impl Into<String>) {
        self.source.mistake(self.place, &self.path, problem);
    }

    /// Notes a mistake in the name.
    pub(super) fn name_mistake(&self, problem: impl Into<String>) {
        self.source.mistake(self.name_place, &self.path, problem);
    }

    fn expected(&self, what: &str) {
        let found = self.value.type_str();
        self.mistake(format!("expected {what}, found {found}"));
    }

    pub(super) fn is_table(&self) -> bool {
        self.value.is_table()
    }

    pub(super) fn section(&self) -> Option<Section<'a>> {
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

    pub(super) fn text(&self) -> Option<&'a str> {
        let text = self.value.as_str();
        match text {
            None => self.expected("a text in quotes"),
            Some("") => self.mistake("must not be empty"),
            Some(_) => {}
        }
        text.filter(|text| !text.is_empty())
    }

    pub(super) fn texts(&self) -> Option<Vec<(String, Place)>> {
        let Some(array) = self.value.as_array() else {
            self.expected("a list of texts");
            return None;
        };
        let mut texts = Vec::new();
        for item in array.iter() {
            let place = self.source.place(item.span().start);
            match item.get_ref().as_str() {
                Some(text) => texts.push((text.to_owned(), place)),
                None => {
                    let found = item.get_ref().type_str();
                    let problem = format!("expected a text in quotes, found {found}");
                    self.source.mistake(place, &self.path, problem);
                }
            }
        }
        Some(texts)
    }

    pub(super) fn boolean(&self) -> Option<bool> {
        let value = self.value.as_bool();
        if value.is_none() {
            self.expected("true or false");
        }
        value
    }

    pub(super) fn whole(&self, range: RangeInclusive<u64>) -> Option<u64> {
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

    pub(super) fn duration(&self, range: RangeInclusive<Duration>) -> Option<Duration> {
        self.parsed(|text| value::duration(text, range))
    }

    /// A number of bytes, as a text with a unit or as a plain number.
    pub(super) fn size(&self, range: RangeInclusive<u64>) -> Option<u64> {
        if self.value.is_integer() {
            return self.whole(range);
        }
        self.parsed(|text| value::size(text, range))
    }

    /// A text that `parse` understands.
    pub(super) fn parsed<T>(&self, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        match parse(self.text()?) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.mistake(problem);
                None
            }
        }
    }

    /// A text, number or truth value, as text: what adapters are given.
    pub(super) fn scalar(&self) -> Option<String> {
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
