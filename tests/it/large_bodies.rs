//! Size and number: large bodies in little memory, many messages over few connections.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::fixture::{Receiver, Site, digest, port};

const MIB: usize = 1 << 20;

/// Connections that one port may have on one thread of the host.
const CONNECTIONS: usize = 64;

#[tokio::test(flavor = "multi_thread")]
async fn many_messages_share_few_connections() {
    const MESSAGES: usize = 2000;
    const THREADS: usize = 2;
    for adapter in ["http-adapter", "http-batch-adapter"] {
        let receiver = Receiver::start().await;
        let port = port("orders", adapter, &receiver.url("/orders"), "");
        let site = Site::new(&format!("threads = {THREADS}\n{port}"));
        let host = site.start().await;
        let lines: Vec<_> = (0..MESSAGES).map(|n| format!("{{\"n\":{n}}}")).collect();
        let ids = host.api.bulk("orders", &lines).await;
        host.api.delivered("orders", MESSAGES).await;
        let received = receiver.received("/orders");
        let received: BTreeMap<_, _> = received
            .iter()
            .map(|r| (r.id(), r.digest.as_str()))
            .collect();
        for (id, line) in ids.iter().zip(&lines) {
            assert_eq!(
                received.get(id.as_str()),
                Some(&digest(line.as_bytes()).as_str()),
                "{line}"
            );
        }
        let connections = receiver.connections();
        assert!(
            connections <= CONNECTIONS * THREADS,
            "{adapter}: {connections} connections"
        );
    }
}

/// Contents that differ from piece to piece, so that a piece in the wrong place changes the digest.
fn large(seed: u64) -> Bytes {
    let words = (0..64 * MIB as u64 / 8).map(|n| (n ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut body = Vec::with_capacity(64 * MIB);
    words.for_each(|word| body.extend_from_slice(&word.to_le_bytes()));
    body.into()
}

/// Four bodies of 64 MiB in at the same time and out at the same time. The host may need what its pieces
/// and caches need, so the bound is one such body for all four: whoever holds a single one whole fails.
#[tokio::test(flavor = "multi_thread")]
async fn b106_four_bodies_of_64_mib_arrive_whole_and_take_the_memory_of_less_than_one() {
    let receiver = Receiver::start().await;
    let site = Site::orders("", &receiver);
    // So that the host itself does not compile: that takes more memory than anything it does later.
    site.run(&["check"]).await;
    let host = site.start().await;
    // Instances, connections and caches of an ordinary message are not what is measured.
    host.api.accepted("orders", "warm").await;
    host.api.delivered("orders", 1).await;
    let before = peak_memory(host.pid());

    let bodies: Vec<_> = (1..=4).map(large).collect();
    let publish = |body: &Bytes| {
        let (api, body) = (host.api.clone(), body.clone());
        tokio::spawn(async move { api.accepted("orders", body).await })
    };
    let publishing: Vec<_> = bodies.iter().map(publish).collect();
    let mut expected = BTreeMap::new();
    for (body, id) in bodies.iter().zip(publishing) {
        expected.insert(id.await.expect("published"), digest(body));
    }
    host.api.delivered("orders", 5).await;
    let received = receiver.received("/orders");
    let large = received.iter().filter(|r| r.size == 64 * MIB as u64);
    let arrived: BTreeMap<_, _> = large
        .map(|r| (r.id().to_owned(), r.digest.clone()))
        .collect();
    assert_eq!(arrived, expected);

    if let Some((before, after)) = before.zip(peak_memory(host.pid())) {
        let grown = after - before;
        assert!(grown < 64 * MIB, "the host needed {} MiB more", grown / MIB);
    }
}

/// The most memory the process ever had, in bytes. Only Linux says it; elsewhere the digests are checked.
fn peak_memory(pid: u32) -> Option<usize> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line
        .and_then(|line| line.trim().strip_suffix(" kB"))
        .expect("Linux says it in kB");
    Some(kib.trim().parse::<usize>().expect("a number") * 1024)
}
