//! What an operation came to, in JSON.

use message_box::{SwapRecord, SwapResult};
use model::Showing;
use serde::{Deserialize, Serialize};

use crate::time::rfc3339;

/// What became of a deployment, a roll-back or a promotion.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Deployed {
    /// The record that is kept of it.
    pub swap: SwapReport,
    /// The port is terminated: the new version serves it when it is started.
    pub waits_for_start: bool,
}

/// One hot swap, or the attempt of one.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct SwapReport {
    /// The port.
    pub port: String,
    /// `deploy`, `rollback`, `canary`, `promote`, `automatic-rollback` or `reload`.
    pub kind: String,
    /// When it was asked for (RFC 3339).
    pub began: String,
    /// When the old version had ended, or the attempt had failed (RFC 3339).
    pub ended: String,
    /// The adapter that was replaced: name, version, digest.
    pub from: String,
    /// The one that took its place, or was to.
    pub to: String,
    /// What is different, a line each.
    pub changes: Vec<String>,
    /// The proof, when it was switched.
    pub switched: Option<Switched>,
    /// Why it failed; the old version goes on.
    pub failed: Option<String>,
}

/// The proof that nothing was lost: in flight = settled + handed over + lost.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Switched {
    /// Messages with the old version at the switch.
    pub in_flight: u64,
    /// Of those, settled by it.
    pub settled: u64,
    /// Of those, handed to the new version.
    pub handed_over: u64,
    /// Of those, neither.
    pub lost: u64,
    /// Of those handed over, the ones that may have been sent before.
    pub perhaps_sent: Vec<String>,
    /// The old version was ended by force.
    pub interrupted: bool,
    /// The longest time in which messages waited and none was settled, in microseconds.
    pub longest_pause_us: u64,
}

/// How two versions of an adapter are doing that serve a port together.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct CanaryReport {
    /// The port.
    pub port: String,
    /// Which messages the new version gets.
    pub share: String,
    /// The old version.
    pub old: VersionReport,
    /// The new one.
    pub new: VersionReport,
}

/// What one version has done since the trial began.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct VersionReport {
    /// Name, version, digest.
    pub version: String,
    /// Messages delivered.
    pub delivered: u64,
    /// Attempts failed.
    pub failed: u64,
    /// Instances lost.
    pub traps: u64,
    /// The median time for a message, in microseconds.
    pub median_us: Option<u64>,
}

/// What a reload came to.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Reloaded {
    /// Ports that were added, changed or removed, and what became of each.
    pub ports: Vec<PortChange>,
    /// Ports that are as they were.
    pub unchanged: usize,
    /// Keys that have changed and need a restart.
    pub need_restart: Vec<String>,
}

/// A port that a reload has changed, or could not.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct PortChange {
    /// The port.
    pub port: String,
    /// `added`, `changed` or `removed`.
    pub change: String,
    /// The record of the swap, for a changed one.
    pub swap: Option<SwapReport>,
    /// Why it did not work; the port is as it was.
    pub failed: Option<String>,
}

impl VersionReport {
    /// From what was seen.
    pub fn new(version: String, showing: &Showing) -> Self {
        let micros = |time: std::time::Duration| u64::try_from(time.as_micros());
        Self {
            version,
            delivered: showing.delivered,
            failed: showing.failed,
            traps: showing.traps,
            median_us: showing.median.map(|m| micros(m).unwrap_or(u64::MAX)),
        }
    }
}

impl From<SwapRecord> for SwapReport {
    fn from(record: SwapRecord) -> Self {
        let (switched, failed) = match record.result {
            SwapResult::Failed { reason } => (None, Some(reason)),
            SwapResult::Switched {
                in_flight,
                settled,
                handed_over,
                lost,
                perhaps_sent,
                interrupted,
                longest_pause,
            } => {
                let switched = Switched {
                    in_flight,
                    settled,
                    handed_over,
                    lost,
                    perhaps_sent: perhaps_sent.iter().map(ToString::to_string).collect(),
                    interrupted,
                    longest_pause_us: u64::try_from(longest_pause.as_micros()).unwrap_or(u64::MAX),
                };
                (Some(switched), None)
            }
        };
        Self {
            port: record.port.to_string(),
            kind: record.kind,
            began: rfc3339(record.began),
            ended: rfc3339(record.ended),
            from: record.from,
            to: record.to,
            changes: record.changes,
            switched,
            failed,
        }
    }
}
