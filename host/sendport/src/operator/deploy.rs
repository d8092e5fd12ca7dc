//! Putting another component in the place of the one that serves a port.

use std::sync::Arc;
use std::time::Duration;

use admin::{Deploy, Deployed, OperationError, Which};
use dispatcher::Generation;
use message_box::Deployment;
use model::{CanaryShare, Timestamp};

use super::canary::Canary;
use super::record::Attempt;
use super::state::Serving;
use super::{Operator, changes, find_port, now};
use crate::config::{Adapter, Config, Mistake, Port};
use crate::wiring::{Adapters, Blueprint, Component, mistakes_of_port};

/// A port's adapter, as it is served now.
pub(super) struct Place {
    config: Arc<Config>,
    adapters: Arc<Adapters>,
    port: Port,
    pub(super) adapter: Adapter,
    pub(super) serving: Serving,
}

/// A component on its way to a place.
struct Change {
    kind: &'static str,
    began: Timestamp,
    component: Component,
    accept: bool,
    share: Option<CanaryShare>,
    deadline: Duration,
}

impl Place {
    /// SHA-256 of the component that the configuration names.
    fn configured(&self) -> String {
        let configured = self.adapters.get(&self.adapter.name);
        configured.map_or_else(String::new, |adapter| adapter.digest().to_owned())
    }

    /// That of the component that serves the port.
    fn running(&self) -> String {
        let deployed = self.serving.instead.get(&self.adapter.name);
        deployed.map_or_else(
            || self.configured(),
            |component| component.loaded.digest().to_owned(),
        )
    }

    /// The deployment that a component here makes.
    pub(super) fn deployment(&self, digest: &str) -> Deployment {
        Deployment {
            port: self.port.name.clone(),
            adapter: self.adapter.name.clone(),
            digest: digest.to_owned(),
            configured: self.configured(),
            previous: self.running(),
        }
    }

    /// What the port is made of with the component in this place.
    fn with(
        &self,
        component: &Component,
        box_id: u64,
    ) -> Result<(Blueprint, Serving), OperationError> {
        let mut serving = self.serving.clone();
        let name = self.adapter.name.clone();
        serving.previous.insert(name.clone(), self.running());
        serving.instead.insert(name, component.clone());
        let (config, port) = (&self.config, &self.port);
        let blueprint = self
            .adapters
            .blueprint(config, port, box_id, &serving.instead);
        let blueprint = blueprint.map_err(|e| OperationError::Refused(format!("{e:#}")))?;
        serving.blueprint = blueprint.clone();
        Ok((blueprint, serving))
    }

    /// What of the configuration does not suit the component.
    fn check(&self, component: &Component) -> Result<(), OperationError> {
        let mut known = self.adapters.known().clone();
        for (name, instead) in &self.serving.instead {
            known.insert(name.clone(), instead.facts.clone());
        }
        known.insert(self.adapter.name.clone(), component.facts.clone());
        let mistakes = mistakes_of_port(&self.config, &self.port, &known);
        if mistakes.is_empty() {
            return Ok(());
        }
        let file = self.config.file.display();
        let line = |mistake: &Mistake| format!("{file}:{mistake}");
        let lines: Vec<_> = mistakes.iter().map(line).collect();
        Err(OperationError::Refused(format!(
            "the configuration does not suit the new version: {}",
            lines.join("; ")
        )))
    }
}

impl Operator {
    pub(super) async fn deploy_component(
        &self,
        deploy: Deploy,
    ) -> Result<Deployed, OperationError> {
        let Deploy {
            which,
            component,
            signature,
            accept,
            canary: share,
        } = deploy;
        let began = now();
        let _all = self.0.turn.read().await;
        let turn = self.port_turn(&which.port);
        let _turn = turn.lock().await;
        let place = self.place(&which)?;
        let kept = self.0.components.keep(&component, signature.as_deref());
        let path = kept.map_err(|error| OperationError::NotNow(format!("{error:#}")))?;
        let loaded = place.adapters.load_instead(&place.adapter, &path);
        let component = loaded.map_err(|error| OperationError::Refused(format!("{error:#}")))?;
        let change = Change {
            kind: if share.is_some() { "canary" } else { "deploy" },
            began,
            component,
            accept,
            share,
            deadline: which.deadline,
        };
        self.change(place, change).await
    }

    /// Back to what was replaced last.
    pub(super) async fn go_back(&self, which: Which) -> Result<Deployed, OperationError> {
        let began = now();
        let _all = self.0.turn.read().await;
        let turn = self.port_turn(&which.port);
        let _turn = turn.lock().await;
        if self.has_canary(&which.port) {
            return self
                .end_canary(&which.port, "rollback", None, which.deadline)
                .await;
        }
        let place = self.place(&which)?;
        let name = &place.adapter.name;
        let previous = place.serving.previous.get(name).ok_or_else(|| {
            let port = &place.port.name;
            OperationError::Unknown(format!(
                "nothing was deployed on send port {port} in place of its adapter '{name}': there is \
                 nothing to go back to"
            ))
        })?;
        let path = self.0.components.path(previous);
        let loaded = place.adapters.load_instead(&place.adapter, &path);
        let component = loaded.map_err(|error| OperationError::Refused(format!("{error:#}")))?;
        let change = Change {
            kind: "rollback",
            began,
            component,
            // It has been agreed to before.
            accept: true,
            share: None,
            deadline: which.deadline,
        };
        self.change(place, change).await
    }

