//! The handle on all ports: enlisting, asking, draining. The work is done by the ports' loops.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use message_box::MessageBox;
use model::transmit::{OutcomeSink, TransmitterPool};
use model::{PortName, SendPort};
use tokio::time::Instant;

use crate::drain::DrainReport;
use crate::port::Port;
use crate::port_loop::{PortLoop, Timing};
use crate::refusal::Refusal;
use crate::sink::Sink;
use crate::status::PortStatus;

/// All send ports of a host. A cheap handle: clones name the same ports.
#[derive(Clone, Debug)]
pub struct Dispatcher {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    message_box: MessageBox,
    timing: Timing,
    roll: Mutex<Roll>,
}

/// The ports in the order they were enlisted: a handful, so that a search by name needs no index.
#[derive(Debug, Default)]
struct Roll {
    ports: Vec<Arc<Port>>,
    terminating: bool,
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
                roll: Mutex::default(),
            }),
        }
    }

    /// Registers a port under its name, which no other port has. It is served once it is started; its
    /// sink, which its pool reports to, is there before.
    pub fn enlist(&self, port: SendPort) -> Enlisted {
        let port = Arc::new(Port::new(port));
        self.roll().ports.push(port.clone());
        Enlisted {
            port,
            dispatcher: self.clone(),
        }
    }

    /// Every port, in the order they were enlisted.
    pub fn status(&self) -> Vec<PortStatus> {
        self.ports().iter().map(|port| port.status()).collect()
    }

    /// May a publisher hand messages to this port now?
    pub fn admit(&self, port: &str) -> Result<PortName, Refusal> {
        let roll = self.roll();
        let found = roll.ports.iter().find(|p| p.settings.name.as_str() == port);
        let Some(found) = found else {
            let names = roll.ports.iter().map(|p| p.settings.name.to_string());
            return Err(Refusal::UnknownPort {
                name: port.to_owned(),
                known: names.collect(),
            });
        };
        let name = found.settings.name.clone();
        if roll.terminating || found.is_terminating() {
            return Err(Refusal::Terminating { port: name });
        }
        Ok(name)
    }

    /// Drains all ports at once, each with the deadline; afterwards nothing is fed any more.
    ///
    /// What is in flight may finish until the deadline passes; what is not resolved then goes back to
    /// the message box without a charge. A second call joins the first and gets the same report.
    pub async fn terminate(&self, deadline: Duration) -> DrainReport {
        let began = Instant::now();
        self.roll().terminating = true;
        let ports = self.ports();
        let drains = ports.iter().map(|port| port.terminate(deadline));
        DrainReport {
            ports: futures::future::join_all(drains).await,
            took: began.elapsed(),
        }
    }

    fn ports(&self) -> Vec<Arc<Port>> {
        self.roll().ports.clone()
    }

    fn roll(&self) -> MutexGuard<'_, Roll> {
        self.shared
            .roll
            .lock()
            .expect("nothing that can panic runs under this lock")
    }
}

/// A registered port that waits for its pool.
#[derive(Debug)]
pub struct Enlisted {
    port: Arc<Port>,
    dispatcher: Dispatcher,
}

impl Enlisted {
    /// What the port's pool reports to.
    pub fn sink(&self) -> Arc<dyn OutcomeSink> {
        Arc::new(Sink {
            port: self.port.settings.name.clone(),
            inbox: self.port.inbox.clone(),
        })
    }

    /// Starts the port's loop on the current tokio runtime; panics outside of one. An `eager` pool is
    /// started now, and messages wait until it is up; any other starts with its first message.
    pub fn start(self, pool: Arc<dyn TransmitterPool>, eager: bool) {
        let Self { port, dispatcher } = self;
        // Under the lock, so that a port is either drained by `terminate` or not begun.
        let roll = dispatcher.roll();
        if roll.terminating || !port.begin(&pool) {
            tracing::info!(port = %port.settings.name, "not started: the host is terminating");
            return;
        }
        drop(roll);
        let message_box = dispatcher.shared.message_box.clone();
        let port_loop = PortLoop::new(port, pool, message_box, dispatcher.shared.timing);
        tokio::spawn(port_loop.run(eager));
    }
}
