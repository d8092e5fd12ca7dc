//! A message box in a temporary directory with a dispatcher over it, and what tests ask of them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use message_box::{
    Config, Error, MessageBox, NewBody, NewMessage, Publication, SuspendedFilter, SuspendedMessage,
};
use model::transmit::{Delivery, OutcomeSink, TransmitterPool};
use model::{
    EndpointConfiguration, ErrorInfo, Failure, MessageId, Outcome, PortName, Properties,
    RetryPolicy, SendPort, Transport,
};
use tempfile::TempDir;

use super::scripted_pool::{Answer, Script, ScriptedPool};
use crate::port_loop::Timing;
use crate::{Dispatcher, Generation, PoolFactory, Pools, PortStatus, clock};

/// See the module.
pub(super) struct Host {
    pub(super) directory: TempDir,
    pub(super) message_box: MessageBox,
    pub(super) dispatcher: Dispatcher,
}

/// Margins with which a time-out is seen within a second.
const QUICK: Timing = Timing {
    grace: Duration::from_millis(50),
    lease_margin: Duration::from_secs(60),
    last_settlements: Duration::from_secs(2),
};

impl Host {
    pub(super) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self::open(directory)
    }

    fn open(directory: TempDir) -> Self {
        let message_box = MessageBox::open(Config::new(directory.path())).unwrap();
        Self {
            dispatcher: Dispatcher::with_timing(message_box.clone(), QUICK),
            message_box,
            directory,
        }
    }

    /// The next run of the host on the same box.
    pub(super) async fn restart(self) -> Self {
        match self.message_box.close().await {
            Ok(()) | Err(Error::Closed) => Self::open(self.directory),
            Err(error) => panic!("{error}"),
        }
    }

    /// Starts a port with a pool that answers by the script.
    pub(super) fn start(
        &self,
        port: SendPort,
        script: impl Fn(&Delivery) -> Answer + Send + Sync + 'static,
    ) -> Arc<ScriptedPool> {
        let started = self.start_all(port, vec![Arc::new(script)], None);
        started.primary(0)
    }

    /// Starts a port with a pool for its backup transport as well.
    pub(super) fn start_with_backup(
        &self,
        port: SendPort,
        primary: impl Fn(&Delivery) -> Answer + Send + Sync + 'static,
        backup: impl Fn(&Delivery) -> Answer + Send + Sync + 'static,
    ) -> (Arc<ScriptedPool>, Arc<ScriptedPool>) {
        let started = self.start_all(port, vec![Arc::new(primary)], Some(Arc::new(backup)));
        (started.primary(0), started.backup())
    }

    /// Starts a port with any number of primary pools.
    pub(super) fn start_all(
        &self,
        port: SendPort,
        primary: Vec<Script>,
        backup: Option<Script>,
    ) -> Started {
        let (factory, started) = factory(primary, backup);
        let enlisted = self.dispatcher.enlist(port);
        enlisted.start(Arc::new(factory), false).unwrap();
        started
    }

    /// Another generation of a port, whose pool answers by the script.
    pub(super) fn generation(
        port: SendPort,
        script: impl Fn(&Delivery) -> Answer + Send + Sync + 'static,
    ) -> (Generation, Started) {
        let (factory, started) = factory(vec![Arc::new(script)], None);
        let generation = Generation {
            settings: port,
            factory: Arc::new(factory),
        };
        (generation, started)
    }

    /// Publishes `n` messages in one publication.
    pub(super) async fn publish(&self, port: &str, n: usize) -> Vec<MessageId> {
        let none = Properties::default;
        self.publish_all(port, (0..n).map(|_| none()).collect())
            .await
    }

    /// Publishes messages with these properties in one publication, as a publisher does whom the port
    /// admits.
    pub(super) async fn publish_all(&self, port: &str, all: Vec<Properties>) -> Vec<MessageId> {
        let admission = self.dispatcher.admit(port);
        let message = |(i, properties)| {
            let body = NewBody::Inline(Bytes::from(format!("message {i}")));
            let message = NewMessage::new(body, properties);
            match &admission {
                Ok(admission) => admission.complete(message, clock::now()).unwrap(),
                Err(_) => message,
            }
        };
        let publication = Publication {
            messages: all.into_iter().enumerate().map(message).collect(),
            idempotency_key: None,
        };
        let port = PortName::new(port).unwrap();
        let published = self.message_box.publish(&port, publication, clock::now());
        published.await.unwrap().ids
    }

    pub(super) fn status(&self, port: &str) -> PortStatus {
        let statuses = self.dispatcher.status();
        let mut found = statuses.into_iter().filter(|s| s.port.as_str() == port);
        found.next().expect("the port is enlisted")
    }

    /// Waits until the status of the port is as the test expects.
    pub(super) async fn until(
        &self,
        port: &str,
        is_so: impl Fn(&PortStatus) -> bool,
    ) -> PortStatus {
        let wait = async {
            loop {
                let status = self.status(port);
                if is_so(&status) {
                    return status;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        match tokio::time::timeout(Duration::from_secs(60), wait).await {
            Ok(status) => status,
            Err(_) => panic!("not as expected: {:?}", self.status(port)),
        }
    }

    /// Delivered, suspended and pending, from the rows of the box; checks that the sum holds.
    pub(super) async fn audit(&self) -> (u64, u64, u64) {
        let audit = self.message_box.audit().await.unwrap();
        assert!(audit.holds, "{audit:?}");
        (audit.delivered, audit.suspended, audit.pending)
    }

    /// The suspended messages, the first ones first.
    pub(super) async fn suspended(&self) -> Vec<SuspendedMessage> {
        let all = SuspendedFilter::default();
        self.message_box.suspended(&all, None, 1000).await.unwrap()
    }

    /// Drains with time enough for everything.
    pub(super) async fn terminate(&self) -> crate::DrainReport {
        self.dispatcher.terminate(Duration::from_secs(60)).await
    }
}

/// Makes scripted pools, and shows the last ones.
fn factory(primary: Vec<Script>, backup: Option<Script>) -> (impl PoolFactory, Started) {
    let started = Started::default();
    let made = started.clone();
    let factory = move |sink: Arc<dyn OutcomeSink>| {
        let pool = |script: &Script| ScriptedPool::new(sink.clone(), script.clone());
        let primary: Vec<_> = primary.iter().map(pool).collect();
        let backup = backup.as_ref().map(pool);
        *made.0.lock().unwrap() = Some((primary.clone(), backup.clone()));
        let as_pool = |pool: Arc<ScriptedPool>| -> Arc<dyn TransmitterPool> { pool };
        Ok(Pools {
            primary: primary.into_iter().map(as_pool).collect(),
            backup: backup.map(as_pool),
        })
    };
    (factory, started)
}

/// The pools that a port's factory made last.
#[derive(Clone, Default)]
pub(super) struct Started(Arc<Mutex<Option<Made>>>);

type Made = (Vec<Arc<ScriptedPool>>, Option<Arc<ScriptedPool>>);

impl Started {
    pub(super) fn primary(&self, place: usize) -> Arc<ScriptedPool> {
        self.made().0[place].clone()
    }

    pub(super) fn backup(&self) -> Arc<ScriptedPool> {
        self.made().1.expect("the port has a backup transport")
    }

    fn made(&self) -> Made {
        self.0
            .lock()
            .unwrap()
            .clone()
            .expect("the port was started")
    }
}

/// A transport with one retry at once.
pub(super) fn transport(address: &str) -> Transport {
    Transport {
        adapter: "scripted".into(),
        address: address.into(),
        retry: RetryPolicy {
            count: 1,
            interval: Duration::ZERO,
            ..RetryPolicy::default()
        },
        configuration: Arc::new(EndpointConfiguration::default()),
        window: None,
        breaker: None,
    }
}

/// A port with one retry at once and room for 100 messages.
pub(crate) fn port(name: &str) -> SendPort {
    SendPort {
        high_watermark: 100,
        ..SendPort::new(PortName::new(name).unwrap(), transport("somewhere://else"))
    }
}

/// The same port with another watermark.
pub(super) fn with_watermark(port: SendPort, high_watermark: usize) -> SendPort {
    SendPort {
        high_watermark,
        ..port
    }
}

/// The same port with another retry policy.
pub(super) fn with_retries(mut port: SendPort, count: u32, interval: Duration) -> SendPort {
    port.primary.retry = RetryPolicy {
        count,
        interval,
        ..RetryPolicy::default()
    };
    port
}

pub(super) fn delivered(_: &Delivery) -> Answer {
    Answer::Now(Outcome::Delivered)
}

pub(super) fn held(_: &Delivery) -> Answer {
    Answer::Held
}

/// What an adapter says when the destination answers 503.
pub(super) fn unavailable() -> Outcome {
    let error = ErrorInfo::new("http-503", "service unavailable");
    Outcome::Failed(Failure::retryable(error))
}
