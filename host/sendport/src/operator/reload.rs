//! Reading the configuration file again: what has changed is changed while messages flow, and nothing when
//! the file has a mistake.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use admin::{OperationError, PortChange, Reload, Reloaded};
use futures::{StreamExt as _, stream};
use message_box::Deployment;
use model::{PortName, Timestamp};

use super::record::{Attempt, refusal};
use super::state::Serving;
use super::{Operator, changes, now};
use crate::config::{Config, Host};
use crate::wiring::{Adapters, Blueprint, Components};

/// Ports that are replaced at the same time: each has two generations of instances meanwhile.
const AT_ONCE: usize = 8;

/// What the new file makes of a port.
struct Planned {
    port: PortName,
    serving: Serving,
    step: Step,
}

enum Step {
    Keep,
    Add,
    Change(Box<Blueprint>),
}

/// Everything that a reload is going to do.
struct Plan {
    config: Config,
    adapters: Adapters,
    ports: Vec<Planned>,
    removed: Vec<PortName>,
    /// Adapters whose limit over all of their ports is another one.
    watermarks: Vec<(String, Option<usize>)>,
    need_restart: Vec<String>,
}

impl Operator {
    pub(super) async fn read_again(&self, reload: Reload) -> Result<Reloaded, OperationError> {
        let _all = self.0.turn.write().await;
        let began = now();
        let plan = self.plan(reload.accept).await?;
        Ok(self.carry_out(plan, began, reload.deadline).await)
    }

    /// Reads and checks everything; changes nothing.
    async fn plan(&self, accept: bool) -> Result<Plan, OperationError> {
        let (before, adapters, serving) = {
            let state = self.state();
            (
                state.config.clone(),
                state.adapters.clone(),
                state.ports.clone(),
            )
        };
        let refused = |error: anyhow::Error| OperationError::Refused(format!("{error:#}"));
        let config = Config::load(&before.file).map_err(|error| refused(error.into()))?;
        let loaded = adapters.load_again(&config).await.map_err(refused)?;
        let watermarks = watermarks(&before, &config);
        let mut ports = Vec::new();
        let mut added = Vec::new();
        for port in &config.ports {
            let old = serving.get(&port.name);
            let instead = self.kept(old, &adapters, &loaded);
            let blueprint = loaded
                .blueprint(&config, port, self.0.message_box.box_id(), &instead)
                .map_err(refused)?;
            let names = port.destination.adapters();
            let is_limited = |(name, _): &(String, _)| names.iter().any(|n| n.value == *name);
            let step = match old {
                None => Step::Add,
                Some(old) if old.blueprint == blueprint && !watermarks.iter().any(is_limited) => {
                    Step::Keep
                }
                Some(old) => {
                    added.extend(changes::new_capabilities(&old.blueprint, &blueprint));
                    Step::Change(Box::new(old.blueprint.clone()))
                }
            };
            let serving = Serving {
                canary: old.and_then(|old| old.canary.clone()),
                ..Serving::new(blueprint, instead, previous(old, &adapters, &loaded))
            };
            let port = port.name.clone();
            ports.push(Planned {
                port,
                serving,
                step,
            });
        }
        if !added.is_empty() && !accept {
            added.dedup();
            adapters.keep();
            return Err(OperationError::NotAccepted(added));
        }
        let names: BTreeSet<_> = config.ports.iter().map(|port| port.name.clone()).collect();
        Ok(Plan {
            removed: serving
                .into_keys()
                .filter(|name| !names.contains(name))
                .collect(),
            need_restart: need_restart(&before.host, &config.host),
            watermarks,
            ports,
            adapters: loaded,
            config,
        })
    }

    /// The components that are still deployed on the port: those in whose place the configuration names the
    /// same as before.
    fn kept(&self, old: Option<&Serving>, before: &Adapters, after: &Adapters) -> Components {
        let Some(old) = old else {
            return Components::new();
        };
        let mut kept = old.instead.clone();
        kept.retain(|name, _| is_same(name, before, after));
        kept
    }

    async fn carry_out(&self, plan: Plan, began: Timestamp, deadline: Duration) -> Reloaded {
        let Plan {
            config,
            adapters,
            ports,
            removed,
            watermarks,
            need_restart,
        } = plan;
        for adapter in adapters.iter() {
            if let Err(error) = self.0.components.keep_loaded(adapter) {
                tracing::warn!("{error:#}; a roll-back cannot go back to it");
            }
        }
        for (name, limit) in watermarks {
            self.0
                .dispatcher
                .watermark(&name, limit.unwrap_or(usize::MAX >> 1));
        }
        // From here on an operator sees the new file, whatever becomes of single ports.
        let deployments = deployments(&ports, &self.state().adapters, &adapters);
        {
            let mut state = self.state();
            state.config = Arc::new(config);
            state.adapters = Arc::new(adapters);
        }
        let unchanged = ports
            .iter()
            .filter(|p| matches!(p.step, Step::Keep))
            .count();
        let steps = ports.into_iter().filter(|p| !matches!(p.step, Step::Keep));
        // New ones first: changed ones may name them.
        let (added, changed): (Vec<_>, Vec<_>) = steps.partition(|p| matches!(p.step, Step::Add));
        let mut done: Vec<PortChange> = added.into_iter().map(|port| self.add(port)).collect();
        let changing = changed.into_iter().map(|planned| {
            let deployment = deployments.get(&planned.port).cloned();
            self.change_port(planned, began, deadline, deployment)
        });
        done.extend(
            stream::iter(changing)
                .buffered(AT_ONCE)
                .collect::<Vec<_>>()
                .await,
        );
        for port in removed {
            done.push(self.remove(port, deadline).await);
        }
        Reloaded {
            ports: done,
            unchanged,
            need_restart,
        }
    }

