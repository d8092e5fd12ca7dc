//! An egress log that tests read.

use std::sync::{Mutex, PoisonError};

use super::{EgressLog, EgressRecord};

#[derive(Debug, Default)]
pub(crate) struct RecordingLog(Mutex<Vec<EgressRecord>>);

impl RecordingLog {
    /// What was recorded since the last time.
    pub(crate) fn take(&self) -> Vec<EgressRecord> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl EgressLog for RecordingLog {
    fn record(&self, record: EgressRecord) {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        records.push(record);
    }
}
