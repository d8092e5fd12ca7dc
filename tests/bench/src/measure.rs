//! Runs, medians, and the files they end up in.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::machine::Machine;

/// The figures of one benchmark.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    benchmark: String,
    machine: Machine,
    figures: Vec<Figure>,
    #[serde(skip)]
    pub(crate) runs: usize,
}

/// One figure over several runs.
#[derive(Debug, Serialize)]
struct Figure {
    name: String,
    unit: String,
    median: f64,
    min: f64,
    max: f64,
    runs: Vec<f64>,
}

impl Report {
    pub(crate) fn new(benchmark: &str, runs: usize) -> Self {
        let runs = runs.max(1);
        Self {
            benchmark: benchmark.to_owned(),
            machine: Machine::this(),
            figures: Vec::new(),
            runs,
        }
    }

    /// Adds and prints a figure; returns its median.
    pub(crate) fn add(&mut self, name: &str, unit: &str, runs: Vec<f64>) -> f64 {
        let mut sorted = runs.clone();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (sorted[0], sorted[sorted.len() - 1]);
        let median = sorted[sorted.len() / 2];
        println!("  {name:<44} {median:>12.2} {unit:<16} ({min:.2} … {max:.2})");
        let (name, unit) = (name.to_owned(), unit.to_owned());
        self.figures.push(Figure {
            name,
            unit,
            median,
            min,
            max,
            runs,
        });
        median
    }

    /// Writes `DIRECTORY/BENCHMARK.json`.
    pub(crate) fn write(&self, directory: &Path) -> Result<()> {
        fs::create_dir_all(directory)
            .with_context(|| format!("cannot create {}", directory.display()))?;
        let file = directory.join(format!("{}.json", self.benchmark));
        let text = serde_json::to_string_pretty(self)?;
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        println!("  → {}", file.display());
        Ok(())
    }
}