    fn add(&self, planned: Planned) -> PortChange {
        let Planned { port, serving, .. } = planned;
        let blueprint = serving.blueprint.clone();
        self.state().ports.insert(port.clone(), serving);
        let enlisted = self.0.dispatcher.enlist(blueprint.settings);
        let started = enlisted.start(Arc::new(blueprint.pools), blueprint.eager);
        PortChange {
            port: port.to_string(),
            change: "added".to_owned(),
            swap: None,
            failed: started.err().map(|error| error.to_string()),
        }
    }

    async fn change_port(
        &self,
        planned: Planned,
        began: Timestamp,
        deadline: Duration,
        deployment: Option<Deployment>,
    ) -> PortChange {
        let Planned {
            port,
            serving,
            step,
        } = planned;
        let Step::Change(old) = step else {
            return PortChange {
                port: port.to_string(),
                change: "unchanged".to_owned(),
                swap: None,
                failed: None,
            };
        };
        let attempt = Attempt {
            port: port.clone(),
            kind: "reload",
            began,
            from: old.versions(),
            to: serving.blueprint.versions(),
            changes: changes::between(&old, &serving.blueprint),
        };
        let result = match serving.canary {
            Some(_) => {
                let reason = format!(
                    "another version of its adapter is being tried out: end that with 'sendport adapter \
                     promote {port}' or 'sendport adapter rollback {port}', then reload again"
                );
                self.record_failure(&attempt, reason.clone()).await;
                Err(OperationError::NotNow(reason))
            }
            None => {
                let generation = serving.blueprint.generation();
                let swapped = self.0.dispatcher.replace(generation, deadline).await;
                if swapped.is_ok() {
                    self.state().ports.insert(port.clone(), serving);
                }
                self.record(&attempt, swapped, deployment).await
            }
        };
        let (swap, failed) = match result {
            Ok(deployed) => (Some(deployed.swap), None),
            Err(error) => (None, Some(error.to_string())),
        };
        PortChange {
            port: port.to_string(),
            change: "changed".to_owned(),
            swap,
            failed,
        }
    }

    /// What a removed port has not delivered stays in the box.
    async fn remove(&self, port: PortName, deadline: Duration) -> PortChange {
        let removed = self.0.dispatcher.remove(port.as_str(), deadline).await;
        let failed = removed.err().map(|error| refusal(error).to_string());
        if failed.is_none() {
            self.state().ports.remove(&port);
        }
        PortChange {
            port: port.to_string(),
            change: "removed".to_owned(),
            swap: None,
            failed,
        }
    }
}

/// The configuration names the same component as before.
fn is_same(name: &str, before: &Adapters, after: &Adapters) -> bool {
    let digest = |adapters: &Adapters| adapters.get(name).map(|a| a.digest().to_owned());
    digest(before) == digest(after)
}

/// What a roll-back goes back to: for a component that the file replaces, that one.
fn previous(
    old: Option<&Serving>,
    before: &Adapters,
    after: &Adapters,
) -> BTreeMap<String, String> {
    let Some(old) = old else {
        return BTreeMap::new();
    };
    let mut previous = old.previous.clone();
    for pool in old.blueprint.pools.configs() {
        let digest = pool.adapter.digest();
        let deployed = old
            .instead
            .iter()
            .find(|(_, c)| c.loaded.digest() == digest);
        let configured = before.iter_named().find(|(_, a)| a.digest() == digest);
        let name = deployed
            .map(|(name, _)| name.as_str())
            .or(configured.map(|(name, _)| name));
        if let Some(name) = name.filter(|name| !is_same(name, before, after)) {
            previous.insert(name.to_owned(), digest.to_owned());
        }
    }
    previous
}

/// For each port whose component the file replaces, what lets a roll-back find the one before.
fn deployments(
    ports: &[Planned],
    before: &Adapters,
    after: &Adapters,
) -> BTreeMap<PortName, Deployment> {
    let mut deployments = BTreeMap::new();
    for Planned { port, serving, .. } in ports {
        for (name, previous) in &serving.previous {
            if is_same(name, before, after) {
                continue;
            }
            if let Some(adapter) = after.get(name) {
                let digest = adapter.digest().to_owned();
                let deployment = Deployment {
                    port: port.clone(),
                    adapter: name.clone(),
                    configured: digest.clone(),
                    digest,
                    previous: previous.clone(),
                };
                deployments.insert(port.clone(), deployment);
            }
        }
    }
    deployments
}

fn watermarks(before: &Config, after: &Config) -> Vec<(String, Option<usize>)> {
    let limit = |config: &Config, name: &str| {
        let found = config.adapters.iter().find(|adapter| adapter.name == name);
        found.and_then(|adapter| adapter.high_watermark)
    };
    let names = after.adapters.iter().map(|adapter| adapter.name.as_str());
    names
        .filter(|name| limit(before, name) != limit(after, name))
        .map(|name| (name.to_owned(), limit(after, name)))
        .collect()
}

/// Keys of `[host]` that a running host cannot change.
fn need_restart(before: &Host, after: &Host) -> Vec<String> {
    let changed = [
        (
            "data-directory",
            before.data_directory != after.data_directory,
        ),
        (
            "cache-directory",
            before.cache_directory != after.cache_directory,
        ),
        ("listen", before.listen != after.listen),
        ("threads", before.threads != after.threads),
        ("max-body", before.max_body != after.max_body),
        ("max-box-size", before.max_box_size != after.max_box_size),
        (
            "drain-deadline",
            before.drain_deadline != after.drain_deadline,
        ),
        ("egress-log", before.egress_log != after.egress_log),
    ];
    let changed = changed.into_iter().filter(|(_, is_changed)| *is_changed);
    changed.map(|(key, _)| format!("host.{key}")).collect()
}
