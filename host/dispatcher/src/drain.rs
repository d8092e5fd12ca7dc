//! The report of a drain: what was in flight, what was settled, what was handed back.

use std::fmt;
use std::time::Duration;

use model::{MessageId, PortName};

/// Ids are printed up to this many; the numbers above them are always complete.
const IDS_SHOWN: usize = 20;

/// How terminating one port went. `in_flight` = `settled` + `handed_back.len()`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortDrain {
    /// The port.
    pub port: PortName,
    /// Messages that were with its pool when the drain began.
    pub in_flight: usize,
    /// Of those, delivered, scheduled again or suspended during the drain.
    pub settled: usize,
    /// Of those, not resolved: delivered again after the restart, without a charged retry.
    pub handed_back: Vec<MessageId>,
    /// Of those handed back, the ones that may have been sent already.
    pub perhaps_sent: Vec<MessageId>,
    /// The adapter did not terminate in time, or trapped doing so.
    pub interrupted: bool,
}

impl PortDrain {
    /// The drain of a port that had nothing to drain.
    pub(crate) fn empty(port: PortName) -> Self {
        Self {
            port,
            in_flight: 0,
            settled: 0,
            handed_back: Vec::new(),
            perhaps_sent: Vec::new(),
            interrupted: false,
        }
    }

    /// Adds what an older generation of the port had.
    fn add(&mut self, other: Self) {
        self.in_flight += other.in_flight;
        self.settled += other.settled;
        self.handed_back.extend(other.handed_back);
        self.perhaps_sent.extend(other.perhaps_sent);
        self.interrupted |= other.interrupted;
    }
}

/// How terminating all ports went. Printed as a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrainReport {
    /// Port by port, in the order they were enlisted.
    pub ports: Vec<PortDrain>,
    /// From the request to the end of the last port.
    pub took: Duration,
}

impl DrainReport {
    /// One row per port: what several generations of a port had is added up.
    pub(crate) fn new(drained: Vec<PortDrain>, took: Duration) -> Self {
        let mut ports: Vec<PortDrain> = Vec::with_capacity(drained.len());
        for drain in drained {
            match ports.last_mut().filter(|last| last.port == drain.port) {
                Some(last) => last.add(drain),
                None => ports.push(drain),
            }
        }
        Self { ports, took }
    }

    /// Messages in flight when the drain began, over all ports.
    pub fn in_flight(&self) -> usize {
        self.ports.iter().map(|p| p.in_flight).sum()
    }

    /// Of those, settled during the drain.
    pub fn settled(&self) -> usize {
        self.ports.iter().map(|p| p.settled).sum()
    }

    /// Of those, handed back.
    pub fn handed_back(&self) -> usize {
        self.ports.iter().map(|p| p.handed_back.len()).sum()
    }

    /// Messages that may have been sent and will be delivered again.
    pub fn perhaps_sent(&self) -> impl Iterator<Item = MessageId> {
        self.ports.iter().flat_map(|p| &p.perhaps_sent).copied()
    }
}

impl fmt::Display for DrainReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lengths = self.ports.iter().map(|p| p.port.as_str().len());
        let width = lengths.max().unwrap_or(0).max("total".len());
        writeln!(f, "{:width$}  in flight  settled  handed back", "port")?;
        for port in &self.ports {
            let note = if port.interrupted {
                "  interrupted"
            } else {
                ""
            };
            let row = [port.in_flight, port.settled, port.handed_back.len()];
            write_row(f, port.port.as_str(), width, row, note)?;
        }
        let total = [self.in_flight(), self.settled(), self.handed_back()];
        write_row(f, "total", width, total, "")?;
        let uncertain: Vec<_> = self.perhaps_sent().collect();
        if !uncertain.is_empty() {
            let n = uncertain.len();
            writeln!(f, "may have been sent, will be delivered again: {n}")?;
            for id in uncertain.iter().take(IDS_SHOWN) {
                writeln!(f, "  {id}")?;
            }
            if n > IDS_SHOWN {
                writeln!(f, "  and {} more", n - IDS_SHOWN)?;
            }
        }
        write!(f, "took {:.1} s", self.took.as_secs_f64())
    }
}

fn write_row(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    width: usize,
    [in_flight, settled, handed_back]: [usize; 3],
    note: &str,
) -> fmt::Result {
    writeln!(
        f,
        "{name:width$}  {in_flight:>9}  {settled:>7}  {handed_back:>11}{note}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_is_an_aligned_table_that_names_what_may_be_sent_twice() {
        let name = |text| PortName::new(text).unwrap();
        let id = MessageId::new(1, 42);
        let orders = PortDrain {
            in_flight: 120,
            settled: 119,
            handed_back: vec![id],
            perhaps_sent: vec![id],
            interrupted: true,
            ..PortDrain::empty(name("purchase-orders"))
        };
        let report = DrainReport {
            ports: vec![orders, PortDrain::empty(name("mail"))],
            took: Duration::from_millis(1240),
        };
        let expected = "\
port             in flight  settled  handed back
purchase-orders        120      119            1  interrupted
mail                     0        0            0
total                  120      119            1
may have been sent, will be delivered again: 1
  00000000-0001-8000-8000-00000000002a
took 1.2 s";
        assert_eq!(report.to_string(), expected);
    }
}
