//! A host without a network and without adapters: a message box, and the router in front of it.

use std::sync::Arc;
use std::time::Duration;

use admin::{AdminState, Limits};
use axum::Router;
use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Request, StatusCode};
use bytes::Bytes;
use dispatcher::Dispatcher;
use http_body_util::BodyExt as _;
use message_box::{Config, MessageBox, PortFeed, Settlement};
use model::{
    DynamicAdapter, LaneBy, OnFailure, OrderedDelivery, PortName, Properties, RetryPolicy,
    SendPort, Timestamp, Transport, TransportSlot, TwoWay, Verdict,
};
use serde_json::Value;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

/// Small, so that small inputs reach them.
pub(super) const LIMITS: Limits = Limits {
    max_body: 2048,
    max_bulk_messages: 4,
    stage_threshold: 256,
};

/// Whatever expires, it is due by then.
const LATE: Timestamp = Timestamp(i64::MAX / 2);

/// See the module.
pub(super) struct Host {
    runtime: Runtime,
    message_box: MessageBox,
    router: Router,
    feeds: Vec<PortFeed>,
    _directory: tempfile::TempDir,
}

/// An answer as it is looked at.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) media_type: String,
    pub(super) json: Value,
}

/// A message that was in the box.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) id: String,
    pub(super) properties: Properties,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) fn ids(&self) -> Vec<&str> {
        let ids = self.json["ids"].as_array().map(Vec::as_slice);
        ids.unwrap_or_default()
            .iter()
            .filter_map(Value::as_str)
            .collect()
    }
}

impl Host {
    pub(super) fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut config = Config::new(directory.path());
        config.inline_limit = 512;
        let message_box = MessageBox::open(config).expect("a new box");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let dispatcher = Dispatcher::new(message_box.clone());
        let mut feeds = Vec::new();
        runtime.block_on(async {
            for port in ports() {
                feeds.push(message_box.feed(&port.name, TransportSlot::Primary));
                // Not started: what is published stays until it is taken.
                drop(dispatcher.enlist(port));
            }
        });
        let router = admin::router(AdminState {
            dispatcher,
            message_box: message_box.clone(),
            operations: None,
            limits: LIMITS,
            version: "1.2.3",
        });
        Self {
            runtime,
            message_box,
            router,
            feeds,
            _directory: directory,
        }
    }

    pub(super) fn run(&self, work: impl AsyncFnOnce(&Self)) {
        self.runtime.block_on(work(self));
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Answer {
        let Ok(answer) = self.router.clone().oneshot(request).await;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.expect("an answer").to_bytes();
        let media_type = head.headers.get(CONTENT_TYPE);
        let media_type = media_type.and_then(|value| value.to_str().ok());
        Answer {
            status: head.status,
            media_type: media_type.unwrap_or_default().to_owned(),
            json: serde_json::from_slice(&body).unwrap_or_default(),
        }
    }

    /// Messages ever accepted. Nothing is unaccounted for.
    pub(super) async fn accepted(&self) -> u64 {
        let audit = self.message_box.audit().await.expect("a count");
        assert!(audit.holds, "{audit:?}");
        audit.accepted
    }

    /// Takes all messages out of the box; in the order in which they were accepted.
    pub(super) async fn take(&self) -> Vec<Kept> {
        let mut taken = Vec::new();
        for feed in &self.feeds {
            // Of a lane there is one at a time.
            loop {
                let claim = feed.claim(100, LATE, Timestamp(i64::MAX)).await;
                let messages = claim.expect("a claim").messages;
                if messages.is_empty() {
                    break;
                }
                let mut settlements = Vec::new();
                for leased in messages {
                    let message = &leased.message;
                    taken.push(Kept {
                        id: message.id.to_string(),
                        properties: message.properties.clone(),
                        body: message.body.read_all().await.expect("a body"),
                    });
                    settlements.push(Settlement::new(message.id, leased.lease, Verdict::Delete));
                }
                let settled = self.message_box.settle(settlements, LATE).await;
                settled.expect("settled");
            }
        }
        taken.sort_by(|a, b| a.id.cmp(&b.id));
        taken
    }
}

/// One of each kind, as far as publishers see them.
fn ports() -> Vec<SendPort> {
    let mut lanes = port("lanes");
    lanes.ordered = Some(OrderedDelivery {
        by: LaneBy::Key,
        on_failure: OnFailure::Stop,
    });
    lanes.time_to_live = Some(Duration::from_secs(3600));
    let mut answering = port("answering");
    answering.two_way = Some(TwoWay {
        retention: Duration::from_secs(60),
        max_response: 1024,
        response_port: None,
    });
    let mut dynamic = port("dynamic");
    dynamic.dynamic = vec![DynamicAdapter {
        name: "http".to_owned(),
        transport_type: "HTTP".to_owned(),
        prefixes: vec!["http://".to_owned()],
    }];
    vec![port("orders"), lanes, answering, dynamic]
}

fn port(name: &str) -> SendPort {
    let transport = Transport {
        adapter: "none".to_owned(),
        address: "none://here".into(),
        retry: RetryPolicy::default(),
        configuration: Arc::default(),
        window: None,
        breaker: None,
    };
    SendPort::new(PortName::new(name).expect("a name"), transport)
}
