//! Case files: configurations, and what is to be said about them. Adapters are made up, so that none
//! has to be compiled.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use adapter_runtime::{ConfigurationKey, TransportInfo, ValueKind, World};

use super::{Facts, KnownAdapters, checks, notes};
use crate::config::{Config, ConfigError, Mistake};

/// An adapter of the case files.
struct MadeUp {
    /// The file name of its component.
    file: &'static str,
    world: World,
    prefixes: &'static [&'static str],
    ordered_delivery: bool,
    two_way: bool,
}

impl MadeUp {
    const fn new(file: &'static str, world: World, prefixes: &'static [&'static str]) -> Self {
        Self {
            file,
            world,
            prefixes,
            ordered_delivery: true,
            two_way: false,
        }
    }

    /// The transport type is the name of the file.
    fn info(&self) -> TransportInfo {
        let transport_type = self.file.trim_end_matches(".wasm").to_uppercase();
        TransportInfo {
            name: format!("{transport_type} adapter"),
            version: "1.0".to_owned(),
            description: String::new(),
            transport_type,
            address_prefixes: self.prefixes.iter().map(|p| (*p).to_owned()).collect(),
            start_eagerly: false,
            ordered_delivery: self.ordered_delivery,
            two_way: self.two_way,
            handler_schema: Vec::new(),
            port_schema: vec![ConfigurationKey {
                name: "limit".to_owned(),
                description: "how many".to_owned(),
                kind: ValueKind::Number,
                required: false,
                default: None,
            }],
        }
    }
}

const MADE_UP: [MadeUp; 6] = [
    MadeUp {
        two_way: true,
        ..MadeUp::new(
            "http.wasm",
            World::AsyncSendAdapter,
            &["http://", "https://"],
        )
    },
    MadeUp::new("file.wasm", World::AsyncSendAdapter, &["file://", "/", "."]),
    MadeUp {
        ordered_delivery: false,
        ..MadeUp::new("queue.wasm", World::AsyncBatchSendAdapter, &[])
    },
    MadeUp::new(
        "postgres.wasm",
        World::TransactionalBatchSendAdapter,
        &["postgres://"],
    ),
    MadeUp::new("smtp.wasm", World::SendAdapter, &["smtp://"]),
    MadeUp::new("bulk.wasm", World::BatchSendAdapter, &["bulk://"]),
];

/// The adapters of a configuration whose components are made up; others are not known.
pub(crate) fn known(config: &Config) -> KnownAdapters {
    let adapters = config.adapters.iter().filter_map(|adapter| {
        let file = adapter.component.file_name()?.to_str()?;
        let made_up = MADE_UP.iter().find(|made_up| made_up.file == file)?;
        let facts = Facts::new(adapter, made_up.info(), made_up.world);
        Some((adapter.name.clone(), facts))
    });
    adapters.collect::<BTreeMap<_, _>>()
}

/// What is said about a file: its mistakes, or that there are none and what is noted.
fn said(file: &Path, text: &str) -> Vec<String> {
    let line = |mistake: &Mistake| {
        format!(
            "{}: {}: {}",
            mistake.place.line, mistake.key, mistake.problem
        )
    };
    let config = match Config::parse(file, text) {
        Ok(config) => config,
        Err(ConfigError::Mistaken { mistakes, .. }) => return mistakes.iter().map(line).collect(),
        Err(error) => return vec![error.to_string()],
    };
    let known = known(&config);
    let mistakes = checks::mistakes(&config, &known);
    if mistakes.is_empty() {
        let notes = notes(&config, &known)
            .into_iter()
            .map(|note| format!("note: {note}"));
        return std::iter::once("in order".to_owned())
            .chain(notes)
            .collect();
    }
    match config.error(mistakes) {
        ConfigError::Mistaken { mistakes, .. } => mistakes.iter().map(line).collect(),
        error @ ConfigError::Unreadable { .. } => vec![error.to_string()],
    }
}

fn cases() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/config");
    let files = fs::read_dir(directory).expect("the case files are there");
    let files = files.map(|file| file.expect("a case file").path());
    let mut files: Vec<_> = files
        .filter(|file| file.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    files
}

/// Every file begins with what is said about it, one line each: `#! LINE: KEY: PROBLEM`, in the order
/// of the file, or `#! in order` and `#! note: NOTE`.
#[test]
fn every_case_file_is_answered_as_it_says() {
    let (mut wrong, mut number) = (String::new(), 0);
    for file in cases() {
        let text = fs::read_to_string(&file).expect("a case file");
        let expected: Vec<_> = text
            .lines()
            .map_while(|line| line.strip_prefix("#! "))
            .collect();
        let said = said(&file, &text);
        if expected.is_empty() || said != expected {
            let name = file.file_name().unwrap_or_default().display();
            write!(
                wrong,
                "\n{name}\n  expected\n    {}\n  said\n    {}\n",
                expected.join("\n    "),
                said.join("\n    ")
            )
            .expect("a String takes everything");
        }
        number += 1;
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(number > 40, "only {number} case files were found");
}
