//! How far it is: bars on a terminal, a line every now and then elsewhere.

use std::cell::Cell;
use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// The time between two lines where there is no terminal.
const BETWEEN_LINES: Duration = Duration::from_secs(2);

/// Shows how many of all messages are accepted and delivered.
#[derive(Debug)]
pub(crate) struct Progress {
    bars: Option<[ProgressBar; 2]>,
    last_line: Cell<Instant>,
}

impl Progress {
    /// Begins at nothing.
    pub(crate) fn new(total: u64) -> Self {
        let bars = std::io::stderr().is_terminal().then(|| {
            let all = MultiProgress::new();
            let style = ProgressStyle::with_template("{prefix:10} {bar:40} {pos:>7} of {len}")
                .expect("the template is a constant");
            ["accepted", "delivered"].map(|name| {
                let bar = ProgressBar::new(total)
                    .with_prefix(name)
                    .with_style(style.clone());
                all.add(bar)
            })
        });
        Self {
            bars,
            last_line: Cell::new(Instant::now()),
        }
    }

    /// Shows new numbers.
    pub(crate) fn show(&self, accepted: u64, delivered: u64) {
        match &self.bars {
            Some([upper, lower]) => {
                upper.set_position(accepted);
                lower.set_position(delivered);
            }
            None if self.last_line.get().elapsed() >= BETWEEN_LINES => {
                self.last_line.set(Instant::now());
                eprintln!("accepted {accepted}, delivered {delivered}");
            }
            None => {}
        }
    }

    /// Leaves the last numbers standing.
    pub(crate) fn finish(&self) {
        for bar in self.bars.iter().flatten() {
            bar.abandon();
        }
    }
}
