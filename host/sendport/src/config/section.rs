//! Reading one table of the file, key by key, noting every mistake and going on.
//!
//! Knows TOML and places; must not know what any key means.

mod entry;
mod source;

use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Mistake, Place, suggest};

pub(super) use entry::{Entry, Switch};
pub(super) use source::Source;

/// A table and where it is.
#[derive(Clone)]
pub(super) struct Section<'a> {
    source: &'a Source<'a>,
    path: String,
    table: &'a DeTable<'a>,
    place: Place,
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

    /// Its dotted key.
    pub(super) fn path(&self) -> &str {
        &self.path
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

    /// Refuses these keys, which are known but make no sense here.
    pub(super) fn refuse(&self, keys: &[&str], problem: &str) {
        for entry in keys.iter().filter_map(|key| self.get(key)) {
            entry.name_mistake(problem);
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

    /// The keys of the table `name`, whatever is in it.
    pub(super) fn names(&self, name: &str) -> Vec<&'a str> {
        let table = self.table.iter().find(|(key, _)| key.get_ref() == name);
        let table = table.and_then(|(_, value)| value.get_ref().as_table());
        let keys = table.into_iter().flat_map(|table| table.keys());
        keys.map(|key| key.get_ref().as_ref()).collect()
    }

    /// Notes a mistake that was found elsewhere.
    pub(super) fn note(&self, mistake: Mistake) {
        let Mistake {
            place,
            key,
            problem,
        } = mistake;
        self.source.mistake(place, &key, problem);
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

    /// A whole number in a range whose ends fit the type.
    pub(super) fn whole_or<T: TryFrom<u64>>(
        &self,
        name: &str,
        range: RangeInclusive<u64>,
        default: T,
    ) -> T {
        self.whole(name, range).unwrap_or(default)
    }

    /// As [`Self::whole_or`], for what has no default.
    pub(super) fn whole<T: TryFrom<u64>>(
        &self,
        name: &str,
        range: RangeInclusive<u64>,
    ) -> Option<T> {
        let number = self.get(name)?.whole(range)?;
        T::try_from(number).ok()
    }

    pub(super) fn boolean_or(&self, name: &str, default: bool) -> bool {
        let value = self.get(name).and_then(|entry| entry.boolean());
        value.unwrap_or(default)
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

/// The dotted key of `name`; one that is empty is written as TOML wants it.
fn join(path: &str, name: &str) -> String {
    let name = if name.is_empty() { "\"\"" } else { name };
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}
