//! B110: adapters and configuration replaced while messages flow, on the real program. Every message is
//! delivered, none twice, and the record says so.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::Value;

use crate::fixture::{BAD_INPUT, Ended, FAILURE, Process, Receiver, Site, component, port, until};

/// A site with a component of its own, `x.wasm`, which serves `orders`.
fn site(receiver: &Receiver, component: &str, more: &str) -> Site {
    let site = Site::of_text(&config(receiver, "", more));
    put(&site, "x.wasm", component, "");
    site
}

fn config(receiver: &Receiver, adapter: &str, more: &str) -> String {
    let retry = "retry = { count = 20, interval = \"50ms\" }";
    format!(
        "[host]\nlisten = \"127.0.0.1:0\"\n[adapters.x]\ncomponent = \"x.wasm\"\n{adapter}\n{}{more}",
        port("orders", "x", &receiver.url("/orders"), retry)
    )
}

/// Copies a component; with a mark it is another version of the same: a custom section says nothing to
/// anybody, and makes another digest.
fn put(site: &Site, file: &str, name: &str, mark: &str) {
    let mut bytes = fs::read(component(name)).expect("the component");
    if !mark.is_empty() {
        let name = b"version";
        let length = 1 + name.len() + mark.len();
        bytes.extend([0, u8::try_from(length).expect("a short mark"), 7]);
        bytes.extend(name);
        bytes.extend(mark.as_bytes());
    }
    site.write(file, bytes);
}

/// Publishes until it is told to stop; counts what was accepted.
struct Load {
    stop: Arc<AtomicBool>,
    accepted: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Load {
    fn begin(host: &Process) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let accepted = Arc::new(AtomicUsize::new(0));
        let (api, stopped, count) = (host.api.clone(), stop.clone(), Arc::clone(&accepted));
        let task = tokio::spawn(async move {
            while !stopped.load(Ordering::Relaxed) {
                let lines: Vec<_> = (0..10).map(|n| format!("{{\"n\":{n}}}")).collect();
                api.bulk("orders", &lines).await;
                count.fetch_add(10, Ordering::Relaxed);
            }
        });
        Self {
            stop,
            accepted,
            task,
        }
    }

    async fn end(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.expect("the load ends in good order");
        self.accepted.load(Ordering::Relaxed)
    }
}

async fn command(site: &Site, host: &Process, arguments: &[&str]) -> Ended {
    let all = [arguments, &["--url", host.api.url()]].concat();
    site.run(&all).await
}

async fn done(site: &Site, host: &Process, arguments: &[&str]) -> Value {
    let ended = command(site, host, &[arguments, &["--json"]].concat()).await;
    assert_eq!(ended.code, Some(0), "{arguments:?}: {ended:?}");
    serde_json::from_str(&ended.stdout).expect("JSON")
}

async fn swaps(site: &Site, host: &Process) -> Vec<Value> {
    let swaps = done(site, host, &["swap", "show"]).await;
    swaps.as_array().expect("a list").clone()
}

async fn version(host: &Process) -> String {
    let port = host.api.port("orders").await;
    let version = port["running"]["transports"][0]["version"].as_str();
    version.expect("a version").to_owned()
}

/// The proof of a swap, whose sum must hold.
fn proof(swap: &Value) -> &Value {
    let switched = &swap["switched"];
    let number = |name: &str| switched[name].as_u64().expect("a number");
    assert_eq!(number("lost"), 0, "{swap}");
    assert_eq!(
        number("in_flight"),
        number("settled") + number("handed_over"),
        "{swap}"
    );
    switched
}

