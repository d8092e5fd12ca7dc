//! The table at the end, and whether every sum in it holds.

use std::fmt;
use std::time::Duration;

use anyhow::{Result, bail};

use super::ledger::Summary;
use super::status::Counts;

/// The three accounts side by side.
#[derive(Debug)]
pub(crate) struct Report {
    /// Every port: what the stopped box says, and what the demo itself saw.
    pub(crate) ports: [(&'static str, Counts, Summary); 3],
    /// The host's own check of its sum.
    pub(crate) holds: bool,
    /// Attempts that the host scheduled again.
    pub(crate) retried: u64,
    /// Requests that the receiver answered with 503.
    pub(crate) refused: u64,
    /// Orders streamed while the rates were measured.
    pub(crate) streamed: u32,
    /// How long accepting those took.
    pub(crate) accepting: Duration,
    /// Messages delivered or suspended before the burst at the end.
    pub(crate) resolved: u64,
    /// How long it took from the first publication until nothing was pending, the outage included.
    pub(crate) resolving: Duration,
}

impl Report {
    /// An error that names everything that does not add up.
    pub(crate) fn verdict(&self) -> Result<()> {
        let mut wrong: Vec<_> = self.ports.iter().flat_map(complaints).collect();
        if !self.holds {
            wrong.push("the host's own audit does not hold".to_owned());
        }
        if self.refused > 0 && self.retried == 0 {
            wrong.push("the receiver refused messages, but the host retried none".to_owned());
        }
        if !wrong.is_empty() {
            bail!("the accounts do not agree:\n  {}", wrong.join("\n  "));
        }
        Ok(())
    }
}

/// What does not add up for one port. A message that was sent while the host was being stopped may have
/// arrived without the box knowing: it is pending there and counts as verified here.
fn complaints((port, stored, seen): &(&str, Counts, Summary)) -> Vec<String> {
    let Counts {
        accepted,
        delivered,
        suspended,
        pending,
        ..
    } = *stored;
    let mut complaints = Vec::new();
    let mut check = |holds: bool, text: String| {
        if !holds {
            complaints.push(format!("{port}: {text}"));
        }
    };
    check(
        accepted == delivered + suspended + pending,
        format!(
            "{accepted} accepted ≠ {delivered} delivered + {suspended} suspended + {pending} pending"
        ),
    );
    check(
        accepted == seen.accepted,
        format!(
            "the host counts {accepted} accepted, but answered for {}",
            seen.accepted
        ),
    );
    check(
        (delivered..=delivered + pending).contains(&seen.verified),
        format!(
            "{delivered} delivered and {pending} pending, but {} arrived",
            seen.verified
        ),
    );
    check(
        suspended == 0,
        format!("{suspended} suspended, although all could be delivered"),
    );
    check(
        seen.wrong == 0,
        format!("{} arrivals with a wrong digest or id", seen.wrong),
    );
    complaints
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = |f: &mut fmt::Formatter<'_>, cells: [&dyn fmt::Display; 8]| {
            let [port, numbers @ ..] = cells;
            write!(f, "{port:10}")?;
            for number in numbers {
                write!(f, "{:>11}", number.to_string())?;
            }
            writeln!(f)
        };
        writeln!(f)?;
        let heading = [
            "port",
            "accepted",
            "delivered",
            "suspended",
            "pending",
            "verified",
            "wrong",
            "duplicates",
        ];
        row(f, heading.each_ref().map(|cell| cell as &dyn fmt::Display))?;
        for (port, stored, seen) in &self.ports {
            let cells: [&dyn fmt::Display; 8] = [
                port,
                &stored.accepted,
                &stored.delivered,
                &stored.suspended,
                &stored.pending,
                &seen.verified,
                &seen.wrong,
                &seen.duplicates,
            ];
            row(f, cells)?;
        }
        let resolved = self.resolved;
        writeln!(
            f,
            "\naccepted = delivered + suspended + pending; verified by SHA-256 where they arrived"
        )?;
        writeln!(
            f,
            "503 answered: {}, attempts retried: {}",
            self.refused, self.retried
        )?;
        writeln!(
            f,
            "accepted {:.0} messages/s; delivered {resolved} in {:.1} s, {:.0} messages/s with the outage",
            per_second(u64::from(self.streamed), self.accepting),
            self.resolving.as_secs_f64(),
            per_second(resolved, self.resolving),
        )
    }
}

fn per_second(n: u64, time: Duration) -> f64 {
    // Lossless up to 2^53 messages.
    #[expect(clippy::cast_precision_loss, reason = "a rate is an approximation")]
    let n = n as f64;
    n / time.as_secs_f64().max(f64::EPSILON)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(stored: Counts, seen: Summary) -> Report {
        Report {
            ports: [("bulk", stored, seen); 3],
            holds: true,
            retried: 5,
            refused: 5,
            streamed: 100,
            accepting: Duration::from_millis(500),
            resolved: 120,
            resolving: Duration::from_secs(3),
        }
    }

    const STORED: Counts = Counts::new(10, 7, 0, 3);
    const SEEN: Summary = Summary {
        accepted: 10,
        verified: 8,
        wrong: 0,
        duplicates: 1,
    };

    #[test]
    fn sums_that_hold_are_no_error() {
        let report = report(STORED, SEEN);
        report.verdict().unwrap();
        let text = report.to_string();
        assert!(
            text.contains("accepted 200 messages/s; delivered 120 in 3.0 s, 40 messages/s"),
            "{text}"
        );
    }

    #[test]
    fn what_does_not_add_up_is_named() {
        let table = [
            (
                Counts::new(10, 6, 0, 3),
                SEEN,
                "10 accepted ≠ 6 delivered + 0 suspended + 3 pending",
            ),
            (
                Counts::new(11, 8, 0, 3),
                SEEN,
                "counts 11 accepted, but answered for 10",
            ),
            (
                STORED,
                Summary {
                    verified: 6,
                    ..SEEN
                },
                "but 6 arrived",
            ),
            (
                STORED,
                Summary {
                    verified: 11,
                    ..SEEN
                },
                "but 11 arrived",
            ),
            (Counts::new(10, 6, 1, 3), SEEN, "1 suspended"),
            (
                STORED,
                Summary { wrong: 1, ..SEEN },
                "1 arrivals with a wrong digest",
            ),
        ];
        for (stored, seen, expected) in table {
            let error = report(stored, seen).verdict().unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        let never_retried = Report {
            retried: 0,
            ..report(STORED, SEEN)
        };
        assert!(never_retried.verdict().is_err());
        let audit = Report {
            holds: false,
            ..report(STORED, SEEN)
        };
        assert!(audit.verdict().is_err());
    }
}
