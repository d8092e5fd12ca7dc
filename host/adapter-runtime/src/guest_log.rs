//! Lines a guest writes to the host's log: cut when long, dropped when many.

use std::time::{Duration, Instant};

/// Longest line that is kept, in bytes.
pub(crate) const LONGEST: usize = 4 * 1024;
/// Lines per instance and second that are kept.
const PER_SECOND: u32 = 200;

/// Counts the lines of one instance.
#[derive(Debug)]
pub(crate) struct GuestLog {
    since: Instant,
    lines: u32,
}

/// What to do with a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    Keep(&'a str),
    /// The first line too many of this second; later ones are dropped silently.
    FloodBegins,
    Drop,
}

impl GuestLog {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            since: now,
            lines: 0,
        }
    }

    pub(crate) fn line<'a>(&mut self, text: &'a str, now: Instant) -> Line<'a> {
        if now.duration_since(self.since) >= Duration::from_secs(1) {
            *self = Self::new(now);
        }
        self.lines = self.lines.saturating_add(1);
        match self.lines {
            1..=PER_SECOND => Line::Keep(&text[..text.floor_char_boundary(LONGEST)]),
            n if n == PER_SECOND + 1 => Line::FloodBegins,
            _ => Line::Drop,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_cut_at_a_character_and_floods_end() {
        let start = Instant::now();
        let mut log = GuestLog::new(start);
        let long = "ü".repeat(LONGEST);
        assert_eq!(log.line(&long, start), Line::Keep(&long[..LONGEST]));
        for _ in 1..PER_SECOND {
            assert_eq!(log.line("x", start), Line::Keep("x"));
        }
        assert_eq!(log.line("x", start), Line::FloodBegins);
        assert_eq!(log.line("x", start), Line::Drop);
        assert_eq!(
            log.line("x", start + Duration::from_secs(1)),
            Line::Keep("x")
        );
    }
}
