//! A message box in a temporary directory with a dispatcher over it, and what tests ask of them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use message_box::{Config, Error, MessageBox, NewBody, NewMessage, Publication};
use model::transmit::Delivery;
use model::{
    EndpointConfiguration, ErrorInfo, Failure, MessageId, Outcome, PortName, Priority, Properties,
    RetryPolicy, SendPort, Transport,
};
use tempfile::TempDir;

use super::scripted_pool::{Answer, ScriptedPool};
use crate::port_loop::Timing;
use crate::{Dispatcher, PortStatus, clock};

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
        let enlisted = self.dispatcher.enlist(port);
        let pool = ScriptedPool::new(enlisted.sink(), script);
        enlisted.start(pool.clone(), false);
        pool
    }

    /// Publishes `n` messages in one publication.
    pub(super) async fn publish(&self, port: &str, n: usize) -> Vec<MessageId> {
        let message = |i| NewMessage {
            body: NewBody::Inline(Bytes::from(format!("message {i}"))),
            properties: Properties::default(),
            priority: Priority::default(),
        };
        let publication = Publication {
            messages: (0..n).map(message).collect(),
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

    /// Drains with time enough for everything.
    pub(super) async fn terminate(&self) -> crate::DrainReport {
        self.dispatcher.terminate(Duration::from_secs(60)).await
    }
}

/// A port with one retry at once and room for 100 messages.
pub(super) fn port(name: &str) -> SendPort {
    SendPort {
        name: PortName::new(name).unwrap(),
        primary: Transport {
            adapter: "scripted".into(),
            address: "somewhere://else".into(),
            retry: RetryPolicy {
                count: 1,
                interval: Duration::ZERO,
            },
            configuration: Arc::new(EndpointConfiguration::default()),
        },
        high_watermark: 100,
        delivery_timeout: Duration::from_secs(60),
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
    port.primary.retry = RetryPolicy { count, interval };
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
