//! The handle on all ports: enlisting, asking, starting and stopping, draining. The work is done by the
//! ports' loops.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use message_box::MessageBox;
use model::transmit::OutcomeSink;
use model::{Enlistment, SendPort};
use tokio::time::Instant;

use crate::admission::{Admission, Directory};
use crate::credits::Credits;
use crate::drain::DrainReport;
use crate::port::{PoolFactory, Pools, Port};
use crate::port_loop::{Joined, Legacy, PortLoop, Timing};
use crate::refusal::{ControlError, Refusal};
use crate::roll::{Entry, Roll};
use crate::sink::Sink;
use crate::status::PortStatus;

/// When a publisher that met the backlog limit of a port that is being served should try again …
const BACKLOG_RETRY: Duration = Duration::from_secs(1);
/// … and of one whose messages wait for an operator.
const STOPPED_RETRY: Duration = Duration::from_secs(30);

/// All send ports of a host. A cheap handle: clones name the same ports.
#[derive(Clone, Debug)]
pub struct Dispatcher {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    message_box: MessageBox,
    timing: Timing,
    directory: Arc<Directory>,
    roll: Mutex<Roll>,
}

impl Dispatcher {
    /// A dispatcher without ports.
    pub fn new(message_box: MessageBox) -> Self {
        Self::with_timing(message_box, Timing::DEFAULT)
    }

    /// [`Dispatcher::new`] for tests that cannot wait that long.
    pub(crate) fn with_timing(message_box: MessageBox, timing: Timing) -> Self {
        Self {
            shared: Arc::new(Shared {
                message_box,
                timing,
                directory: Arc::default(),
                roll: Mutex::default(),
            }),
        }
    }

    /// Reads from the message box which ports were stopped or unenlisted. Once, before any is enlisted.
    pub async fn recall(&self) -> Result<(), message_box::Error> {
        let enlistments = self.shared.message_box.enlistments().await?;
        self.roll().enlistments.extend(enlistments);
        Ok(())
    }

    /// Limits the messages that are with an adapter over all its ports. Before the ports are started.
    pub fn watermark(&self, adapter: &str, limit: usize) {
        let credits = Arc::new(Credits::new(limit));
        self.roll().watermarks.insert(adapter.to_owned(), credits);
    }

    /// Registers a port under its name, which no other port has. It is served once it is started; its
    /// sink, which its pools report to, is there before.
    pub fn enlist(&self, port: SendPort) -> Enlisted {
        self.shared.directory.enter(&port);
        let port = self.roll().enlist(port);
        Enlisted {
            port,
            dispatcher: self.clone(),
        }
    }

    /// Every port, in the order they were enlisted.
    pub fn status(&self) -> Vec<PortStatus> {
        let entries = self.roll().entries().to_vec();
        entries.iter().map(Entry::status).collect()
    }

    /// May a publisher hand messages to this port now?
    pub fn admit(&self, port: &str) -> Result<Admission, Refusal> {
        let roll = self.roll();
        let Some(entry) = roll.find(port) else {
            return Err(Refusal::UnknownPort {
                name: port.to_owned(),
                known: roll.names(),
            });
        };
        let found = entry.port.clone();
        let is_terminating = roll.terminating || found.is_terminating();
        drop(roll);
        let name = &found.settings.name;
        let enlistment = found.enlistment();
        match enlistment {
            _ if is_terminating => return Err(Refusal::Terminating { port: name.clone() }),
            Enlistment::Unenlisted => return Err(Refusal::Unenlisted { port: name.clone() }),
            Enlistment::Started | Enlistment::Stopped => {}
        }
        if let Some(limit) = found.settings.backlog_limit
            && self.shared.message_box.pending(name) >= limit
        {
            let retry_after = match enlistment {
                Enlistment::Started => BACKLOG_RETRY,
                _ => STOPPED_RETRY,
            };
            return Err(Refusal::BacklogFull {
                port: name.clone(),
                limit,
                retry_after,
            });
        }
        Ok(Admission::of(&found.settings))
    }

    /// Starts, stops or unenlists a port, and remembers it over restarts. Stopping lets what is in
    /// flight end. Starting a port that was terminated makes new pools for it.
    pub async fn set_enlistment(&self, port: &str, to: Enlistment) -> Result<(), ControlError> {
        let entry = self.entry(port)?;
        let name = entry.port.settings.name.clone();
        if self.roll().terminating {
            return Err(ControlError::Terminating);
        }
        if entry.port.is_terminating() && !entry.port.is_terminated() {
            return Err(ControlError::StillTerminating { port: name });
        }
        // On disk first: what a restart would forget is not done.
        self.shared.message_box.set_enlistment(&name, to).await?;
        tracing::info!(port = %name, state = %to, "the port's state was set");
        let mut roll = self.roll();
        if roll.terminating {
            return Err(ControlError::Terminating);
        }
        roll.enlistments.insert(name.clone(), to);
        // It may have been replaced meanwhile.
        let Some(entry) = roll.find(name.as_str()).cloned() else {
            return Ok(());
        };
        entry.port.set_enlistment(to);
        match (&entry.factory, to) {
            (Some(factory), Enlistment::Started) if entry.port.is_terminated() => {
                self.revive(&mut roll, &entry.port, factory)
            }
            _ => Ok(()),
        }
    }

