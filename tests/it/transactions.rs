//! Exactly once: the messages of a transaction are gone from the box exactly when it is committed at its
//! destination, whatever fails in between.

use std::time::Duration;

use model::{MessageId, SendPort, TwoWay};
use tempfile::TempDir;

use crate::fixture::{
    BAD_INPUT, BoxFile, CommittedFiles, Host, PortSpec, Site, message, name, port, until,
};

const SOON: Duration = Duration::from_millis(5);
/// Longer than a test: only what ends a hung call is waited for.
const LONG: Duration = Duration::from_secs(3600);

/// The probe's directory.
struct Destination {
    directory: TempDir,
    files: CommittedFiles,
}

impl Destination {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let files = CommittedFiles::new(directory.path().to_owned());
        Self { directory, files }
    }

    /// A port that writes there, a few messages at a time.
    fn port(&self) -> PortSpec {
        PortSpec {
            handler: vec![("max-messages".to_owned(), "8".to_owned())],
            directory: Some(self.directory.path().to_owned()),
            ..PortSpec::of("probe-transactional-adapter").retrying(5, SOON)
        }
    }

    /// Everything has come to its end, and these messages were written once each.
    async fn settles(&self, host: &Host, ids: &[MessageId]) {
        let ids = ids.iter().map(ToString::to_string).collect();
        self.files.settle(&BoxFile::of_host(host), ids).await;
    }
}

/// A message for every probe, published together.
async fn publish(host: &Host, probes: &[&str]) -> Vec<MessageId> {
    let messages = probes
        .iter()
        .map(|probe| message(&[("probe", probe)], "<order/>"));
    host.publish_messages("port", messages.collect()).await
}

/// Ends the host without waiting for what hangs, and starts another one on its box.
async fn restarted(host: Host, spec: &PortSpec) -> Host {
    host.terminate(Duration::ZERO).await;
    let host = host.restart().await;
    host.start(spec);
    host
}

#[tokio::test(flavor = "multi_thread")]
async fn b81_a_prepared_message_is_still_in_the_box_and_not_seen_at_the_destination() {
    let destination = Destination::new();
    let spec = PortSpec {
        delivery_timeout: LONG,
        ..destination.port()
    };
    let host = Host::with(&spec);
    let ids = publish(&host, &["hang-in-prepare-once"]).await;
    let undecided = destination.files.hangs_in_prepare().await;
    host.stored(ids[0]).await;
    assert_eq!(destination.files.written(), Vec::<String>::new());
    assert_eq!(BoxFile::of_host(&host).decided(), Vec::<String>::new());

    // Undecided, so the next host rolls it back and sends the message again.
    let host = restarted(host, &spec).await;
    host.delivered("port", 1).await;
    destination.settles(&host, &ids).await;
    assert!(!destination.files.committed().contains_key(&undecided));
}

