//! Where a secret comes from: a file, a variable of the environment, or what a command prints.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};
use zeroize::Zeroizing;

use super::Secret;

/// A file or an answer that is longer is not a secret but a mistake. Chains of certificates fit.
const LARGEST: u64 = 64 * 1024;

/// How long a command may take; the host waits for it before it starts.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where a secret comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// The content of a file, without the line break at its end.
    File(PathBuf),
    /// A variable of the host's environment.
    Environment(String),
    /// What a program prints on its standard output, without the line break at its end. The program and
    /// its arguments; no shell reads them.
    Command(Vec<String>),
}

/// Why a secret could not be read. Never holds what was read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The file cannot be read.
    #[error("cannot read the file {path}: {reason}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: io::Error,
    },
    /// There is no such variable.
    #[error(
        "there is no variable {name} in the environment of the host; set it, or use file = \"…\""
    )]
    Unset {
        /// Its name.
        name: String,
    },
    /// No program was named.
    #[error("the command names no program")]
    NoProgram,
    /// The program could not be run.
    #[error("cannot run {program}: {reason}")]
    Run {
        /// Which.
        program: String,
        /// Why.
        reason: io::Error,
    },
    /// The program said that it failed. What it printed may be anything, and is not repeated.
    #[error("{program} failed ({status}); run it by hand to see what it says")]
    Failed {
        /// Which.
        program: String,
        /// Its exit code, or the signal that ended it.
        status: String,
    },
    /// The program did not end.
    #[error(
        "{program} did not end within {patience:?} and was killed; it gets no input and must not ask for any"
    )]
    Slow {
        /// Which.
        program: String,
        /// How long it was waited for.
        patience: Duration,
    },
    /// Nothing was there.
    #[error("it is empty")]
    Empty,
    /// More was there than a secret is long.
    #[error("it is larger than {LARGEST} bytes, which no secret is")]
    TooLarge,
    /// What was there is not text.
    #[error("it is not text (UTF-8); encode binary secrets, as base64 or PEM for example")]
    NotText,
}

impl SecretSource {
    /// Reads the secret, once; a command is run with no input and at most for some seconds.
    pub async fn read(&self) -> Result<Secret, SecretError> {
        match self {
            Self::File(path) => secret(without_line_break(read_file(path)?)),
            Self::Environment(name) => match std::env::var_os(name) {
                Some(value) => secret(Zeroizing::new(value.into_encoded_bytes())),
                None => Err(SecretError::Unset { name: name.clone() }),
            },
            Self::Command(line) => secret(without_line_break(run(line, PATIENCE).await?)),
        }
    }

    /// What an operator should know about a source that can be read: who else can read it.
    pub fn warning(&self) -> Option<String> {
        let Self::File(path) = self else {
            return None;
        };
        is_world_readable(path).then(|| {
            format!(
                "every user of this machine can read {}; take that right away: chmod o-r",
                path.display()
            )
        })
    }
}

#[cfg(unix)]
fn is_world_readable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    const OTHERS_READ: u32 = 0o004;
    std::fs::metadata(path).is_ok_and(|about| about.permissions().mode() & OTHERS_READ != 0)
}

#[cfg(not(unix))]
fn is_world_readable(_: &Path) -> bool {
    false
}

fn secret(bytes: Zeroizing<Vec<u8>>) -> Result<Secret, SecretError> {
    if is_too_large(&bytes) {
        return Err(SecretError::TooLarge);
    }
    match std::str::from_utf8(&bytes) {
        Ok("") => Err(SecretError::Empty),
        Ok(text) => Ok(Secret::new(text.to_owned())),
        Err(_) => Err(SecretError::NotText),
    }
}

fn is_too_large(bytes: &[u8]) -> bool {
    bytes.len() as u64 > LARGEST
}

/// Editors and `echo` end a file with a line break that is no part of the secret.
fn without_line_break(mut bytes: Zeroizing<Vec<u8>>) -> Zeroizing<Vec<u8>> {
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    }
    bytes
}

/// A buffer that never grows: growing would leave copies behind that nobody overwrites.
fn buffer() -> Zeroizing<Vec<u8>> {
    let capacity = usize::try_from(LARGEST).unwrap_or(usize::MAX) + 64;
    Zeroizing::new(Vec::with_capacity(capacity))
}

fn read_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    let mut bytes = buffer();
    let read = File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes));
    match read {
        Ok(_) => Ok(bytes),
        Err(reason) => Err(SecretError::File {
            path: path.to_owned(),
            reason,
        }),
    }
}

async fn run(line: &[String], patience: Duration) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    let (program, arguments) = line.split_first().ok_or(SecretError::NoProgram)?;
    let cannot = |reason| SecretError::Run {
        program: program.clone(),
        reason,
    };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // A helper that fails may print anything, and the host's standard error is its log.
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(cannot)?;
    let ended = tokio::time::timeout(patience, printed(&mut child)).await;
    let Ok(ended) = ended else {
        // Waits as well, so that nothing is left of it.
        child.kill().await.map_err(cannot)?;
        let program = program.clone();
        return Err(SecretError::Slow { program, patience });
    };
    let (bytes, status) = ended.map_err(cannot)?;
    // One that was stopped because it printed too much has not failed by itself.
    if !status.success() && !is_too_large(&bytes) {
        return Err(SecretError::Failed {
            program: program.clone(),
            status: status.to_string(),
        });
    }
    Ok(bytes)
}

/// What it prints until it is done, or has printed too much.
async fn printed(child: &mut Child) -> io::Result<(Zeroizing<Vec<u8>>, std::process::ExitStatus)> {
    let mut bytes = buffer();
    if let Some(stdout) = child.stdout.take() {
        stdout.take(LARGEST + 1).read_to_end(&mut bytes).await?;
    }
    if is_too_large(&bytes) {
        child.start_kill()?;
    }
    Ok((bytes, child.wait().await?))
}

#[cfg(test)]
mod tests;
