//! A host without a network, whose ports' pools hand their deliveries to the test. Unless a test says
//! otherwise, there is one port, `orders`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use bytes::Bytes;
use dispatcher::{Dispatcher, Pools};
use http_body_util::BodyExt as _;
use message_box::{Config, MessageBox};
use model::transmit::{BoxFuture, Delivery, OutcomeSink, PoolStatus, Terminated, TransmitterPool};
use model::{ErrorInfo, Message, MessageId, Outcome, PortName, SendPort, Timestamp, Transport};
use serde_json::Value;
use tokio::sync::mpsc;
use tower::ServiceExt as _;

use crate::{AdminState, Limits, router};

pub(super) const LIMITS: Limits = Limits {
    max_body: 1 << 20,
    max_bulk_messages: 100,
    stage_threshold: 64 << 10,
};

pub(super) struct Host {
    pub(super) router: Router,
    pub(super) dispatcher: Dispatcher,
    pub(super) message_box: MessageBox,
    sinks: Sinks,
    deliveries: mpsc::UnboundedReceiver<Delivery>,
    _directory: tempfile::TempDir,
}

/// What the pools of each port report to.
type Sinks = Arc<Mutex<BTreeMap<String, Arc<dyn OutcomeSink>>>>;

/// Passes deliveries on and resolves none.
struct Pool(mpsc::UnboundedSender<Delivery>);

impl TransmitterPool for Pool {
    fn start(&self) -> BoxFuture<Result<(), ErrorInfo>> {
        Box::pin(async { Ok(()) })
    }

    fn submit(&self, deliveries: Vec<Delivery>) {
        for delivery in deliveries {
            // A test that has ended no longer cares.
            drop(self.0.send(delivery));
        }
    }

    fn terminate(&self, _: Duration) -> BoxFuture<Terminated> {
        Box::pin(async { Terminated::default() })
    }

    fn status(&self) -> PoolStatus {
        PoolStatus::default()
    }

    fn version(&self) -> Arc<str> {
        "recorder 1.0".into()
    }
}

/// An answer as a test wants to look at it.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) json: Value,
    pub(super) body: Bytes,
}

impl Host {
    pub(super) fn start() -> Self {
        Self::serving(vec![port("orders")])
    }

    pub(super) fn serving(ports: Vec<SendPort>) -> Self {
        Self::with_box_size(ports, None)
    }

    pub(super) fn with_box_size(ports: Vec<SendPort>, max_size: Option<u64>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut config = Config::new(directory.path());
        config.max_size = max_size;
        let message_box = MessageBox::open(config).unwrap();
        let dispatcher = Dispatcher::new(message_box.clone());
        let (sender, deliveries) = mpsc::unbounded_channel();
        let sinks = Sinks::default();
        for port in ports {
            serve(&dispatcher, port, &sender, &sinks);
        }
        let router = router(AdminState {
            dispatcher: dispatcher.clone(),
            message_box: message_box.clone(),
            operations: None,
            limits: LIMITS,
            version: "1.2.3",
        });
        Self {
            router,
            dispatcher,
            message_box,
            sinks,
            deliveries,
            _directory: directory,
        }
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Answer {
        send(self.router.clone(), request).await
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        let request = Request::get(path).body(Body::empty()).unwrap();
        self.send(request).await
    }

    /// A request with a JSON body, or with none.
    pub(super) async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        let body = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).unwrap()).await
    }

    /// Publishes to `orders`.
    pub(super) async fn post(&self, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        self.send(post("orders", headers, body)).await
    }

    /// The next message that reaches the port's pool, with its body.
    pub(super) async fn delivered(&mut self) -> (Arc<Message>, Bytes) {
        let delivery = self.deliveries.recv().await.unwrap();
        let body = delivery.message.body.read_all().await.unwrap();
        (delivery.message, body)
    }

    /// Reports what became of messages of `orders`; on disk when it returns.
    pub(super) async fn settle(&self, batch: Vec<(MessageId, Outcome)>) {
        self.settle_on("orders", batch).await;
    }

    pub(super) async fn settle_on(&self, port: &str, batch: Vec<(MessageId, Outcome)>) {
        let sink = self.sinks.lock().unwrap()[port].clone();
        sink.settle(batch).await.unwrap();
    }

    /// Publishes a message to `orders` and lets it fail for good.
    pub(super) async fn suspended(&mut self, body: &str, error: ErrorInfo) -> MessageId {
        self.post(&[], body.to_owned()).await.accepted(1);
        let (message, _) = self.delivered().await;
        let batch = vec![(message.id, Outcome::Suspend(error))];
        self.settle(batch).await;
        message.id
    }

    /// Messages ever accepted, and bytes of bodies in the box.
    pub(super) async fn kept(&self) -> (u64, u64) {
        let audit = self.message_box.audit().await.unwrap();
        assert!(audit.holds);
        let counts = self.message_box.counts(Timestamp::default()).await.unwrap();
        (audit.accepted, counts.iter().map(|port| port.bytes).sum())
    }
}

