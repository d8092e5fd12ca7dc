//! The walk of a message in one process: box, dispatcher, one port.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Result;
use bytes::Bytes;
use dispatcher::{Dispatcher, Enlisted, Pools};
use message_box::{Config, MessageBox, NewBody, NewMessage, Publication};
use model::transmit::{OutcomeSink, TransmitterPool};
use model::{
    EndpointConfiguration, PortName, Properties, RetryPolicy, SendPort, Timestamp, Transport,
};

use crate::machine::scratch;
use crate::refill::BODY;

/// Messages per publication.
pub(crate) const PUBLICATION: usize = 64;
/// Publishers at work at once.
const PUBLISHERS: usize = 4;
/// Messages accepted and not delivered, at most: a port under load, not a growing backlog.
const BACKLOG: u64 = 4096;

/// A port that waits for its pool.
pub(crate) struct Walk {
    enlisted: Enlisted,
    running: Running,
}

/// A port at work.
pub(crate) struct Running {
    message_box: MessageBox,
    dispatcher: Dispatcher,
    port: PortName,
    _directory: tempfile::TempDir,
}

impl Walk {
    pub(crate) fn new(address: &str, high_watermark: usize) -> Result<Self> {
        let directory = scratch()?;
        let message_box = MessageBox::open(Config::new(directory.path().join("box")))?;
        let dispatcher = Dispatcher::new(message_box.clone());
        let port = PortName::new("bench")?;
        let primary = Transport {
            adapter: "bench".to_owned(),
            address: Arc::from(address),
            retry: RetryPolicy::default(),
            configuration: Arc::new(EndpointConfiguration::default()),
            window: None,
            breaker: None,
        };
        let enlisted = dispatcher.enlist(SendPort {
            high_watermark,
            ..SendPort::new(port.clone(), primary)
        });
        Ok(Self {
            enlisted,
            running: Running {
                message_box,
                dispatcher,
                port,
                _directory: directory,
            },
        })
    }

    pub(crate) fn sink(&self) -> Arc<dyn OutcomeSink> {
        self.enlisted.sink()
    }

    pub(crate) fn start(self, pool: Arc<dyn TransmitterPool>) -> Result<Running> {
        let pools = Pools {
            primary: vec![pool],
            backup: None,
        };
        self.enlisted
            .start(Arc::new(move |_| Ok(pools.clone())), true)?;
        Ok(self.running)
    }
}

impl Running {
    fn delivered(&self) -> u64 {
        self.dispatcher
            .status()
            .iter()
            .map(|port| port.delivered)
            .sum()
    }

    /// Publishes so many messages of 1 KiB, each publication durable before the next of its publisher,
    /// and waits until all are delivered.
    pub(crate) async fn publish_and_wait(&self, messages: usize) -> Result<()> {
        let before = self.delivered();
        let publications = messages / PUBLICATION;
        let publish = async |first: usize| {
            for n in (first..publications).step_by(PUBLISHERS) {
                while (n * PUBLICATION) as u64 > self.delivered() - before + BACKLOG {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                self.message_box
                    .publish(&self.port, publication(PUBLICATION), now())
                    .await?;
            }
            anyhow::Ok(())
        };
        let all: Vec<_> = (0..PUBLISHERS).map(publish).collect();
        for result in futures::future::join_all(all).await {
            result?;
        }
        let rest = messages % PUBLICATION;
        if rest > 0 {
            self.message_box
                .publish(&self.port, publication(rest), now())
                .await?;
        }
        while self.delivered() - before < messages as u64 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }

    /// Terminates, and checks that the books balance.
    pub(crate) async fn end(self) -> Result<()> {
        self.dispatcher.terminate(Duration::from_secs(5)).await;
        let audit = self.message_box.audit().await?;
        anyhow::ensure!(audit.holds && audit.pending == 0, "{audit:?}");
        Ok(self.message_box.close().await?)
    }
}

fn publication(messages: usize) -> Publication {
    let body = Bytes::from_static(&[b'x'; BODY]);
    let message = || NewMessage::new(NewBody::Inline(body.clone()), Properties::default());
    Publication {
        messages: (0..messages).map(|_| message()).collect(),
        idempotency_key: None,
    }
}

fn now() -> Timestamp {
    Timestamp::from_system(SystemTime::now())
}
