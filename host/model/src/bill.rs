//! What deliveries cost: the resource bill of an adapter.

use std::ops::AddAssign;
use std::time::Duration;

/// A sum over deliveries. Every attempt is one, whatever became of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bill {
    /// Deliveries that have ended.
    pub deliveries: u64,
    /// CPU time of guest code, that of starting, terminating and idling included.
    pub cpu: Duration,
    /// How long the messages were with the adapter, added up.
    pub wall: Duration,
    /// The largest linear memory of an instance so far, in bytes.
    pub peak_memory: u64,
    /// Bytes of bodies read by the adapter or sent for it, and of what destinations answered.
    pub bytes_in: u64,
    /// Bytes sent to destinations, and of responses left with the host.
    pub bytes_out: u64,
}

impl Bill {
    /// CPU time of an average delivery.
    pub fn cpu_per_delivery(&self) -> Option<Duration> {
        per(self.cpu, self.deliveries)
    }

    /// How long an average delivery was with the adapter.
    pub fn wall_per_delivery(&self) -> Option<Duration> {
        per(self.wall, self.deliveries)
    }
}

fn per(sum: Duration, deliveries: u64) -> Option<Duration> {
    let nanos = sum.as_nanos().checked_div(u128::from(deliveries))?;
    Some(Duration::from_nanos(
        u64::try_from(nanos).unwrap_or(u64::MAX),
    ))
}

impl AddAssign for Bill {
    /// Sums; the peak is the higher one, as instances are not alive all at once.
    fn add_assign(&mut self, other: Self) {
        self.deliveries += other.deliveries;
        self.cpu += other.cpu;
        self.wall += other.wall;
        self.peak_memory = self.peak_memory.max(other.peak_memory);
        self.bytes_in += other.bytes_in;
        self.bytes_out += other.bytes_out;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages_are_over_deliveries_and_there_are_none_without() {
        let mut sum = Bill::default();
        assert_eq!(sum.cpu_per_delivery(), None);
        for n in [1, 3] {
            sum += Bill {
                deliveries: 1,
                cpu: Duration::from_millis(n),
                wall: Duration::from_secs(n),
                peak_memory: 10 * n,
                bytes_in: n,
                bytes_out: 2 * n,
            };
        }
        assert_eq!(sum.cpu_per_delivery(), Some(Duration::from_millis(2)));
        assert_eq!(sum.wall_per_delivery(), Some(Duration::from_secs(2)));
        assert_eq!((sum.peak_memory, sum.bytes_in, sum.bytes_out), (30, 4, 8));
    }
}
