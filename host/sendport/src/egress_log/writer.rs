//! The thread that writes the egress log.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::SystemTime;

use super::Letter;
use super::file::RotatingFile;
use super::line::Line;

/// Writes what comes until it is told to end.
pub(super) struct Writer {
    file: RotatingFile,
    missing: Arc<AtomicU64>,
    /// Records that were written since the file was last flushed: lost if that fails.
    unsure: u64,
    /// It has been said that writing fails, and has failed ever since.
    failing: bool,
}

impl Writer {
    pub(super) fn new(file: RotatingFile, missing: Arc<AtomicU64>) -> Self {
        Self {
            file,
            missing,
            unsure: 0,
            failing: false,
        }
    }

    pub(super) fn run(mut self, letters: &Receiver<Letter>) {
        loop {
            let letter = match letters.try_recv() {
                Ok(letter) => letter,
                Err(TryRecvError::Disconnected) => break,
                // Whoever reads along sees everything when nothing more comes.
                Err(TryRecvError::Empty) => {
                    self.flush();
                    match letters.recv() {
                        Ok(letter) => letter,
                        Err(_) => break,
                    }
                }
            };
            match letter {
                Letter::Record(record) => self.write(&Line::of(&record)),
                Letter::End => break,
            }
        }
        self.flush();
    }

    fn write(&mut self, line: &Line<'_>) {
        self.tell_missing();
        self.unsure += 1;
        let written = self.put(line);
        self.settle(written);
    }

    /// A line that says how many records are not here, if any.
    fn tell_missing(&mut self) {
        let missing = self.missing.swap(0, Ordering::Relaxed);
        if missing == 0 {
            return;
        }
        // They stay missing if not even that can be written.
        self.unsure += missing;
        let told = self.put(&Line::missing(SystemTime::now(), missing));
        self.settle(told);
    }

    fn put(&mut self, line: &Line<'_>) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.file.write(&text)
    }

    fn flush(&mut self) {
        self.tell_missing();
        let flushed = self.file.flush();
        let well = flushed.is_ok();
        self.settle(flushed);
        if well {
            (self.unsure, self.failing) = (0, false);
        }
    }

    /// After a failure: what is not in the file for sure is counted as missing, and the file tried again
    /// with the next record.
    fn settle(&mut self, written: io::Result<()>) {
        let Err(error) = written else {
            return;
        };
        self.missing.fetch_add(self.unsure, Ordering::Relaxed);
        self.unsure = 0;
        if !std::mem::replace(&mut self.failing, true) {
            tracing::error!(%error, "cannot write the egress log; records are missing until that works again");
        }
        // If that fails as well, the next record will say so.
        drop(self.file.reopen());
    }
}
