//! Mistakes in the configuration: where each one is, what is wrong, what would be right.
//!
//! Collected rather than thrown: a person who fixes a file wants to see all of them at once.

use std::fmt;
use std::path::PathBuf;

use super::DEFAULT_PATH;
use crate::output::visible;

/// A place in the configuration file, counted from 1 as editors do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// A value and where it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placed<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
}

impl<T> Placed<T> {
    pub(crate) fn new(value: T, place: Place) -> Self {
        Self { value, place }
    }
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub(crate) place: Place,
    /// The dotted key; empty when the file is not TOML at all.
    pub(crate) key: String,
    /// What is wrong and what to do.
    pub(crate) problem: String,
}

/// A configuration that cannot be used.
#[derive(Debug)]
pub(crate) enum ConfigError {
    /// The file cannot be read.
    Unreadable {
        file: PathBuf,
        error: std::io::Error,
    },
    /// Everything that is wrong with what it says; never empty, and in the order of the file.
    Mistaken {
        file: PathBuf,
        mistakes: Vec<Mistake>,
    },
}

impl ConfigError {
    /// Puts the mistakes into the order of the file, one line each, whatever they quote.
    pub(crate) fn mistaken(file: PathBuf, mut mistakes: Vec<Mistake>) -> Self {
        mistakes.sort_by_key(|mistake| mistake.place);
        for mistake in &mut mistakes {
            mistake.key = visible(&mistake.key).into_owned();
            mistake.problem = visible(&mistake.problem).into_owned();
        }
        Self::Mistaken { file, mistakes }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { file, error } => write!(
                f,
                "cannot read the configuration {}: {error}; name another, or write one to start \
                 from with 'sendport config > {DEFAULT_PATH}'",
                file.display()
            ),
            Self::Mistaken { file, mistakes } => {
                let file = file.display();
                let lines: Vec<_> = mistakes.iter().map(|m| format!("{file}:{m}")).collect();
                f.write_str(&lines.join("\n"))
            }
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { line, column } = self.place;
        write!(f, "{line}:{column}: ")?;
        if !self.key.is_empty() {
            write!(f, "key '{}': ", self.key)?;
        }
        f.write_str(&self.problem)
    }
}

impl std::error::Error for ConfigError {}

/// `; did you mean 'x'?` when one of the names is close to what was written, else what there is.
pub(crate) fn suggest<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let nearest = names
        .iter()
        .map(|name| (strsim::damerau_levenshtein(written, name), *name))
        .min();
    match nearest {
        // A third of the letters wrong is a typing error; more is another word.
        Some((distance, name)) if distance * 3 <= written.len().max(name.len()) => {
            format!("; did you mean '{name}'?")
        }
        Some(_) => format!("; there is {}", quoted(&names)),
        None => String::new(),
    }
}

/// `'a', 'b', 'c'`
pub(crate) fn quoted(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
    quoted.join(", ")
}
