//! When a changed configuration is seen: that of an adapter by new instances, that of a port by its next
//! message. And how long an instance lives.

use std::time::Duration;

use model::Enlistment;

use crate::fixture::{Host, PortSpec};

const PATIENT: Duration = Duration::from_secs(30);

fn entries(entries: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    entries.iter().map(owned).collect()
}

/// With a handler configuration, which its `load` records.
fn loading(colour: &str) -> PortSpec {
    PortSpec {
        handler: entries(&[("colour", colour)]),
        ..PortSpec::of("probe-configured-adapter")
    }
}

/// What the instance says it was called with since it was made.
async fn calls(host: &Host) -> String {
    let id = host.probe("calls").await;
    let text = host.failure().await;
    assert_eq!(host.discard(id).await.terminated, 1);
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn b09_a_handler_configuration_is_read_by_new_instances_only() {
    let host = Host::with(&loading("blue"));
    assert_eq!(
        calls(&host).await,
        "load(colour=blue) initialize transmit-message"
    );
    // Whatever comes, `load` does not come again.
    let many = [[("probe", "ok")]; 50];
    host.publish("port", &many.each_ref().map(|m| m.as_slice()))
        .await;
    host.delivered("port", 50).await;
    assert_eq!(calls(&host).await.matches("load").count(), 1);

    // A port that is terminated and started has new instances, which read it again.
    let report = host.dispatcher.terminate_port("port", PATIENT).await;
    assert!(!report.expect("terminated").ports[0].interrupted);
    assert_eq!(host.status("port").instances(), 0);
    let started = host.dispatcher.set_enlistment("port", Enlistment::Started);
    started.await.expect("started");
    assert_eq!(
        calls(&host).await,
        "load(colour=blue) initialize transmit-message"
    );

    let host = host.restart().await;
    host.start(&loading("red"));
    assert_eq!(
        calls(&host).await,
        "load(colour=red) initialize transmit-message"
    );
}

/// Also for messages that were accepted before the change.
#[tokio::test(flavor = "multi_thread")]
async fn b10_an_endpoint_configuration_comes_with_each_message() {
    let spec = |version, method| PortSpec {
        version,
        endpoint: entries(&[("method", method)]),
        ..PortSpec::probe()
    };
    let host = Host::with(&spec(1, "POST"));
    let before = host.probe("describe").await;
    let text = host.failure().await;
    assert!(text.contains(" version=1 "), "{text}");
    assert!(text.ends_with("configuration=[method=POST]"), "{text}");

    let stopped = host.dispatcher.set_enlistment("port", Enlistment::Stopped);
    stopped.await.expect("stopped");
    host.discard(before).await;
    let id = host.probe("describe").await.to_string();
    let host = host.restart().await;
    host.start(&spec(2, "PUT"));
    let text = host.failure().await;
    assert!(text.starts_with(&format!("id={id} attempt=1 ")), "{text}");
    assert!(text.contains(" version=2 "), "{text}");
    assert!(text.ends_with("configuration=[method=PUT]"), "{text}");
}

/// The probe remembers that it is to hang when it is terminated, so what hangs then is the instance of the
/// beginning.
#[tokio::test(flavor = "multi_thread")]
async fn b11_an_instance_stays_loaded_without_traffic() {
    let host = Host::with(&PortSpec::probe());
    host.start(&PortSpec {
        name: "other",
        ..PortSpec::probe()
    });
    host.probe("hang-in-terminate").await;
    host.delivered("port", 1).await;
    // The time that passes: another port's traffic.
    let many = [[("probe", "ok")]; 500];
    host.publish("other", &many.each_ref().map(|m| m.as_slice()))
        .await;
    host.delivered("other", 500).await;
    let status = host.status("port");
    assert_eq!(status.instances(), 1);
    assert_eq!(status.transports[0].pool.instances_lost, 0);
    let short = Duration::from_millis(100);
    let report = host.dispatcher.terminate_port("port", short).await;
    assert!(report.expect("terminated").ports[0].interrupted);
}
