//! The egress log: one JSON line for everything that an adapter sent out or was denied.
//!
//! Deliveries hand their records to a queue and go on; one thread writes. When it does not keep up, records
//! are left out, and a line says how many.

mod file;
mod line;
mod writer;

#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use adapter_runtime::EgressRecord;
use anyhow::Context as _;

use crate::config;
use file::RotatingFile;
use writer::Writer;

/// Records that may wait to be written. At a few hundred bytes each, some megabytes.
const QUEUE: usize = 16 * 1024;

/// The way to the writer.
#[derive(Debug)]
pub(crate) struct EgressLog {
    queue: SyncSender<Letter>,
    /// Records that found the queue full, until a line has said so.
    missing: Arc<AtomicU64>,
    /// Taken by the one who closes it.
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// What the writer gets.
#[derive(Debug)]
enum Letter {
    Record(Box<EgressRecord>),
    /// Write what is there and end.
    End,
}

impl EgressLog {
    /// Opens the file, making its directory if need be, and starts the writer.
    pub(crate) fn open(config: &config::EgressLog) -> anyhow::Result<Self> {
        Self::open_with(config, QUEUE)
    }

    fn open_with(config: &config::EgressLog, room: usize) -> anyhow::Result<Self> {
        let file = RotatingFile::open(&config.file, config.max_size, config.keep);
        let file = file.with_context(|| {
            let name = config.file.display();
            format!("cannot write the egress log {name}; change 'egress-log' in [host]")
        })?;
        let (queue, letters) = sync_channel(room);
        let missing = Arc::new(AtomicU64::new(0));
        let writer = Writer::new(file, missing.clone());
        let writer = std::thread::Builder::new()
            .name("egress-log".to_owned())
            .spawn(move || writer.run(&letters))
            .context("cannot start the thread that writes the egress log")?;
        Ok(Self {
            queue,
            missing,
            writer: Mutex::new(Some(writer)),
        })
    }

    /// Waits until everything is written that was recorded before. Later records are left out.
    pub(crate) fn close(&self) {
        let writer = self
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(writer) = writer {
            // A writer that has ended already has closed the queue; a panic of it has been told.
            drop(self.queue.send(Letter::End));
            drop(writer.join());
        }
    }
}

impl adapter_runtime::EgressLog for EgressLog {
    fn record(&self, record: EgressRecord) {
        match self.queue.try_send(Letter::Record(Box::new(record))) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.missing.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}
