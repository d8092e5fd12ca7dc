//! A new version that gets a part of a port's messages: watched, and rolled back by itself when it does
//! worse than the old one.

use std::sync::Arc;
use std::time::Duration;

use admin::{CanaryReport, Deployed, OperationError, VersionReport, Which};
use dispatcher::{CanaryBoard, Generation};
use message_box::Deployment;
use model::{CanaryPolicy, CanaryShare, CanaryVerdict, PortName, Showing, judge};

use super::deploy::Place;
use super::record::Attempt;
use super::{Operator, changes, find_port, now};
use crate::wiring::{Blueprint, CanaryPools, Component};

/// How often a canary is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// How long what is in flight may take when the host rolls back or promotes by itself.
const DEADLINE: Duration = Duration::from_secs(30);

/// A version that is being tried out.
#[derive(Clone, Debug)]
pub(super) struct Canary {
    share: CanaryShare,
    board: CanaryBoard,
    /// What the port is made of when it is promoted.
    new: Blueprint,
    component: Component,
    adapter: String,
    /// What a promotion records.
    deployment: Option<Deployment>,
}

impl Canary {
    /// Both versions as one generation, and what is to be known of it.
    pub(super) fn begin(
        old: &Blueprint,
        new: &Blueprint,
        share: CanaryShare,
        component: Component,
    ) -> (Generation, Self) {
        let board = CanaryBoard::default();
        let pools = CanaryPools {
            old: old.pools.clone(),
            new: new.pools.clone(),
            share,
            board: board.clone(),
        };
        let generation = Generation {
            settings: new.settings.clone(),
            factory: Arc::new(pools),
        };
        let canary = Self {
            share,
            board,
            new: new.clone(),
            component,
            adapter: String::new(),
            deployment: None,
        };
        (generation, canary)
    }

    /// Where it is tried out.
    pub(super) fn of(self, place: &Place) -> Self {
        Self {
            adapter: place.adapter.name.clone(),
            deployment: Some(place.deployment(self.component.loaded.digest())),
            ..self
        }
    }

    fn share(&self) -> String {
        match self.share {
            CanaryShare::Percent(percent) => format!("{percent} % of the messages"),
            CanaryShare::First(count) => format!("the first {count} messages"),
        }
    }
}

/// What is to be done with a canary.
enum Next {
    Wait,
    RollBack(String),
    Promote(String),
}

impl Operator {
    pub(super) fn has_canary(&self, port: &str) -> bool {
        self.find_canary(port).is_some()
    }

    fn find_canary(&self, port: &str) -> Option<Canary> {
        let state = self.state();
        let mut ports = state.ports.iter();
        let found = ports.find(|(name, _)| name.as_str() == port)?;
        found.1.canary.clone()
    }

    pub(super) async fn promote_canary(&self, which: Which) -> Result<Deployed, OperationError> {
        let _all = self.0.turn.read().await;
        let turn = self.port_turn(&which.port);
        let _turn = turn.lock().await;
        self.end_canary(&which.port, "promote", None, which.deadline)
            .await
    }

    /// Ends a canary: `promote` for the new version, anything else for the old one. The port's turn is the
    /// caller's.
    pub(super) async fn end_canary(
        &self,
        port: &str,
        kind: &'static str,
        reason: Option<String>,
        deadline: Duration,
    ) -> Result<Deployed, OperationError> {
        let (old, canary) = self.canary_of(port)?;
        let (showing_old, showing_new) = self.showings(&canary);
        let is_promoted = kind == "promote";
        let winner = if is_promoted { &canary.new } else { &old };
        let mut what = changes::between(&old, &canary.new);
        what.retain(|_| is_promoted);
        what.extend(reason);
        what.push(format!("new version: {}", in_words(&showing_new)));
        what.push(format!("old version: {}", in_words(&showing_old)));
        let attempt = Attempt {
            port: winner.settings.name.clone(),
            kind,
            began: now(),
            from: if is_promoted {
                old.versions()
            } else {
                canary.new.versions()
            },
            to: winner.versions(),
            changes: what,
        };
        let swapped = self
            .0
            .dispatcher
            .replace(winner.generation(), deadline)
            .await;
        if swapped.is_ok() {
            let mut state = self.state();
            if let Some(serving) = state.ports.get_mut(&attempt.port) {
                serving.canary = None;
                if is_promoted {
                    serving.blueprint = canary.new.clone();
                    let previous = canary.deployment.as_ref().map(|d| d.previous.clone());
                    let name = canary.adapter.clone();
                    serving
                        .previous
                        .extend(previous.map(|digest| (name.clone(), digest)));
                    serving.instead.insert(name, canary.component.clone());
                }
            }
        }
        let deployment = canary.deployment.filter(|_| is_promoted);
        self.record(&attempt, swapped, deployment).await
    }

