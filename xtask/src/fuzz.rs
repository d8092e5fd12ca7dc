//! Fuzzing: libFuzzer programs that are built with coverage and run for a while. What they are about is
//! in `tests/fuzz/README.md`.

mod campaign;
pub(crate) mod instrument;
mod programs;

use std::path::PathBuf;

use anyhow::{Result, bail, ensure};
use clap::Args;

use crate::adapters;
use crate::checks::step;
use crate::workspace::Workspace;

use campaign::Campaign;
use programs::Programs;

/// What to fuzz, and for how long.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Targets; all of them unless some are named
    targets: Vec<String>,
    /// How long each target is fuzzed
    #[arg(long, default_value_t = 10)]
    seconds: u32,
    /// Add to tests/fuzz/corpus what reaches code that the corpus there does not
    #[arg(long, conflicts_with = "repeat")]
    keep: bool,
    /// Run the target with these inputs, once each, instead of fuzzing it
    #[arg(long, value_name = "INPUT", num_args = 1..)]
    repeat: Vec<PathBuf>,
}

/// The targets, as `tests/fuzz/Cargo.toml` names their programs.
const TARGETS: [&str; 4] = [
    "component_bytes",
    "configuration",
    "guest_values",
    "publish_bodies",
];

/// Builds the programs, and fuzzes one target after the other. Fails when there are findings.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let targets = options.targets()?;
    let mut programs = None;
    step("adapters", || adapters::build(workspace).map(drop))?;
    step("fuzzing programs", || {
        programs = Some(Programs::build(workspace, &TARGETS)?);
        Ok(())
    })?;
    let Some(programs) = programs else {
        bail!("there are no programs");
    };
    let mut failed = Vec::new();
    for target in targets {
        let campaign = Campaign::new(workspace, &programs, target)?;
        if !options.repeat.is_empty() {
            return campaign.repeat(&options.repeat);
        }
        if !campaign.run(options.seconds)? {
            failed.push(target);
        }
        if options.keep {
            campaign.keep()?;
        }
    }
    ensure!(failed.is_empty(), "findings in {}", failed.join(", "));
    Ok(())
}

impl Options {
    fn targets(&self) -> Result<Vec<&'static str>> {
        let known = |name: &String| TARGETS.into_iter().find(|target| target == name);
        if let Some(name) = self.targets.iter().find(|name| known(name).is_none()) {
            bail!(
                "there is no target {name}; there are {}",
                TARGETS.join(", ")
            );
        }
        let targets: Vec<_> = match self.targets.is_empty() {
            true => TARGETS.to_vec(),
            false => self.targets.iter().filter_map(known).collect(),
        };
        let one = targets.len() == 1;
        ensure!(self.repeat.is_empty() || one, "--repeat needs one target");
        Ok(targets)
    }
}