    /// Checks, replaces, records.
    async fn change(&self, place: Place, change: Change) -> Result<Deployed, OperationError> {
        let old = place.serving.blueprint.clone();
        let attempt = Attempt {
            port: place.port.name.clone(),
            kind: change.kind,
            began: change.began,
            from: old.versions(),
            to: change.component.loaded.version(),
            changes: Vec::new(),
        };
        let prepared = self.prepare(&place, &change, &old);
        let (blueprint, serving) = match prepared {
            Ok(prepared) => prepared,
            Err(error) => {
                self.record_failure(&attempt, error.to_string()).await;
                return Err(error);
            }
        };
        let attempt = Attempt {
            to: blueprint.versions(),
            changes: changes::between(&old, &blueprint),
            ..attempt
        };
        let (generation, canary) = match change.share {
            None => (blueprint.generation(), None),
            Some(share) => {
                let (generation, canary) = Canary::begin(&old, &blueprint, share, change.component);
                (generation, Some(canary.of(&place)))
            }
        };
        self.replace(
            &attempt,
            generation,
            &place,
            serving,
            canary,
            change.deadline,
        )
        .await
    }

    fn prepare(
        &self,
        place: &Place,
        change: &Change,
        old: &Blueprint,
    ) -> Result<(Blueprint, Serving), OperationError> {
        if place.serving.canary.is_some() {
            return Err(OperationError::NotNow(format!(
                "another version is being tried out on send port {0}: end that first, with 'sendport adapter \
                 promote {0}' or 'sendport adapter rollback {0}'",
                place.port.name
            )));
        }
        place.check(&change.component)?;
        let prepared = place.with(&change.component, self.0.message_box.box_id())?;
        let added = changes::new_capabilities(old, &prepared.0);
        if !added.is_empty() && !change.accept {
            return Err(OperationError::NotAccepted(added));
        }
        Ok(prepared)
    }

    async fn replace(
        &self,
        attempt: &Attempt,
        generation: Generation,
        place: &Place,
        serving: Serving,
        canary: Option<Canary>,
        deadline: Duration,
    ) -> Result<Deployed, OperationError> {
        let swapped = self.0.dispatcher.replace(generation, deadline).await;
        if swapped.is_ok() {
            // Before the record: whatever that comes to, this is what runs.
            let mut state = self.state();
            let current = state.ports.get_mut(&place.port.name);
            if let Some(current) = current {
                match &canary {
                    None => *current = serving.clone(),
                    Some(canary) => current.canary = Some(canary.clone()),
                }
            }
        }
        let name = &place.adapter.name;
        let deployed = serving.instead.get(name).filter(|_| canary.is_none());
        let deployment = deployed.map(|component| place.deployment(component.loaded.digest()));
        let recorded = self.record(attempt, swapped, deployment).await;
        if recorded.is_ok() && canary.is_some() {
            self.watch_canary(place.port.name.clone());
        }
        recorded
    }

    /// Finds what is to be replaced.
    pub(super) fn place(&self, which: &Which) -> Result<Place, OperationError> {
        let state = self.state();
        let (config, adapters) = (state.config.clone(), state.adapters.clone());
        let port = find_port(&config, &which.port)?.clone();
        let serving = state.ports.get(&port.name).cloned();
        drop(state);
        let serving = serving.ok_or_else(|| {
            OperationError::NotNow(format!("send port {} is not served", port.name))
        })?;
        let adapter = adapter_of(&config, &port, which.adapter.as_deref())?.clone();
        Ok(Place {
            config,
            adapters,
            port,
            adapter,
            serving,
        })
    }
}

/// Which of a port's adapters is meant: the primary's, unless another is named.
fn adapter_of<'a>(
    config: &'a Config,
    port: &Port,
    named: Option<&str>,
) -> Result<&'a Adapter, OperationError> {
    let used: Vec<&str> = port
        .destination
        .adapters()
        .iter()
        .map(|a| a.value.as_str())
        .collect();
    let primary = port.destination.primary_adapters();
    let name = match (named, primary.as_slice()) {
        (Some(name), _) if used.contains(&name) => name,
        (Some(name), _) => {
            return Err(OperationError::Unknown(format!(
                "send port {} does not use an adapter '{name}'; it uses {}",
                port.name,
                used.join(", ")
            )));
        }
        (None, [only]) => only.value.as_str(),
        (None, _) => {
            return Err(OperationError::Refused(format!(
                "send port {} has several adapters ({}): say which one with --adapter",
                port.name,
                used.join(", ")
            )));
        }
    };
    let found = config.adapters.iter().find(|adapter| adapter.name == name);
    found.ok_or_else(|| OperationError::Unknown(format!("there is no adapter '{name}'")))
}
