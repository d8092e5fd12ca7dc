//! The text of the file, its places, and what was found wrong with it so far.

use std::cell::RefCell;

use crate::config::error::{Mistake, Place};

/// The text of the file and what was found wrong with it so far.
pub(in crate::config) struct Source<'a> {
    text: &'a str,
    mistakes: RefCell<Vec<Mistake>>,
}

impl<'a> Source<'a> {
    pub(in crate::config) fn new(text: &'a str) -> Self {
        Self {
            text,
            mistakes: RefCell::default(),
        }
    }

    /// Line and column of a byte offset.
    pub(in crate::config) fn place(&self, offset: usize) -> Place {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Place {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    pub(in crate::config) fn mistake(&self, place: Place, key: &str, problem: impl Into<String>) {
        self.mistakes.borrow_mut().push(Mistake {
            place,
            key: key.to_owned(),
            problem: problem.into(),
        });
    }

    pub(in crate::config) fn into_mistakes(self) -> Vec<Mistake> {
        self.mistakes.into_inner()
    }
}
