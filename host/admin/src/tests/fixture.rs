//! A host without a network: one port `orders` whose pool hands its deliveries to the test.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use bytes::Bytes;
use dispatcher::Dispatcher;
use http_body_util::BodyExt as _;
use message_box::{Config, MessageBox};
use model::transmit::{BoxFuture, Delivery, OutcomeSink, PoolStatus, Terminated, TransmitterPool};
use model::{ErrorInfo, Message, PortName, RetryPolicy, SendPort, Timestamp, Transport};
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
    pub(super) sink: Arc<dyn OutcomeSink>,
    deliveries: mpsc::UnboundedReceiver<Delivery>,
    _directory: tempfile::TempDir,
}

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
}

/// An answer as a test wants to look at it.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) json: Value,
}

impl Host {
    pub(super) fn start() -> Self {
        Self::with_box_size(None)
    }

    pub(super) fn with_box_size(max_size: Option<u64>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut config = Config::new(directory.path());
        config.max_size = max_size;
        let message_box = MessageBox::open(config).unwrap();
        let dispatcher = Dispatcher::new(message_box.clone());
        let (sender, deliveries) = mpsc::unbounded_channel();
        let enlisted = dispatcher.enlist(orders());
        let sink = enlisted.sink();
        enlisted.start(Arc::new(Pool(sender)), false);
        let router = router(AdminState {
            dispatcher: dispatcher.clone(),
            message_box: message_box.clone(),
            limits: LIMITS,
            version: "1.2.3",
        });
        Self {
            router,
            dispatcher,
            message_box,
            sink,
            deliveries,
            _directory: directory,
        }
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Answer {
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = answer.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: head.status,
            headers: head.headers,
            json: serde_json::from_slice(&body).unwrap_or(Value::Null),
        }
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        let request = Request::get(path).body(Body::empty()).unwrap();
        self.send(request).await
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

    /// Messages ever accepted, and bytes of bodies in the box.
    pub(super) async fn kept(&self) -> (u64, u64) {
        let audit = self.message_box.audit().await.unwrap();
        assert!(audit.holds);
        let counts = self.message_box.counts(Timestamp::default()).await.unwrap();
        (audit.accepted, counts.iter().map(|port| port.bytes).sum())
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

fn orders() -> SendPort {
    SendPort {
        name: PortName::new("orders").unwrap(),
        primary: Transport {
            adapter: "recorder".to_owned(),
            address: "test://orders".into(),
            retry: RetryPolicy::default(),
            configuration: Arc::default(),
        },
        high_watermark: 1024,
        delivery_timeout: Duration::from_secs(3600),
    }
}
