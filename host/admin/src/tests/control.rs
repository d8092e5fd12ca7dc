//! Starting, stopping, unenlisting and draining.

use std::time::Duration;

use serde_json::json;

use super::fixture::{Host, port};
use crate::{Drained, Status};

async fn state(host: &Host) -> (String, String) {
    let status = host.get("/v1/status").await.json;
    let mut status: Status = serde_json::from_value(status).unwrap();
    let port = status.ports.remove(0);
    (port.enlistment, port.running.unwrap().state)
}

#[tokio::test]
async fn a_stopped_port_keeps_its_messages_until_it_is_started() {
    let mut host = Host::start();
    for (verb, enlistment) in [("unenlist", "unenlisted"), ("stop", "stopped")] {
        let path = format!("/v1/ports/orders/{verb}");
        let answer = host.ask("POST", &path, None).await;
        assert_eq!(answer.status, 200, "{}", answer.json);
        assert_eq!(
            answer.json,
            json!({"port": "orders", "enlistment": enlistment})
        );
        assert_eq!(state(&host).await.0, enlistment);
    }
    host.post(&[], "kept").await.accepted(1);
    let answer = host.ask("POST", "/v1/ports/orders/start", None).await;
    assert_eq!(answer.json["enlistment"], "started");
    assert_eq!(host.delivered().await.1, "kept");
}

#[tokio::test]
async fn a_drain_is_reported_and_starting_takes_it_up_again() {
    let mut host = Host::serving(vec![port("orders"), port("invoices")]);
    host.post(&[], "x").await.accepted(1);
    let (message, _) = host.delivered().await;
    let answer = host
        .ask("POST", "/v1/ports/orders/terminate?deadline=1ms", None)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.json);
    let drained: Drained = serde_json::from_value(answer.json).unwrap();
    let [drained] = &drained.ports[..] else {
        panic!("{drained:?}")
    };
    assert_eq!(
        (drained.port.as_str(), drained.in_flight, drained.settled),
        ("orders", 1, 0)
    );
    assert_eq!(drained.handed_back, [message.id.to_string()]);
    assert_eq!(
        state(&host).await,
        ("started".to_owned(), "terminated".to_owned())
    );
    host.post(&[], "y").await.problem(503, "unavailable");
    host.ask("POST", "/v1/ports/orders/start", None).await;
    assert_eq!(host.delivered().await.0.id, message.id);
}

#[tokio::test]
async fn draining_an_adapter_drains_all_ports_that_use_it() {
    let mut other = port("other");
    other.primary.adapter = "mail".to_owned();
    let host = Host::serving(vec![port("orders"), port("invoices"), other]);
    let answer = host
        .ask("POST", "/v1/adapters/recorder/terminate?deadline=0s", None)
        .await;
    let drained: Drained = serde_json::from_value(answer.json).unwrap();
    let ports: Vec<_> = drained
        .ports
        .iter()
        .map(|port| port.port.as_str())
        .collect();
    assert_eq!(ports, ["orders", "invoices"]);
    host.post(&[], "x").await.problem(503, "unavailable");
}

#[tokio::test]
async fn what_nobody_knows_is_not_found() {
    let host = Host::start();
    for verb in ["start", "stop", "unenlist", "terminate"] {
        let path = format!("/v1/ports/ordres/{verb}");
        let answer = host.ask("POST", &path, None).await;
        let detail = answer.problem(404, "unknown-port");
        assert!(detail.contains("did you mean \"orders\"?"), "{detail}");
    }
    let answer = host
        .ask("POST", "/v1/adapters/recoder/terminate", None)
        .await;
    let detail = answer.problem(404, "unknown-adapter");
    assert!(detail.contains("did you mean \"recorder\"?"), "{detail}");
}

#[tokio::test]
async fn deadlines_are_checked_before_anything_is_drained() {
    let host = Host::start();
    for wrong in ["deadline=soon", "deadline=2h", "deadlin=1s"] {
        for what in ["ports/orders", "adapters/recorder"] {
            let path = format!("/v1/{what}/terminate?{wrong}");
            let answer = host.ask("POST", &path, None).await;
            answer.problem(400, "malformed");
        }
    }
    host.post(&[], "x").await.accepted(1);
}

#[tokio::test]
async fn a_terminating_host_starts_nothing() {
    let host = Host::start();
    host.dispatcher.terminate(Duration::from_secs(1)).await;
    let answer = host.ask("POST", "/v1/ports/orders/start", None).await;
    answer.problem(503, "unavailable");
}
