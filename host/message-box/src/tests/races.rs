//! Many tasks on many threads: every message is claimed exactly once, none is stranded.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::*;

const PUBLISHERS: usize = 4;
const EACH: usize = 300;
const ALL: usize = PUBLISHERS * EACH;

async fn publisher(message_box: MessageBox, seed: usize) {
    for n in 0..EACH {
        let one = publication([urgent(1 + ((seed + n) % 10) as i64)]);
        message_box.publish(&port("p"), one, START).await.unwrap();
    }
}

/// Claims and deletes until all messages of the test are gone; every third claim is first given back.
async fn worker(message_box: MessageBox, feed: PortFeed, left: Arc<AtomicUsize>) -> Vec<MessageId> {
    let mut mine = Vec::new();
    let mut turn = 0;
    while left.load(Ordering::SeqCst) > 0 {
        let claim = feed.claim(7, START, FOREVER).await.unwrap();
        if claim.messages.is_empty() {
            feed.changed().await;
            continue;
        }
        turn += 1;
        if turn % 3 == 0 {
            let back = settlements(&claim.messages, &Verdict::Release { alone: false });
            message_box.settle(back, START).await.unwrap();
            continue;
        }
        mine.extend(ids(&claim.messages));
        let done = settlements(&claim.messages, &Verdict::Delete);
        message_box.settle(done, START).await.unwrap();
        left.fetch_sub(claim.messages.len(), Ordering::SeqCst);
    }
    // Whoever else still waits looks again and finds nothing left.
    feed.changed.notify_one();
    mine
}

async fn run(capacity: usize, workers: usize) {
    let fixture = Fixture::new();
    let config = Config {
        feed_capacity: capacity,
        ..fixture.config()
    };
    let message_box = MessageBox::open(config).unwrap();
    let left = Arc::new(AtomicUsize::new(ALL));
    let workers: Vec<_> = (0..workers)
        .map(|_| {
            let feed = message_box.feed(&port("p"), TransportSlot::Primary);
            tokio::spawn(worker(message_box.clone(), feed, Arc::clone(&left)))
        })
        .collect();
    let publishers = (0..PUBLISHERS).map(|n| tokio::spawn(publisher(message_box.clone(), n)));
    for publisher in publishers.collect::<Vec<_>>() {
        publisher.await.unwrap();
    }
    let mut claimed = Vec::new();
    for worker in workers {
        claimed.extend(worker.await.unwrap());
    }
    assert_eq!(claimed.len(), ALL);
    assert_eq!(claimed.iter().collect::<HashSet<_>>().len(), ALL);
    let audit = message_box.audit().await.unwrap();
    assert_eq!((audit.delivered, audit.holds), (ALL as u64, true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_loop_finds_everything() {
    run(2048, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_claimers_share_without_overlap() {
    run(2048, 4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_tiny_memory_strands_nothing() {
    run(3, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_claimed_twice_while_it_is_leased() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    publish(&message_box, "p", 3000).await;
    let claimers: Vec<_> = (0..8)
        .map(|_| {
            let feed = message_box.feed(&port("p"), TransportSlot::Primary);
            tokio::spawn(async move { claim_all(&feed, START).await })
        })
        .collect();
    let mut seen = HashSet::new();
    for claimer in claimers {
        for id in ids(&claimer.await.unwrap()) {
            assert!(seen.insert(id), "{id} was claimed twice");
        }
    }
    assert_eq!(seen.len(), 3000);
}

/// The deliveries of each lane, in the order in which they began.
type Order = Arc<Mutex<HashMap<Arc<str>, Vec<MessageId>>>>;

async fn lane_worker(message_box: MessageBox, left: Arc<AtomicUsize>, order: Order) {
    let feed = primary(&message_box, "p");
    while left.load(Ordering::SeqCst) > 0 {
        let claim = feed.claim(3, START, FOREVER).await.unwrap();
        if claim.messages.is_empty() {
            feed.changed().await;
            continue;
        }
        for leased in &claim.messages {
            let lane = leased.message.lane.clone().unwrap();
            let mut order = order.lock().unwrap();
            order.entry(lane).or_default().push(leased.message.id);
        }
        let done = settlements(&claim.messages, &Verdict::Delete);
        message_box.settle(done, START).await.unwrap();
        left.fetch_sub(claim.messages.len(), Ordering::SeqCst);
    }
    feed.changed.notify_one();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn b64_lanes_keep_their_order_among_many_publishers_and_claimers() {
    for capacity in [2, 2048] {
        let fixture = Fixture::new();
        let config = Config {
            feed_capacity: capacity,
            ..fixture.config()
        };
        let message_box = MessageBox::open(config).unwrap();
        let (left, order) = (Arc::new(AtomicUsize::new(ALL)), Order::default());
        let worker = |_| {
            let (left, order) = (Arc::clone(&left), Arc::clone(&order));
            tokio::spawn(lane_worker(message_box.clone(), left, order))
        };
        let mut tasks: Vec<_> = (0..3).map(worker).collect();
        let publisher = |_| {
            let message_box = message_box.clone();
            tokio::spawn(async move {
                for n in 0..EACH / 2 {
                    let lane = (n % 5).to_string();
                    let two = [in_lane(&lane, "x"), in_lane(&lane, "y")];
                    accept(&message_box, "p", two).await;
                }
            })
        };
        tasks.extend((0..PUBLISHERS).map(publisher));
        for task in tasks {
            task.await.unwrap();
        }
        let order = order.lock().unwrap();
        assert_eq!(order.len(), 5);
        assert_eq!(order.values().map(Vec::len).sum::<usize>(), ALL);
        assert!(order.values().all(|ids| ids.is_sorted()));
        assert_eq!(message_box.pending(&port("p")), 0);
    }
}