#[tokio::test(flavor = "multi_thread")]
async fn b81_a_decided_message_is_gone_and_its_write_becomes_visible_whatever_happens() {
    let destination = Destination::new();
    let spec = PortSpec {
        delivery_timeout: LONG,
        ..destination.port()
    };
    let host = Host::with(&spec);
    let ids = publish(&host, &["hang-in-commit-once"]).await;
    host.delivered("port", 1).await;
    until("a commit that hangs", async || {
        destination.files.untold().is_empty().then_some(())
    })
    .await;
    let decided = BoxFile::of_host(&host).decided();
    assert_eq!(decided, destination.files.prepared());
    assert_eq!(host.audit().await.pending, 0);
    assert_eq!(destination.files.written(), Vec::<String>::new());

    // No message asks for it: a decided transaction is committed all the same.
    let host = restarted(host, &spec).await;
    destination.settles(&host, &ids).await;
    assert!(destination.files.committed().contains_key(&decided[0]));
    assert_eq!(host.audit().await.delivered, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn b82_a_decision_that_cannot_be_recorded_rolls_back() {
    let destination = Destination::new();
    let host = Host::new();
    let ids = publish(&host, &["ok", "ok", "ok"]).await;
    let locked = BoxFile::of_host(&host).lock();
    host.start(&destination.port());
    let undecided = until("a prepared transaction", async || {
        destination.files.prepared().pop()
    })
    .await;
    until("a transaction that is rolled back", async || {
        (!destination.files.prepared().contains(&undecided)).then_some(())
    })
    .await;
    assert_eq!(destination.files.written(), Vec::<String>::new());
    let audit = host.audit().await;
    assert_eq!((audit.pending, audit.delivered), (3, 0));

    drop(locked);
    host.delivered("port", 3).await;
    destination.settles(&host, &ids).await;
    assert!(!destination.files.committed().contains_key(&undecided));
    let status = host.status("port");
    assert_eq!(
        (status.retried, status.suspended),
        (0, 0),
        "no message was at fault"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn b83_a_failed_message_costs_only_itself_and_the_others_are_committed() {
    let destination = Destination::new();
    let host = Host::with(&destination.port().retrying(2, SOON));
    let probes = ["ok", "retryable", "ok", "permanent", "ok"];
    let ids = publish(&host, &probes).await;
    host.delivered("port", 3).await;
    let mut suspended = host.suspended(2).await;
    suspended.sort_by_key(|message| message.attempts);
    let attempts: Vec<_> = suspended.iter().map(|s| (s.id, s.attempts)).collect();
    assert_eq!(attempts, [(ids[3], 1), (ids[1], 3)]);
    assert_eq!(
        host.status("port").retried,
        2,
        "by itself, and nobody else was"
    );
    let written = [ids[0], ids[2], ids[4]];
    destination.settles(&host, &written).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b83_a_transaction_that_cannot_be_prepared_is_rolled_back_and_its_messages_tried_again() {
    let destination = Destination::new();
    let host = Host::with(&destination.port());
    let ids = publish(&host, &["ok", "fail-prepare-once", "ok"]).await;
    host.delivered("port", 3).await;
    destination.settles(&host, &ids).await;
    let status = host.status("port");
    assert!((1..=3).contains(&status.retried), "{}", status.retried);
    let (_, error) = status.last_error.expect("it has failed once");
    assert!(error.text.contains("told to fail to prepare"), "{error}");
}

/// A failure in every step, as an answer and as a trap.
const FAILURES: [&str; 6] = [
    "fail-prepare-once",
    "trap-in-prepare-once",
    "fail-rollback-once",
    "fail-commit-once",
    "trap-in-commit-once",
    "trap-after-commit-once",
];

#[tokio::test(flavor = "multi_thread")]
async fn b84_b86_every_transaction_is_ended_once_whatever_fails_in_it() {
    for probe in FAILURES {
        let destination = Destination::new();
        let host = Host::with(&destination.port());
        let ids = publish(&host, &["ok", probe, "ok"]).await;
        host.delivered("port", 3).await;
        destination.settles(&host, &ids).await;
        assert_eq!(host.audit().await.suspended, 0, "{probe}");
    }
}

/// Many transactions at once, of two instances, and some of each batch's messages make it fail.
#[tokio::test(flavor = "multi_thread")]
async fn b84_b86_a_failure_in_one_transaction_ends_no_other() {
    let destination = Destination::new();
    let spec = PortSpec {
        instances: 2,
        ..destination.port().retrying(50, SOON)
    };
    let host = Host::with(&spec);
    let probes = (0..150).map(|n| FAILURES.get(n % 25).copied().unwrap_or("ok"));
    let ids = publish(&host, &probes.collect::<Vec<_>>()).await;
    host.delivered("port", 150).await;
    destination.settles(&host, &ids).await;
}

/// A name that came twice would put its file into the place of another one's.
#[tokio::test(flavor = "multi_thread")]
async fn b85_every_batch_has_a_transaction_of_its_own_over_restarts() {
    let destination = Destination::new();
    let spec = PortSpec {
        instances: 2,
        ..destination.port()
    };
    let mut host = Host::with(&spec);
    let mut ids = Vec::new();
    for round in 1..=3 {
        ids.extend(publish(&host, &["ok"; 50]).await);
        host.delivered("port", 50 * round).await;
        host = host.restart().await;
        host.start(&spec);
    }
    destination.settles(&host, &ids).await;
    let committed = destination.files.committed();
    assert!(committed.len() >= 150 / 8, "{}", committed.len());
    let prefix = format!("sendport:{:012x}:port:", host.message_box.box_id());
    for (transaction, ids) in committed {
        assert!(transaction.starts_with(&prefix), "{transaction}");
        assert!((1..=8).contains(&ids.len()), "{transaction}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_has_no_place_in_a_transaction() {
    let destination = Destination::new();
    let host = Host::new();
    host.start_with(&destination.port(), None, |port: &mut SendPort| {
        port.two_way = Some(TwoWay {
            response_port: Some(name("answers")),
            retention: LONG,
            max_response: 1024,
        });
    });
    publish(&host, &["respond"]).await;
    let error = host.suspended(1).await.remove(0).error;
    assert_eq!(error.code.as_deref(), Some("one-way"), "{error}");
    assert_eq!(destination.files.written(), Vec::<String>::new());

    let site = Site::new(&port(
        "orders",
        "probe-transactional-adapter",
        "probe://here",
        "two-way = true",
    ));
    for command in ["check", "run"] {
        let expected = ["key 'ports.orders.two-way'", "which have no responses"];
        site.run(&[command]).await.refused(BAD_INPUT, &expected);
    }
}
