//! What is different between two makings of a port, in words: what the new version can do and may do that
//! the old one could not, and the other way round.

use std::collections::BTreeSet;

use adapter_runtime::{Capabilities, Capability, PoolConfig};

use crate::wiring::Blueprint;

/// One line for each difference; `+` is new, `-` is gone.
pub(super) fn between(old: &Blueprint, new: &Blueprint) -> Vec<String> {
    let mut changes = Vec::new();
    let pairs = old.pools.configs().zip(new.pools.configs());
    for (old, new) in pairs {
        of_component(old, new, &mut changes);
        of_grants(old, new, &mut changes);
        if old.handler_configuration != new.handler_configuration {
            changes.push("the adapter's configuration".to_owned());
        }
        if old.configuration != new.configuration {
            changes.push("the port's configuration for its adapter".to_owned());
        }
    }
    if old.pools.configs().count() != new.pools.configs().count() {
        changes.push("the number of ways out".to_owned());
    }
    if old.settings != new.settings {
        changes.push("the port's policy".to_owned());
    }
    if changes.is_empty() && old.pools != new.pools {
        changes.push("the limits of its instances".to_owned());
    }
    let mut seen = BTreeSet::new();
    changes.retain(|change| seen.insert(change.clone()));
    changes
}

/// What the components of the new making can do that those of the old one cannot.
pub(super) fn new_capabilities(old: &Blueprint, new: &Blueprint) -> Vec<String> {
    let pairs = old.pools.configs().zip(new.pools.configs());
    let added = pairs.map(|(old, new)| added(old, new).to_string());
    let mut lines: Vec<String> = added
        .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    lines.dedup();
    lines
}

fn added(old: &PoolConfig, new: &PoolConfig) -> Capabilities {
    Capabilities::of(&new.adapter).added_since(&Capabilities::of(&old.adapter))
}

fn of_component(old: &PoolConfig, new: &PoolConfig, changes: &mut Vec<String>) {
    if old.adapter == new.adapter {
        return;
    }
    let (before, after) = (old.adapter.version(), new.adapter.version());
    changes.push(format!("adapter: {before} -> {after}"));
    let lines = |sign: &str, capabilities: Capabilities| -> Vec<String> {
        let text = capabilities.to_string();
        text.lines()
            .map(|line| format!("{sign} can {line}"))
            .collect()
    };
    changes.extend(lines("+", added(old, new)));
    changes.extend(lines("-", added(new, old)));
}

fn of_grants(old: &PoolConfig, new: &PoolConfig, changes: &mut Vec<String>) {
    for capability in Capability::ALL {
        let before: BTreeSet<String> = old.granted(capability).into_iter().collect();
        let after: BTreeSet<String> = new.granted(capability).into_iter().collect();
        let lines = |sign: &str, granted: &BTreeSet<String>, not: &BTreeSet<String>| {
            let deed = capability.deed();
            let only = granted.difference(not);
            only.map(|thing| format!("{sign} may {deed}: {thing}"))
                .collect::<Vec<_>>()
        };
        changes.extend(lines("+", &after, &before));
        changes.extend(lines("-", &before, &after));
    }
}