/// Every message was received once.
fn once(receiver: &Receiver, count: usize) {
    let mut times = BTreeMap::new();
    for request in receiver.received("/orders") {
        let id = request.header("idempotency-key").expect("a key").to_owned();
        *times.entry(id).or_insert(0) += 1;
    }
    let twice = times.values().filter(|times| **times > 1).count();
    assert_eq!(
        (times.len(), twice),
        (count, 0),
        "messages, and those received twice"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn b110_versions_are_deployed_under_load_and_nothing_is_lost_or_doubled() {
    let receiver = Receiver::start().await;
    let site = site(&receiver, "http-adapter", "");
    put(&site, "single.wasm", "http-adapter", "1");
    put(&site, "batch.wasm", "http-batch-adapter", "2");
    let host = site.start().await;
    let load = Load::begin(&host);
    host.api.delivered_at_least("orders", 50).await;
    for round in 0..6 {
        let file = ["batch.wasm", "single.wasm"][round % 2];
        let deployed = done(&site, &host, &["adapter", "deploy", "orders", file]).await;
        assert_eq!(deployed["swap"]["kind"], "deploy");
        proof(&deployed["swap"]);
        let so_far = host.api.delivered_so_far("orders").await;
        host.api.delivered_at_least("orders", so_far + 20).await;
    }
    let accepted = load.end().await;
    host.api.delivered("orders", accepted).await;
    once(&receiver, accepted);
    let swaps = swaps(&site, &host).await;
    assert_eq!(swaps.len(), 6);
    assert!(
        swaps.iter().any(|swap| swap["switched"]["in_flight"] != 0),
        "{swaps:?}"
    );
    host.api.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deployed_stays_over_a_restart_and_goes_back_with_one_command() {
    let receiver = Receiver::start().await;
    let site = site(&receiver, "http-adapter", "");
    put(&site, "next.wasm", "http-adapter", "next");
    let host = site.start().await;
    let before = version(&host).await;
    let nothing = command(&site, &host, &["adapter", "rollback", "orders"]).await;
    nothing.refused(FAILURE, &["nothing was deployed", "'x'"]);
    done(&site, &host, &["adapter", "deploy", "orders", "next.wasm"]).await;
    let after = version(&host).await;
    assert_ne!(before, after);
    // The file may go: the host has kept it.
    fs::remove_file(site.path("next.wasm")).expect("removed");
    host.kill().await;
    let host = site.start().await;
    assert_eq!(version(&host).await, after);
    host.api.accepted("orders", "1").await;
    host.api.delivered("orders", 1).await;
    let back = done(&site, &host, &["adapter", "rollback", "orders"]).await;
    assert_eq!(
        (&back["swap"]["kind"], version(&host).await),
        (&"rollback".into(), before.clone())
    );
    host.kill().await;
    let host = site.start().await;
    assert_eq!(version(&host).await, before);
    // What is configured anew is newer than what was deployed.
    done(&site, &host, &["adapter", "rollback", "orders"]).await;
    assert_eq!(version(&host).await, after);
    host.kill().await;
    put(&site, "x.wasm", "http-adapter", "newest");
    let host = site.start().await;
    let newest = version(&host).await;
    assert!(newest != before && newest != after, "{newest}");
    let ended = host.terminate().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let shown = site
        .run(&["swap", "show", "--config", "sendport.toml"])
        .await;
    assert!(shown.stdout.contains("lost          0"), "{shown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_deployed_leaves_the_old_version_running_and_says_why() {
    let receiver = Receiver::start().await;
    let more = "config = { method = \"PUT\" }\n";
    let site = site(&receiver, "http-adapter", more);
    site.write("text.wasm", "no component");
    put(&site, "probe.wasm", "probe-adapter", "");
    put(&site, "cut.wasm", "http-adapter", "");
    let bytes = fs::read(site.path("cut.wasm")).expect("read");
    site.write("cut.wasm", &bytes[..bytes.len() / 2]);
    let host = site.start().await;
    let before = version(&host).await;
    for (file, port, parts) in [
        ("text.wasm", "orders", &["not a WebAssembly component"][..]),
        ("cut.wasm", "orders", &["not a valid component"]),
        (
            "probe.wasm",
            "orders",
            &[
                "sendport.toml:",
                "ports.orders.config.method",
                "ports.orders.address",
            ],
        ),
        ("x.wasm", "ordres", &["did you mean 'orders'?"]),
        ("missing.wasm", "orders", &["cannot read missing.wasm"]),
    ] {
        let ended = command(&site, &host, &["adapter", "deploy", port, file]).await;
        ended.refused(FAILURE, parts);
    }
    assert_eq!(version(&host).await, before);
    host.api.accepted("orders", "1").await;
    host.api.delivered("orders", 1).await;
    let recorded = swaps(&site, &host).await;
    let reasons: Vec<_> = recorded
        .iter()
        .filter_map(|swap| swap["failed"].as_str())
        .collect();
    assert!(
        reasons
            .iter()
            .any(|reason| reason.contains("does not suit")),
        "{recorded:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_can_do_more_needs_a_word_of_consent() {
    let site = Site::of_text(&format!(
        "[host]\nlisten = \"127.0.0.1:0\"\n[adapters.x]\ncomponent = \"x.wasm\"\n{}",
        port("orders", "x", "probe://here", "")
    ));
    put(&site, "x.wasm", "probe-adapter", "");
    put(&site, "std.wasm", "probe-std-adapter", "");
    let host = site.start().await;
    let refused = command(&site, &host, &["adapter", "deploy", "orders", "std.wasm"]).await;
    refused.refused(FAILURE, &["read and write files", "--accept"]);
    let deploy = ["adapter", "deploy", "orders", "std.wasm", "--accept"];
    let deployed = done(&site, &host, &deploy).await;
    let changes = deployed["swap"]["changes"].to_string();
    assert!(changes.contains("+ can read and write files"), "{changes}");
}

/// An HTTP port whose next version is a probe, which does what the messages say.
fn with_probe(receiver: &Receiver) -> Site {
    let overrides = "address-prefixes = [\"http://\"]";
    let site = Site::of_text(&config(receiver, overrides, ""));
    put(&site, "x.wasm", "http-adapter", "");
    put(&site, "probe.wasm", "probe-adapter", "");
    put(&site, "good.wasm", "http-adapter", "good");
    site
}

async fn publish(host: &Process, probe: &str, count: usize) {
    let lines: Vec<_> = (0..count).map(|n| n.to_string()).collect();
    let headers = [
        ("content-type", "application/x-ndjson"),
        ("sendport-property-probe", probe),
    ];
    let reply = host.api.publish("orders", &headers, lines.join("\n")).await;
    assert_eq!(reply.ids().len(), count);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_that_traps_is_rolled_back_and_its_messages_are_delivered_by_the_old_version() {
    let receiver = Receiver::start().await;
    let site = with_probe(&receiver);
    let host = site.start().await;
    let before = version(&host).await;
    let deploy = [
        "adapter",
        "deploy",
        "orders",
        "probe.wasm",
        "--canary",
        "50",
        "--accept",
    ];
    let deployed = done(&site, &host, &deploy).await;
    assert_eq!(deployed["swap"]["kind"], "canary");
    assert!(
        version(&host).await.contains("(canary, 50 %"),
        "the status tells"
    );
    let again = command(&site, &host, &["adapter", "deploy", "orders", "good.wasm"]).await;
    again.refused(FAILURE, &["another version is being tried out"]);
    publish(&host, "trap", 20).await;
    let rolled_back = until("an automatic roll-back", async || {
        let swaps = swaps(&site, &host).await;
        swaps
            .into_iter()
            .find(|swap| swap["kind"] == "automatic-rollback")
    })
    .await;
    proof(&rolled_back);
    let why = rolled_back["changes"].to_string();
    assert!(why.contains("trapped"), "{why}");
    assert_eq!(version(&host).await, before);
    host.api.delivered("orders", 20).await;
    once(&receiver, 20);
    // It is not what a restart runs.
    host.kill().await;
    let host = site.start().await;
    assert_eq!(version(&host).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_that_does_well_takes_over_when_its_messages_are_delivered_or_a_person_says_so() {
    let receiver = Receiver::start().await;
    let site = with_probe(&receiver);
    let host = site.start().await;
    let before = version(&host).await;
    let deploy = [
        "adapter",
        "deploy",
        "orders",
        "good.wasm",
        "--canary-first",
        "30",
    ];
    done(&site, &host, &deploy).await;
    publish(&host, "ok", 50).await;
    until("a promotion", async || {
        let swaps = swaps(&site, &host).await;
        swaps.into_iter().find(|swap| swap["kind"] == "promote")
    })
    .await;
    let good = version(&host).await;
    assert!(good != before && !good.contains("canary"), "{good}");
    done(&site, &host, &["adapter", "rollback", "orders"]).await;
    let deploy = ["adapter", "deploy", "orders", "good.wasm", "--canary", "20"];
    done(&site, &host, &deploy).await;
    publish(&host, "ok", 50).await;
    host.api.delivered("orders", 100).await;
    let report = done(&site, &host, &["adapter", "canary", "orders"]).await;
    assert_eq!(
        (&report["old"]["delivered"], &report["new"]["delivered"]),
        (&40.into(), &10.into())
    );
    done(&site, &host, &["adapter", "promote", "orders"]).await;
    assert_eq!(version(&host).await, good);
    let none = command(&site, &host, &["adapter", "canary", "orders"]).await;
    none.refused(FAILURE, &["tries no other version"]);
    host.kill().await;
    assert_eq!(version(&site.start().await).await, good);
    once(&receiver, 100);
}

/// Kills a host in the middle of deployments: what was accepted is delivered by the next one.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_killed_while_it_swaps_loses_nothing() {
    let receiver = Receiver::start().await;
    let site = site(&receiver, "http-adapter", "");
    put(&site, "next.wasm", "http-adapter", "next");
    let mut accepted = 0;
    for round in 0..4 {
        let host = site.start().await;
        let lines: Vec<_> = (0..300).map(|n| format!("{n}")).collect();
        host.api.bulk("orders", &lines).await;
        accepted += lines.len();
        let file = ["next.wasm", "x.wasm"][round % 2];
        let arguments = ["adapter", "deploy", "orders", file, "--url", host.api.url()];
        let deploy = site.run(&arguments);
        tokio::select! {
            ended = deploy => drop(ended),
            () = host.api.delivered_at_least("orders", accepted - 200) => {}
        }
        host.kill().await;
    }
    let host = site.start().await;
    host.api.delivered("orders", accepted).await;
    let audit = host.api.audit().await;
    assert_eq!(
        (&audit["pending"], &audit["suspended"]),
        (&0.into(), &0.into())
    );
    for swap in swaps(&site, &host).await {
        proof(&swap);
    }
}

fn write(site: &Site, text: &str) {
    let file = site.path("sendport.toml");
    let temporary: &Path = &site.path("sendport.toml.new");
    fs::write(temporary, text).expect("written");
    fs::rename(temporary, file).expect("renamed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_changes_what_has_changed_and_an_invalid_file_changes_nothing() {
    let receiver = Receiver::start().await;
    let other = port("other", "x", &receiver.url("/other"), "");
    let site = site(&receiver, "http-adapter", &other);
    let host = site.start().await;
    let nothing = done(&site, &host, &["reload"]).await;
    assert_eq!(
        (&nothing["ports"], &nothing["unchanged"]),
        (&serde_json::json!([]), &2.into())
    );
    let broken = config(
        &receiver,
        "",
        "watermark = 3\n[ports.third]\nadapter = \"y\"\n",
    );
    write(&site, &broken);
    let refused = command(&site, &host, &["reload"]).await;
    refused.refused(
        FAILURE,
        &[
            "ports.orders.watermark",
            "there is no adapter 'y'",
            "high-watermark",
        ],
    );

    let load = Load::begin(&host);
    let third = port("third", "x", &receiver.url("/third"), "");
    let changed = config(&receiver, "", &format!("high-watermark = 7\n{third}"));
    let changed = changed.replacen("[host]", "[host]\nthreads = 3", 1);
    write(&site, &changed);
    let reloaded = done(&site, &host, &["reload"]).await;
    let what: BTreeMap<_, _> = reloaded["ports"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|p| {
            (
                p["port"].as_str().unwrap_or_default(),
                p["change"].as_str().unwrap_or_default(),
            )
        })
        .collect();
    let expected = [
        ("orders", "changed"),
        ("other", "removed"),
        ("third", "added"),
    ];
    assert_eq!(what, BTreeMap::from(expected));
    assert_eq!(
        reloaded["need_restart"],
        serde_json::json!(["host.threads"])
    );
    let accepted = load.end().await;
    host.api.delivered("orders", accepted).await;
    once(&receiver, accepted);
    assert_eq!(
        host.api.port("orders").await["running"]["high_watermark"],
        7
    );
    host.api.accepted("third", "1").await;
    receiver.has("/third", 1).await;
    let gone = host.api.publish("other", &[], "1").await;
    assert_eq!(gone.status, 404);

    // By a signal, and with another component.
    put(&site, "x.wasm", "http-adapter", "next");
    let before = version(&host).await;
    host.signal("HUP").await;
    until("another version", async || {
        (version(&host).await != before).then_some(())
    })
    .await;
    done(&site, &host, &["adapter", "rollback", "orders"]).await;
    assert_eq!(version(&host).await, before);
    let checked = site.run(&["check"]).await;
    assert_ne!(checked.code, Some(BAD_INPUT), "{checked:?}");
}
