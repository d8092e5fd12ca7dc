//! What an operator can have done to a running host: deploy, roll back, promote, reload. The one place that
//! has the configuration, the adapters and the dispatcher together.
//!
//! Everything follows the same path: what the port is to be made of is put together and checked, the
//! dispatcher replaces the generation, and the record goes into the message box. Operations on one port wait
//! for each other, and a reload waits for all and has all wait.

mod canary;
mod changes;
mod component_store;
mod deploy;
mod record;
mod reload;
mod state;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use admin::{CanaryReport, Deploy, Deployed, OperationError, Operations, Reload, Reloaded, Which};
use anyhow::Context as _;
use dispatcher::Dispatcher;
use message_box::{Deployment, MessageBox};
use model::Timestamp;
use model::transmit::BoxFuture;
use tokio::sync::{Mutex as Turn, RwLock};

use crate::config::{Config, Port, suggest};
use crate::output;
use crate::wiring::{Adapters, Components};
use component_store::ComponentStore;
use state::{Serving, State};

/// See the module. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Operator(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    dispatcher: Dispatcher,
    message_box: MessageBox,
    components: ComponentStore,
    /// Held for reading by whoever changes one port, for writing by a reload.
    turn: RwLock<()>,
    /// One for each port that somebody wanted to change.
    port_turns: Mutex<HashMap<String, Arc<Turn<()>>>>,
    state: Mutex<State>,
}

impl Operator {
    /// Enlists and starts every port, with the components that were deployed on it.
    pub(crate) async fn start(
        config: Config,
        adapters: Adapters,
        dispatcher: &Dispatcher,
        message_box: &MessageBox,
    ) -> anyhow::Result<Self> {
        let recalled = dispatcher.recall().await;
        recalled.context("cannot read from the message box which ports are stopped")?;
        let deployments = message_box.deployments().await;
        let deployments = deployments.context("cannot read which adapters were deployed")?;
        let components = ComponentStore::of(&config.host.data_directory);
        keep_all(&components, &adapters, &deployments);
        for adapter in &config.adapters {
            if let Some(limit) = adapter.high_watermark {
                dispatcher.watermark(&adapter.name, limit);
            }
        }
        let mut ports = BTreeMap::new();
        let mut enlisted = Vec::new();
        // All of them before the first is started: a port's failed messages may go to any other.
        for port in &config.ports {
            let of_port: Vec<_> = deployments.iter().filter(|d| d.port == port.name).collect();
            let instead = recall(&config, &adapters, &components, &of_port);
            let previous = of_port
                .iter()
                .map(|d| (d.adapter.clone(), d.previous.clone()));
            let blueprint = adapters.blueprint(&config, port, message_box.box_id(), &instead)?;
            enlisted.push((
                dispatcher.enlist(blueprint.settings.clone()),
                blueprint.clone(),
            ));
            let serving = Serving::new(blueprint, instead, previous.collect());
            ports.insert(port.name.clone(), serving);
        }
        for (port, blueprint) in enlisted {
            port.start(Arc::new(blueprint.pools), blueprint.eager)?;
        }
        Ok(Self(Arc::new(Shared {
            dispatcher: dispatcher.clone(),
            message_box: message_box.clone(),
            components,
            turn: RwLock::default(),
            port_turns: Mutex::default(),
            state: Mutex::new(State {
                config: Arc::new(config),
                adapters: Arc::new(adapters),
                ports,
            }),
        })))
    }

    /// The right to change a port, one at a time.
    fn port_turn(&self, port: &str) -> Arc<Turn<()>> {
        let turns = &self.0.port_turns;
        let mut turns = turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.entry(port.to_owned()).or_default().clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Whole between any two statements that could panic.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a roll-back may go back to. A component that cannot be kept is a nuisance, not a reason not to start.
fn keep_all(store: &ComponentStore, adapters: &Adapters, deployments: &[Deployment]) {
    for adapter in adapters.iter() {
        if let Err(error) = store.keep_loaded(adapter) {
            tracing::warn!("{error:#}; a roll-back cannot go back to it");
        }
    }
    let digests = deployments
        .iter()
        .flat_map(|d| [d.digest.clone(), d.previous.clone()]);
    let loaded = adapters.iter().map(|adapter| adapter.digest().to_owned());
    store.prune(&digests.chain(loaded).collect::<Vec<_>>());
}

/// The components that were deployed on a port, but for those that the configuration has superseded.
fn recall(
    config: &Config,
    adapters: &Adapters,
    store: &ComponentStore,
    deployments: &[&Deployment],
) -> Components {
    let mut components = Components::new();
    for Deployment {
        port,
        adapter: name,
        digest,
        configured,
        ..
    } in deployments
    {
        let Some(adapter) = config.adapters.iter().find(|a| a.name == *name) else {
            continue;
        };
        let now = adapters.get(name).map(adapter_runtime::Adapter::digest);
        if now == Some(digest.as_str()) || now != Some(configured.as_str()) {
            // The configuration names this one, or another one than at the time: it is newer.
            continue;
        }
        match adapters.load_instead(adapter, &store.path(digest)) {
            Ok(component) => {
                output::complain(&format!(
                    "port {port}: {} is deployed in place of the configured adapter '{name}'",
                    component.loaded.version()
                ));
                components.insert(name.clone(), component);
            }
            Err(error) => tracing::error!(
                %port, adapter = name, digest,
                "the component deployed on the port cannot be loaded, the configured one serves it: {error:#}"
            ),
        }
    }
    components
}

/// The port of that name in the configuration.
fn find_port<'a>(config: &'a Config, name: &str) -> Result<&'a Port, OperationError> {
    let found = config.ports.iter().find(|port| port.name.as_str() == name);
    found.ok_or_else(|| {
        let names = config.ports.iter().map(|port| port.name.as_str());
        let hint = suggest(name, names);
        OperationError::Unknown(format!("there is no send port '{name}'{hint}"))
    })
}

fn now() -> Timestamp {
    Timestamp::from_system(SystemTime::now())
}

impl Operations for Operator {
    fn deploy(&self, deploy: Deploy) -> BoxFuture<Result<Deployed, OperationError>> {
        let operator = self.clone();
        settled(async move { operator.deploy_component(deploy).await })
    }

    fn roll_back(&self, which: Which) -> BoxFuture<Result<Deployed, OperationError>> {
        let operator = self.clone();
        settled(async move { operator.go_back(which).await })
    }

    fn promote(&self, which: Which) -> BoxFuture<Result<Deployed, OperationError>> {
        let operator = self.clone();
        settled(async move { operator.promote_canary(which).await })
    }

    fn canary(&self, port: String) -> BoxFuture<Result<Option<CanaryReport>, OperationError>> {
        let operator = self.clone();
        Box::pin(async move { operator.canary_report(&port) })
    }

    fn reload(&self, reload: Reload) -> BoxFuture<Result<Reloaded, OperationError>> {
        let operator = self.clone();
        settled(async move { operator.read_again(reload).await })
    }
}

/// Carries an operation out to its end, also when the one who asked goes away: half of one would leave the
/// record and the state behind.
fn settled<T: Send + 'static>(
    operation: impl Future<Output = Result<T, OperationError>> + Send + 'static,
) -> BoxFuture<Result<T, OperationError>> {
    let task = tokio::spawn(operation);
    Box::pin(async move {
        match task.await {
            Ok(result) => result,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Err(OperationError::NotNow("the host is stopping".to_owned())),
        }
    })
}
