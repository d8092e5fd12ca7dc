//! One exchange under way, for the log: what is known of it is gathered here, and told when it is over.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::network::Prohibited;
use super::record::{EgressLog, EgressRecord, EgressVerdict};

/// Tells its record when it is dropped, so that an exchange that was given up is told as well. There is
/// none unless somebody listens.
pub(crate) struct Exchange {
    log: Arc<dyn EgressLog>,
    /// Taken when it is told.
    record: Option<EgressRecord>,
    begun: Instant,
    sent: Arc<AtomicU64>,
    over: bool,
}

impl Exchange {
    pub(super) fn new(log: Arc<dyn EgressLog>, record: EgressRecord) -> Self {
        Self {
            log,
            record: Some(record),
            begun: Instant::now(),
            sent: Arc::default(),
            over: false,
        }
    }

    /// Where the bytes of the request's body are counted.
    pub(crate) fn sent(&self) -> Arc<AtomicU64> {
        self.sent.clone()
    }

    /// The head of the answer has come, from this address.
    pub(crate) fn answered(&mut self, status: u16, address: Option<IpAddr>) {
        if let Some(record) = &mut self.record {
            record.status = Some(status);
            record.address = address;
        }
    }

    /// So many bytes of the answer's body have been read.
    pub(crate) fn received(&mut self, bytes: usize) {
        if let Some(record) = &mut self.record {
            *record.bytes_in.get_or_insert(0) += bytes as u64;
        }
    }

    /// The answer has been read as far as anybody wants it.
    pub(crate) fn finished(&mut self) {
        self.over = true;
    }

    /// There was no answer, or no whole one.
    pub(crate) fn failed(&mut self, error: impl fmt::Display) {
        self.over = true;
        if let Some(record) = &mut self.record {
            record.error = Some(error.to_string());
        }
    }

    /// The name that was to be dialled stands for what may not be.
    pub(crate) fn prohibited(&mut self, prohibited: &Prohibited) {
        self.over = true;
        if let Some(record) = &mut self.record {
            record.verdict = EgressVerdict::Denied(prohibited.to_string());
            record.address = Some(prohibited.address);
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let Some(mut record) = self.record.take() else {
            return;
        };
        if !self.over {
            record.error = Some("given up before its end".to_owned());
        }
        record.bytes_out = Some(self.sent.load(Ordering::Relaxed));
        record.bytes_in.get_or_insert(0);
        record.duration = self.begun.elapsed();
        self.log.record(record);
    }
}
