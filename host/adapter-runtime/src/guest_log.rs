//! Lines a guest writes to the host's log: cut when long, dropped when many.

use std::time::{Duration, Instant};

use crate::Limits;

/// Longest line that is kept, in bytes.
pub(crate) const LONGEST: usize = 4 * 1024;

/// Counts the lines of one instance, and their bytes.
#[derive(Debug)]
pub(crate) struct GuestLog {
    since: Instant,
    lines: u32,
    bytes: usize,
    flooding: bool,
    /// What is kept within a second.
    most_lines: u32,
    most_bytes: usize,
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
    pub(crate) fn new(limits: &Limits, now: Instant) -> Self {
        Self {
            since: now,
            lines: 0,
            bytes: 0,
            flooding: false,
            most_lines: limits.log_lines,
            most_bytes: limits.log_bytes,
        }
    }

    pub(crate) fn line<'a>(&mut self, text: &'a str, now: Instant) -> Line<'a> {
        if now.duration_since(self.since) >= Duration::from_secs(1) {
            self.since = now;
            (self.lines, self.bytes, self.flooding) = (0, 0, false);
        }
        let text = &text[..text.floor_char_boundary(LONGEST)];
        let fits = self.lines < self.most_lines && self.bytes + text.len() <= self.most_bytes;
        if fits && !self.flooding {
            self.lines += 1;
            self.bytes += text.len();
            Line::Keep(text)
        } else if std::mem::replace(&mut self.flooding, true) {
            Line::Drop
        } else {
            Line::FloodBegins
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(log_lines: u32, log_bytes: usize) -> GuestLog {
        let limits = Limits {
            log_lines,
            log_bytes,
            ..Limits::default()
        };
        GuestLog::new(&limits, Instant::now())
    }

    #[test]
    fn long_lines_are_cut_at_a_character_and_floods_end() {
        let mut log = log(3, 1 << 20);
        let start = log.since;
        let long = "ü".repeat(LONGEST);
        assert_eq!(log.line(&long, start), Line::Keep(&long[..LONGEST]));
        for _ in 1..3 {
            assert_eq!(log.line("x", start), Line::Keep("x"));
        }
        assert_eq!(log.line("x", start), Line::FloodBegins);
        assert_eq!(log.line("x", start), Line::Drop);
        assert_eq!(
            log.line("x", start + Duration::from_secs(1)),
            Line::Keep("x")
        );
    }

    #[test]
    fn few_lines_may_be_a_flood_too() {
        let mut log = log(100, 10);
        let start = log.since;
        assert_eq!(log.line("123456", start), Line::Keep("123456"));
        assert_eq!(log.line("12345", start), Line::FloodBegins);
        assert_eq!(log.line("1", start), Line::Drop, "no gaps within a second");
        let later = start + Duration::from_secs(1);
        assert_eq!(log.line("1", later), Line::Keep("1"));
    }
}
