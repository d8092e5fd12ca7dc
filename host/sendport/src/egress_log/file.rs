//! A file that is put aside when it is full: `egress.jsonl`, `egress.jsonl.1` (the one before), `.2`, …

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// The file that is written to, and how those before it are kept.
#[derive(Debug)]
pub(super) struct RotatingFile {
    path: PathBuf,
    max_size: u64,
    keep: usize,
    out: BufWriter<File>,
    /// Bytes in it so far.
    size: u64,
}

impl RotatingFile {
    /// Goes on at the end of a file that is there.
    pub(super) fn open(path: &Path, max_size: u64, keep: usize) -> io::Result<Self> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        let (out, size) = append_to(path)?;
        Ok(Self {
            path: path.to_owned(),
            max_size,
            keep,
            out,
            size,
        })
    }

    /// Writes a line; begins another file if it does not fit any more. A line is never split.
    pub(super) fn write(&mut self, line: &[u8]) -> io::Result<()> {
        let length = line.len() as u64;
        if self.size > 0 && self.size.saturating_add(length) > self.max_size {
            self.rotate()?;
        }
        self.out.write_all(line)?;
        self.size += length;
        Ok(())
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// What could not be written is given up, and the file opened anew.
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        let (out, size) = append_to(&self.path)?;
        // Taken apart, so that dropping it does not try to write again.
        drop(std::mem::replace(&mut self.out, out).into_parts());
        self.size = size;
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        self.out.flush()?;
        if self.keep == 0 {
            fs::remove_file(&self.path)?;
        }
        for nth in (0..self.keep).rev() {
            match fs::rename(self.nth(nth), self.nth(nth + 1)) {
                // There have not been so many yet.
                Err(error) if error.kind() == io::ErrorKind::NotFound && nth > 0 => {}
                moved => moved?,
            }
        }
        (self.out, self.size) = append_to(&self.path)?;
        Ok(())
    }

    /// The file that was written to so many files ago.
    fn nth(&self, nth: usize) -> PathBuf {
        if nth == 0 {
            return self.path.clone();
        }
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{nth}"));
        name.into()
    }
}

/// Made for the owner alone: it tells where messages go. A line that a crash or a full disk has cut off is
/// ended, so that the next one is not lost as well.
fn append_to(path: &Path) -> io::Result<(BufWriter<File>, u64)> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let mut size = file.metadata()?.len();
    if size > 0 {
        let mut last = [0];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            file.write_all(b"\n")?;
            size += 1;
        }
    }
    Ok((BufWriter::new(file), size))
}