    fn revive(
        &self,
        roll: &mut Roll,
        dead: &Port,
        factory: &Arc<dyn PoolFactory>,
    ) -> Result<(), ControlError> {
        let port = Arc::new(dead.successor(dead.settings.clone(), Enlistment::Started));
        let name = port.settings.name.clone();
        let failed = |error| ControlError::Start {
            port: name.clone(),
            error,
        };
        let pools = factory.pools(self.sink(&port)).map_err(failed)?;
        self.begin(roll, &port, pools, None, false);
        if let Some(entry) = roll.find_mut(name.as_str()) {
            entry.revive(port);
        }
        Ok(())
    }

    /// Spawns the port's loop over its pools, unless it was terminated before.
    pub(crate) fn begin(
        &self,
        roll: &Roll,
        port: &Arc<Port>,
        pools: Pools,
        legacy: Option<Legacy>,
        eager: bool,
    ) {
        if !port.begin(&pools) {
            return;
        }
        let joined = Joined {
            message_box: self.shared.message_box.clone(),
            directory: self.shared.directory.clone(),
            timing: self.shared.timing,
        };
        let credits = |adapter: &str| roll.watermarks.get(adapter).cloned();
        let mut port_loop = PortLoop::new(port.clone(), pools, joined, credits);
        if let Some(legacy) = legacy {
            port_loop.inherit(legacy);
        }
        tokio::spawn(port_loop.run(eager));
    }

    pub(crate) fn sink(&self, port: &Port) -> Arc<dyn OutcomeSink> {
        Arc::new(Sink {
            port: port.settings.name.clone(),
            inbox: port.inbox.clone(),
            message_box: self.shared.message_box.clone(),
        })
    }

    /// Drains one port as [`Self::terminate`] drains all. It can be started again.
    pub async fn terminate_port(
        &self,
        port: &str,
        deadline: Duration,
    ) -> Result<DrainReport, ControlError> {
        let entry = self.entry(port)?;
        Ok(drain(&entry.generations(), deadline).await)
    }

    /// Drains all ports that use an adapter, as primary or as backup.
    pub async fn terminate_adapter(
        &self,
        adapter: &str,
        deadline: Duration,
    ) -> Result<DrainReport, ControlError> {
        let ports = self.generations();
        let uses = |port: &Arc<Port>| port.adapters().iter().any(|name| name == adapter);
        let meant: Vec<_> = ports.iter().filter(|port| uses(port)).cloned().collect();
        if meant.is_empty() {
            let mut known: Vec<_> = ports.iter().flat_map(|port| port.adapters()).collect();
            known.sort_unstable();
            known.dedup();
            let name = adapter.to_owned();
            return Err(ControlError::UnknownAdapter { name, known });
        }
        Ok(drain(&meant, deadline).await)
    }

    /// Drains all ports at once, each with the deadline; afterwards nothing is fed any more.
    ///
    /// What is in flight may finish until the deadline passes; what is not resolved then goes back to
    /// the message box without a charge. A second call joins the first and gets the same report.
    pub async fn terminate(&self, deadline: Duration) -> DrainReport {
        self.roll().terminating = true;
        drain(&self.generations(), deadline).await
    }

    pub(crate) fn entry(&self, port: &str) -> Result<Entry, ControlError> {
        let roll = self.roll();
        roll.find(port)
            .cloned()
            .ok_or_else(|| ControlError::UnknownPort {
                name: port.to_owned(),
                known: roll.names(),
            })
    }

    /// Every generation of every port.
    fn generations(&self) -> Vec<Arc<Port>> {
        let roll = self.roll();
        roll.entries().iter().flat_map(Entry::generations).collect()
    }

    pub(crate) fn directory(&self) -> &Directory {
        &self.shared.directory
    }

    pub(crate) fn roll(&self) -> MutexGuard<'_, Roll> {
        self.shared
            .roll
            .lock()
            .expect("nothing that can panic runs under this lock")
    }
}

async fn drain(ports: &[Arc<Port>], deadline: Duration) -> DrainReport {
    let began = Instant::now();
    let drains = ports.iter().map(|port| port.terminate(deadline));
    let drained = futures::future::join_all(drains).await;
    DrainReport::new(drained, began.elapsed())
}

/// A registered port that waits for its pools.
#[derive(Debug)]
pub struct Enlisted {
    port: Arc<Port>,
    dispatcher: Dispatcher,
}

impl Enlisted {
    /// What the port's first pools report to. Its factory is given the same.
    pub fn sink(&self) -> Arc<dyn OutcomeSink> {
        self.dispatcher.sink(&self.port)
    }

    /// Starts the port's loop on the current tokio runtime; panics outside of one. `eager` pools are
    /// started now, and messages wait until they are up; any other starts with its first message.
    pub fn start(self, factory: Arc<dyn PoolFactory>, eager: bool) -> Result<(), ControlError> {
        let Self { port, dispatcher } = self;
        let name = &port.settings.name;
        // Under the lock, so that a port is either drained by `terminate` or not begun.
        let mut roll = dispatcher.roll();
        if roll.terminating || port.is_terminated() {
            tracing::info!(port = %name, "not started: the host is terminating");
            return Ok(());
        }
        let pools = factory.pools(dispatcher.sink(&port));
        let pools = pools.map_err(|error| ControlError::Start {
            port: name.clone(),
            error,
        })?;
        dispatcher.begin(&roll, &port, pools, None, eager);
        if let Some(entry) = roll.find_mut(name.as_str()) {
            entry.factory = Some(factory);
        }
        Ok(())
    }
}
