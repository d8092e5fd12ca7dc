//! `kill -9` in every step of a transaction, and at random: after the restart it is committed everywhere or
//! nowhere, and every message is delivered once.

use std::fs;

use crate::fixture::{BoxFile, CommittedFiles, Dice, Process, Site, port, until};

const ROUNDS: usize = 8;
const ORDERS: usize = 60;

/// A site whose port `orders` is the transactional probe's, and the probe's directory.
fn site() -> (Site, CommittedFiles) {
    let more = "grants = { directory = \"out\" }\ninstances = 2\n\
                retry = { count = 1000, interval = \"20ms\" }\n";
    let adapter = "probe-transactional-adapter";
    let site = Site::new(&port("orders", adapter, "probe://here", more));
    let directory = site.path("out");
    fs::create_dir(&directory).expect("a new directory");
    (site, CommittedFiles::new(directory))
}

async fn publish(host: &Process, probe: &str) -> String {
    let probe = [("sendport-property-probe", probe)];
    let published = host.api.publish("orders", &probe, "<order/>").await;
    published.ids().remove(0)
}

/// Everything has come to its end: these messages were delivered and written, each once.
async fn settles(site: &Site, host: &Process, files: &CommittedFiles, ids: Vec<String>) {
    let count = ids.len();
    host.api.delivered("orders", count).await;
    files.settle(&BoxFile::of_site(site), ids).await;
    let audit = host.api.audit().await;
    assert_eq!(
        (&audit["accepted"], &audit["suspended"]),
        (&count.into(), &0.into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn b86_b103_killed_between_prepare_and_decision_it_is_rolled_back_and_sent_again() {
    let (site, files) = site();
    let host = site.start().await;
    let id = publish(&host, "hang-in-prepare-once").await;
    let undecided = files.hangs_in_prepare().await;
    assert_eq!(host.api.audit().await["pending"], 1);
    host.kill().await;
    assert_eq!(files.written(), Vec::<String>::new());

    let host = site.start().await;
    settles(&site, &host, &files, vec![id]).await;
    assert!(!files.committed().contains_key(&undecided));
    // A crash is not the destination's fault.
    assert_eq!(host.api.port("orders").await["running"]["retried"], 0);
}

/// B102: what is decided is never sent again.
#[tokio::test(flavor = "multi_thread")]
async fn b86_b102_killed_between_decision_and_commit_it_is_committed_without_being_sent_again() {
    let (site, files) = site();
    let host = site.start().await;
    let id = publish(&host, "hang-in-commit-once").await;
    host.api.delivered("orders", 1).await;
    until("a commit that hangs", async || {
        files.untold().is_empty().then_some(())
    })
    .await;
    let decided = BoxFile::of_site(&site).decided();
    assert_eq!(decided, files.prepared());
    host.kill().await;
    assert_eq!(files.written(), Vec::<String>::new());

    let host = site.start().await;
    settles(&site, &host, &files, vec![id]).await;
    assert!(files.committed().contains_key(&decided[0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn b86_killed_between_commit_and_its_record_nothing_is_done_twice() {
    let (site, files) = site();
    let host = site.start().await;
    let id = publish(&host, "hang-after-commit-once").await;
    until("a commit", async || {
        (!files.written().is_empty()).then_some(())
    })
    .await;
    host.api.delivered("orders", 1).await;
    assert_eq!(BoxFile::of_site(&site).decided().len(), 1);
    host.kill().await;

    let host = site.start().await;
    settles(&site, &host, &files, vec![id]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b86_b101_killed_at_random_every_message_is_written_once() {
    let (site, files) = site();
    let mut dice = Dice::new();
    let mut host = site.start().await;
    let mut ids = Vec::new();
    for _ in 0..ROUNDS {
        let delivered = host.api.delivered_so_far("orders").await;
        let orders: Vec<_> = (0..ORDERS).map(|n| n.to_string()).collect();
        ids.extend(host.api.bulk("orders", &orders).await);
        let some = delivered + dice.throw(ORDERS);
        host.api.delivered_at_least("orders", some).await;
        host.kill().await;
        host = site.start().await;
    }
    settles(&site, &host, &files, ids).await;
}
