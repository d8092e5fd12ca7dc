//! `sendport adapter sign` and `keygen`: signatures on components, for operators without another tool.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use adapter_runtime::{SigningKey, signature_beside};
use anyhow::{Context as _, ensure};

use crate::cli::{KeygenArguments, SignArguments};
use crate::output;

/// How every component begins, and every module.
const WASM: &[u8] = b"\0asm";

pub(crate) fn sign(arguments: &SignArguments) -> anyhow::Result<()> {
    let SignArguments {
        component,
        key,
        output: named,
    } = arguments;
    let pem = fs::read_to_string(key)
        .with_context(|| format!("cannot read the key {}", key.display()))?;
    let key = SigningKey::from_pem(&pem)
        .with_context(|| format!("cannot sign with {}", key.display()))?;
    let bytes = fs::read(component)
        .with_context(|| format!("cannot read the component {}", component.display()))?;
    ensure!(
        bytes.starts_with(WASM),
        "{} is not a component: it does not begin with the bytes `\\0asm`",
        component.display()
    );
    let signature = key.sign(&bytes)?;
    let file = named.clone().unwrap_or_else(|| signature_beside(component));
    fs::write(&file, signature)
        .with_context(|| format!("cannot write the signature {}", file.display()))?;
    output::print(&format!("{}\n", file.display()))
}

pub(crate) fn keygen(arguments: &KeygenArguments) -> anyhow::Result<()> {
    let pem = SigningKey::generate(arguments.algorithm.into())?;
    let public = SigningKey::from_pem(&pem)?.public_pem();
    let private_file = with_ending(&arguments.name, ".key");
    let public_file = with_ending(&arguments.name, ".pub");
    // The public one can be made again, the private one cannot: it is written first.
    write_new(&private_file, &pem, true)?;
    write_new(&public_file, &public, false)?;
    output::print(&format!(
        "{}\n{}\n",
        private_file.display(),
        public_file.display()
    ))
}

fn with_ending(name: &Path, ending: &str) -> PathBuf {
    let mut name = name.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Never over a file that is there: it could be the only copy of a key. A secret is its owner's alone.
fn write_new(file: &Path, text: &str, secret: bool) -> anyhow::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if secret {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let written = options
        .open(file)
        .and_then(|mut opened| opened.write_all(text.as_bytes()));
    written.with_context(|| format!("cannot write {}", file.display()))
}