/// Sends a request without holding on to the host.
pub(super) async fn send(router: Router, request: Request<Body>) -> Answer {
    let answer = router.oneshot(request).await.unwrap();
    let (head, body) = answer.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer {
        status: head.status,
        headers: head.headers,
        json: serde_json::from_slice(&body).unwrap_or(Value::Null),
        body,
    }
}

pub(super) fn post(port: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Request<Body> {
    let mut request = Request::post(format!("/v1/ports/{port}/messages"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.into()).unwrap()
}

impl Answer {
    /// The answer is 202 with so many ids.
    #[track_caller]
    pub(super) fn accepted(&self, messages: usize) {
        assert_eq!(self.status, StatusCode::ACCEPTED, "{}", self.json);
        let ids = self.json["ids"].as_array().unwrap();
        assert_eq!(ids.len(), messages, "{}", self.json);
    }

    /// The answer is a problem of this status and kind; returns its detail.
    #[track_caller]
    pub(super) fn problem(&self, status: u16, kind: &str) -> &str {
        assert_eq!(self.status, status, "{}", self.json);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(self.json["status"], status);
        assert_eq!(self.json["type"], format!("urn:sendport:problem:{kind}"));
        assert!(self.json["title"].is_string());
        self.json["detail"].as_str().unwrap()
    }
}

pub(super) fn properties(message: &Message) -> Vec<(&str, &str)> {
    message.properties.iter().collect()
}

/// Serves the port with a pool that passes its deliveries on.
fn serve(
    dispatcher: &Dispatcher,
    port: SendPort,
    deliveries: &mpsc::UnboundedSender<Delivery>,
    sinks: &Sinks,
) {
    let (name, has_backup) = (port.name.to_string(), port.backup.is_some());
    let (deliveries, sinks) = (deliveries.clone(), sinks.clone());
    let primaries = port.dynamic.len().max(1);
    let factory = move |sink: Arc<dyn OutcomeSink>| {
        sinks.lock().unwrap().insert(name.clone(), sink);
        let pool = || -> Arc<dyn TransmitterPool> { Arc::new(Pool(deliveries.clone())) };
        Ok(Pools {
            primary: (0..primaries).map(|_| pool()).collect(),
            backup: has_backup.then(pool),
        })
    };
    let enlisted = dispatcher.enlist(port);
    enlisted.start(Arc::new(factory), false).unwrap();
}

/// A static one-way port without any policy.
pub(super) fn port(name: &str) -> SendPort {
    let mut port = SendPort::new(PortName::new(name).unwrap(), transport("test://orders"));
    port.delivery_timeout = Duration::from_secs(3600);
    port
}

pub(super) fn transport(address: &str) -> Transport {
    Transport {
        adapter: "recorder".to_owned(),
        address: address.into(),
        retry: model::RetryPolicy::default(),
        configuration: Arc::default(),
        window: None,
        breaker: None,
    }
}
