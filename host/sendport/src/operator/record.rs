//! The record of a swap in the message box.

use admin::{Deployed, OperationError};
use dispatcher::{ControlError, Swap};
use message_box::{Deployment, SwapRecord, SwapResult};
use model::{PortName, Timestamp};

use super::{Operator, now};

/// A swap that is being made.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub(super) port: PortName,
    pub(super) kind: &'static str,
    pub(super) began: Timestamp,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) changes: Vec<String>,
}

impl Attempt {
    fn record(&self, result: SwapResult) -> SwapRecord {
        SwapRecord {
            port: self.port.clone(),
            kind: self.kind.to_owned(),
            began: self.began,
            ended: now(),
            from: self.from.clone(),
            to: self.to.clone(),
            changes: self.changes.clone(),
            result,
        }
    }
}

impl Operator {
    /// Writes down how it went, and the deployment that it makes. What was switched and cannot be recorded
    /// serves the port all the same, but only until the next start: that is an error.
    pub(super) async fn record(
        &self,
        attempt: &Attempt,
        swapped: Result<Option<Swap>, ControlError>,
        deployment: Option<Deployment>,
    ) -> Result<Deployed, OperationError> {
        let (swap, waits_for_start) = match swapped {
            Ok(swap) => {
                let waits = swap.is_none();
                (swap.map_or_else(nothing_in_flight, result), waits)
            }
            Err(error) => {
                self.record_failure(attempt, error.to_string()).await;
                return Err(refusal(error));
            }
        };
        let record = attempt.record(swap);
        let message_box = &self.0.message_box;
        if let Err(error) = message_box.record_swap(record.clone(), deployment).await {
            tracing::error!(port = %attempt.port, %error, "a swap could not be recorded");
            return Err(OperationError::NotNow(format!(
                "{} serves send port {} now, but the message box could not record it ({error}): the next \
                 start goes back to {}; deploy it again when the box works",
                attempt.to, attempt.port, attempt.from
            )));
        }
        Ok(Deployed {
            swap: record.into(),
            waits_for_start,
        })
    }

    /// Writes down what did not come about; if that fails too, the log has it.
    pub(super) async fn record_failure(&self, attempt: &Attempt, reason: String) {
        tracing::warn!(port = %attempt.port, kind = attempt.kind, reason, "a swap has failed; the old version goes on");
        let record = attempt.record(SwapResult::Failed { reason });
        if let Err(error) = self.0.message_box.record_swap(record, None).await {
            tracing::error!(port = %attempt.port, %error, "a failed swap could not be recorded");
        }
    }
}

fn result(swap: Swap) -> SwapResult {
    SwapResult::Switched {
        in_flight: swap.in_flight as u64,
        settled: swap.settled as u64,
        handed_over: swap.handed_over.len() as u64,
        lost: swap.lost as u64,
        perhaps_sent: swap.perhaps_sent,
        interrupted: swap.interrupted,
        longest_pause: swap.longest_pause,
    }
}

/// A terminated port has nothing in flight.
fn nothing_in_flight() -> SwapResult {
    SwapResult::Switched {
        in_flight: 0,
        settled: 0,
        handed_over: 0,
        lost: 0,
        perhaps_sent: Vec::new(),
        interrupted: false,
        longest_pause: std::time::Duration::ZERO,
    }
}

/// Why the dispatcher did not do it.
pub(super) fn refusal(error: ControlError) -> OperationError {
    let text = error.to_string();
    match error {
        ControlError::UnknownPort { .. } | ControlError::UnknownAdapter { .. } => {
            OperationError::Unknown(text)
        }
        ControlError::Start { .. } => OperationError::NotStarted(text),
        _ => OperationError::NotNow(text),
    }
}
