//! Where an instance shows its sums: written by its thread, read by whoever asks for the status.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use model::Bill;

/// The sums of one seat, over all instances that it has had. One writer, so that writing is storing.
#[derive(Debug, Default)]
pub(crate) struct Board {
    deliveries: AtomicU64,
    cpu: AtomicU64,
    wall: AtomicU64,
    peak_memory: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
}

impl Board {
    pub(crate) fn show(&self, bill: &Bill) {
        let Bill {
            deliveries,
            cpu,
            wall,
            peak_memory,
            bytes_in,
            bytes_out,
        } = *bill;
        let show = |to: &AtomicU64, value| to.store(value, Ordering::Relaxed);
        show(&self.deliveries, deliveries);
        show(&self.cpu, nanos(cpu));
        show(&self.wall, nanos(wall));
        show(&self.peak_memory, peak_memory);
        show(&self.bytes_in, bytes_in);
        show(&self.bytes_out, bytes_out);
    }

    /// What was shown last; a sum that is being shown may be a turn older than another.
    pub(crate) fn bill(&self) -> Bill {
        let shown = |from: &AtomicU64| from.load(Ordering::Relaxed);
        Bill {
            deliveries: shown(&self.deliveries),
            cpu: Duration::from_nanos(shown(&self.cpu)),
            wall: Duration::from_nanos(shown(&self.wall)),
            peak_memory: shown(&self.peak_memory),
            bytes_in: shown(&self.bytes_in),
            bytes_out: shown(&self.bytes_out),
        }
    }
}

/// 584 years fit.
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_what_is_seen() {
        let board = Board::default();
        assert_eq!(board.bill(), Bill::default());
        let bill = Bill {
            deliveries: 1,
            cpu: Duration::from_nanos(2),
            wall: Duration::from_secs(3),
            peak_memory: 4,
            bytes_in: 5,
            bytes_out: 6,
        };
        board.show(&bill);
        assert_eq!(board.bill(), bill);
    }
}
