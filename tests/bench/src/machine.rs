//! The machine the figures are from, and the CPU time this process has used.

use std::fs;

use serde::Serialize;

/// What a reader needs to place the figures.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    cpu: String,
    cores: usize,
    memory: String,
    kernel: String,
}

impl Machine {
    pub(crate) fn this() -> Self {
        let line = |file: &str, key: &str| {
            let text = fs::read_to_string(file).unwrap_or_default();
            let found = text.lines().find_map(|l| l.strip_prefix(key));
            found
                .unwrap_or_default()
                .trim_matches([' ', '\t', ':'])
                .to_owned()
        };
        Self {
            cpu: line("/proc/cpuinfo", "model name"),
            cores: std::thread::available_parallelism().map_or(1, Into::into),
            memory: line("/proc/meminfo", "MemTotal"),
            kernel: line("/proc/sys/kernel/osrelease", ""),
        }
    }
}

/// A directory for one run, beside this program. Not the system's temporary directory, which may be
/// memory: fsync has to cost what it costs.
pub(crate) fn scratch() -> std::io::Result<tempfile::TempDir> {
    let program = std::env::current_exe()?;
    tempfile::tempdir_in(program.parent().unwrap_or(&program))
}

/// CPU seconds a process has used, user and system; this process when `pid` is `self`.
pub(crate) fn cpu_seconds(pid: &str) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The fields after the command's name, which may hold spaces: utime and stime are the 12th and 13th.
    let fields = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace();
    let ticks: f64 = fields
        .skip(11)
        .take(2)
        .filter_map(|f| f.parse::<f64>().ok())
        .sum();
    // USER_HZ is 100 on every Linux that runs this.
    ticks / 100.0
}

/// Memory of a process that is resident, in MiB.
pub(crate) fn resident_mebibytes(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kibibytes.map_or(f64::NAN, |k| k.trim().parse().unwrap_or(f64::NAN)) / 1024.0
}
