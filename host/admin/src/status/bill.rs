//! What deliveries have cost, as the status shows it.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

/// A sum over deliveries since the start of the host; every attempt is one.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Bill {
    /// Deliveries that have ended.
    pub deliveries: u64,
    /// CPU time of the adapter's code, in microseconds; waits and the host's work are not in it.
    pub cpu_us: u64,
    /// How long the messages were with the adapter, added up, in microseconds.
    pub wall_us: u64,
    /// The largest memory of an instance, in bytes.
    pub peak_memory: u64,
    /// Bytes of bodies that the adapter read or that were sent for it, and of answers.
    pub bytes_in: u64,
    /// Bytes that were sent to destinations, and of responses.
    pub bytes_out: u64,
}

/// What one adapter has cost over all ports.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct AdapterBill {
    /// The adapter's own name and version, and the beginning of its digest.
    pub version: String,
    /// The sum.
    pub bill: Bill,
}

impl From<model::Bill> for Bill {
    fn from(bill: model::Bill) -> Self {
        let us = |time: std::time::Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        Self {
            deliveries: bill.deliveries,
            cpu_us: us(bill.cpu),
            wall_us: us(bill.wall),
            peak_memory: bill.peak_memory,
            bytes_in: bill.bytes_in,
            bytes_out: bill.bytes_out,
        }
    }
}

impl AddAssign for Bill {
    fn add_assign(&mut self, other: Self) {
        self.deliveries += other.deliveries;
        self.cpu_us += other.cpu_us;
        self.wall_us += other.wall_us;
        self.peak_memory = self.peak_memory.max(other.peak_memory);
        self.bytes_in += other.bytes_in;
        self.bytes_out += other.bytes_out;
    }
}

/// One sum for each adapter, by name.
pub(super) fn by_adapter<'a>(bills: impl Iterator<Item = (&'a str, Bill)>) -> Vec<AdapterBill> {
    let mut sums = std::collections::BTreeMap::<&str, Bill>::new();
    for (version, bill) in bills {
        *sums.entry(version).or_default() += bill;
    }
    let adapter = |(version, bill): (&str, Bill)| AdapterBill {
        version: version.to_owned(),
        bill,
    };
    sums.into_iter().map(adapter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_adapter_has_one_sum_over_all_ports() {
        let bill = |n: u64| Bill {
            deliveries: n,
            cpu_us: 10 * n,
            wall_us: 100 * n,
            peak_memory: n,
            bytes_in: n,
            bytes_out: 2 * n,
        };
        let bills = [("b", bill(1)), ("a", bill(2)), ("b", bill(3))];
        let sums = by_adapter(bills.into_iter());
        let b = Bill {
            peak_memory: 3,
            ..bill(4)
        };
        let sums: Vec<_> = sums.iter().map(|s| (s.version.as_str(), s.bill)).collect();
        assert_eq!(sums, [("a", bill(2)), ("b", b)]);
    }
}