    fn canary_of(&self, port: &str) -> Result<(Blueprint, Canary), OperationError> {
        let state = self.state();
        let name = find_port(&state.config, port)?.name.clone();
        let serving = state.ports.get(&name);
        let found = serving.and_then(|s| Some((s.blueprint.clone(), s.canary.clone()?)));
        found.ok_or_else(|| {
            OperationError::Unknown(format!(
                "send port {name} tries no other version of its adapter"
            ))
        })
    }

    pub(super) fn canary_report(&self, port: &str) -> Result<Option<CanaryReport>, OperationError> {
        find_port(&self.state().config, port)?;
        let Some(canary) = self.find_canary(port) else {
            return Ok(None);
        };
        let (old, _) = self.canary_of(port)?;
        let (showing_old, showing_new) = self.showings(&canary);
        Ok(Some(CanaryReport {
            port: port.to_owned(),
            share: canary.share(),
            old: VersionReport::new(old.versions(), &showing_old),
            new: VersionReport::new(canary.new.versions(), &showing_new),
        }))
    }

    /// What both have done, with the instances that were lost: those are seen when the pools are looked at.
    fn showings(&self, canary: &Canary) -> (Showing, Showing) {
        drop(self.0.dispatcher.status());
        canary.board.showings()
    }

    /// Looks at the canary of a port until it has ended.
    pub(super) fn watch_canary(&self, port: PortName) {
        let operator = self.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(LOOK).await;
                let Some(canary) = operator.find_canary(port.as_str()) else {
                    return;
                };
                let ended = match operator.next(&canary) {
                    Next::Wait => continue,
                    Next::RollBack(reason) => {
                        operator.end_watched(&port, "automatic-rollback", reason)
                    }
                    Next::Promote(reason) => operator.end_watched(&port, "promote", reason),
                };
                if ended.await {
                    return;
                }
            }
        });
    }

    /// False when it is to be tried again.
    async fn end_watched(&self, port: &PortName, kind: &'static str, reason: String) -> bool {
        let _all = self.0.turn.read().await;
        let turn = self.port_turn(port.as_str());
        let _turn = turn.lock().await;
        if !self.has_canary(port.as_str()) {
            return true;
        }
        tracing::warn!(%port, kind, reason, "a canary has ended");
        let ended = self
            .end_canary(port.as_str(), kind, Some(reason), DEADLINE)
            .await;
        ended.is_ok()
    }

    fn next(&self, canary: &Canary) -> Next {
        let (old, new) = self.showings(canary);
        match (judge(&CanaryPolicy::default(), &old, &new), canary.share) {
            (CanaryVerdict::RollBack(reason), _) => Next::RollBack(reason),
            (CanaryVerdict::GoOn, CanaryShare::First(count)) if canary.board.has_ended(count) => {
                Next::Promote(format!("the first {count} messages went no worse"))
            }
            (CanaryVerdict::GoOn, _) => Next::Wait,
        }
    }
}

fn in_words(showing: &Showing) -> String {
    let median = showing
        .median
        .map(|m| format!(", {m:.1?} for a message (median)"));
    format!(
        "{} delivered, {} failed, {} instances lost{}",
        showing.delivered,
        showing.failed,
        showing.traps,
        median.unwrap_or_default()
    )
}
