//! Running one target: what it starts from, where it leaves what it finds, and what is said about it.

use std::fs::{self, File};
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::programs::Programs;
use crate::cargo;
use crate::workspace::Workspace;

/// Where there is such a directory, databases and caches are in memory: nobody needs them after the run.
const MEMORY: &str = "/dev/shm";

/// Seconds that one input may take, and MiB that the program may use.
const SLOWEST: u32 = 20;
const LARGEST: u32 = 4096;

/// Lines of the program's output that are shown when it fails.
const SHOWN: usize = 60;

/// One target.
pub(super) struct Campaign<'a> {
    target: &'static str,
    program: PathBuf,
    workspace: &'a Workspace,
    /// What is checked in.
    sources: PathBuf,
    /// What is found out: under the target directory, which CI keeps from run to run.
    found: PathBuf,
    /// For the program's own files; it may end in the middle of anything.
    scratch: TempDir,
}

impl<'a> Campaign<'a> {
    pub(super) fn new(
        workspace: &'a Workspace,
        programs: &Programs,
        target: &'static str,
    ) -> Result<Self> {
        let scratch = match Path::new(MEMORY).is_dir() {
            true => tempfile::tempdir_in(MEMORY),
            false => tempfile::tempdir(),
        };
        Ok(Self {
            target,
            program: programs.of(target),
            workspace,
            sources: workspace.root.join("tests/fuzz"),
            found: workspace.target.join("fuzz"),
            scratch: scratch.context("cannot make a temporary directory")?,
        })
    }

    /// Fuzzes. False when something was found.
    pub(super) fn run(&self, seconds: u32) -> Result<bool> {
        let (corpus, findings) = (self.found("corpus")?, self.found("findings")?);
        let before = count(&corpus)?;
        let mut log = self.log()?;
        let mut command = self.command();
        command
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-timeout={SLOWEST}"))
            .arg(format!("-rss_limit_mb={LARGEST}"))
            .arg(format!("-artifact_prefix={}/", findings.display()));
        let dictionary = self.sources.join("dictionaries").join(self.target);
        if dictionary.exists() {
            command.arg(format!("-dict={}", dictionary.display()));
        }
        // New inputs go to the first one.
        command.arg(&corpus);
        command.args(
            self.kept("corpus")
                .into_iter()
                .chain(self.kept("regressions")),
        );
        command.stdout(Stdio::null()).stderr(log.try_clone()?);
        let status = command.status().with_context(|| self.cannot_start())?;
        let mut said = Vec::new();
        log.rewind()?;
        log.read_to_end(&mut said)?;
        let said = String::from_utf8_lossy(&said);
        if status.success() {
            let after = count(&corpus)?;
            println!("  {:<16} {}", self.target, summary(&said, before, after));
        } else {
            self.report(&said);
        }
        Ok(status.success())
    }

    /// Runs the target with inputs that are there.
    pub(super) fn repeat(&self, inputs: &[PathBuf]) -> Result<()> {
        let inputs = inputs.iter().map(fs::canonicalize);
        let inputs = inputs.collect::<Result<Vec<_>, _>>();
        cargo::run(
            self.command()
                .args(inputs.context("cannot find the input")?),
        )
    }

    /// Adds to the corpus that is checked in what reaches code that it does not.
    pub(super) fn keep(&self) -> Result<()> {
        let kept = self.sources.join("corpus").join(self.target);
        let before = count(&kept)?;
        let mut merge = self.command();
        // By code reached, not by how often: otherwise there are hundreds.
        merge
            .args(["-merge=1", "-use_counters=0"])
            .arg(&kept)
            .arg(self.found("corpus")?);
        merge.stderr(self.log()?);
        cargo::run(&mut merge)?;
        let after = count(&kept)?;
        println!(
            "  {:<16} {after} inputs kept, {} of them new",
            self.target,
            after - before
        );
        Ok(())
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env("SENDPORT_ADAPTERS", self.workspace.adapters())
            .env("TMPDIR", self.scratch.path())
            .env("RUST_BACKTRACE", "1");
        command
    }

    /// A directory for what is found; there when this returns.
    fn found(&self, kind: &str) -> Result<PathBuf> {
        let directory = self.found.join(kind).join(self.target);
        fs::create_dir_all(&directory)
            .with_context(|| format!("cannot create {}", directory.display()))?;
        Ok(directory)
    }

    /// A directory of inputs that are checked in, if there is one.
    fn kept(&self, kind: &str) -> Option<PathBuf> {
        let directory = self.sources.join(kind).join(self.target);
        directory.is_dir().then_some(directory)
    }

    fn log(&self) -> Result<File> {
        let file = self.found.join(self.target).with_extension("log");
        let mut options = File::options();
        options.create(true).truncate(true).read(true).write(true);
        options
            .open(&file)
            .with_context(|| format!("cannot write {}", file.display()))
    }

    fn cannot_start(&self) -> String {
        format!("cannot start {}", self.program.display())
    }

    /// What happened, and what to do now.
    fn report(&self, said: &str) {
        let lines: Vec<&str> = said.lines().collect();
        let first = lines.len().saturating_sub(SHOWN);
        println!("{}", lines[first..].join("\n"));
        let written = said
            .lines()
            .find_map(|line| line.split_once("Test unit written to "));
        let Some((_, input)) = written else {
            println!("  {}: FAILED without an input to blame", self.target);
            return;
        };
        println!("  {}: FAILED with {input}", self.target);
        println!("  again: cargo xtask fuzz {} --repeat {input}", self.target);
        println!(
            "  put it into tests/fuzz/regressions/{}/ with the fix",
            self.target
        );
    }
}

fn count(directory: &Path) -> Result<usize> {
    let files = fs::read_dir(directory);
    let files = files.with_context(|| format!("cannot read {}", directory.display()))?;
    Ok(files.count())
}

/// Executions, code reached and what the corpus has gained, from libFuzzer's last lines.
fn summary(said: &str, before: usize, after: usize) -> String {
    let number = |key: &str| {
        let line = said.lines().rev().find_map(|line| line.split_once(key))?;
        line.1.split_whitespace().next()
    };
    let executions = said.lines().rev().find_map(|line| {
        let (_, rest) = line.split_once("Done ")?;
        rest.split_once(" runs in ")
    });
    let (runs, time) = executions.unwrap_or(("?", "? seconds"));
    let time = time.split_whitespace().next().unwrap_or("?");
    let (edges, features) = (
        number("cov: ").unwrap_or("?"),
        number("ft: ").unwrap_or("?"),
    );
    format!(
        "{runs:>9} executions in {time} s, {edges} edges, {features} features, corpus {after} (+{})",
        after.saturating_sub(before)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_told_in_a_line() {
        let said = "#2\tINITED cov: 20 ft: 21 corp: 1/1b exec/s: 0 rss: 40Mb\n\
                    #9041\tDONE   cov: 1234 ft: 5678 corp: 90/12Kb lim: 40 exec/s: 904 rss: 80Mb\n\
                    Done 9041 runs in 10 second(s)\n";
        assert_eq!(
            summary(said, 7, 9).trim_start(),
            "9041 executions in 10 s, 1234 edges, 5678 features, corpus 9 (+2)"
        );
    }
}
