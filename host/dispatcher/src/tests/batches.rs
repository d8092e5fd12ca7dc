//! Outcome batches: all of it or nothing, one answer, and only about what is the adapter's.

use model::transmit::BatchFailureReason;
use model::{ErrorInfo, MessageId, Outcome};

use super::host::{Host, held, port, unavailable};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b20_b22_b43_a_batch_is_committed_when_its_one_answer_comes() {
    let host = Host::new();
    let pool = host.start(port("orders"), held);
    host.publish("orders", 3).await;
    let ids = pool.holds(3).await;
    let batch = ids.iter().map(|id| (*id, Outcome::Delivered)).collect();
    pool.settle(batch).await.unwrap();
    // No waiting: the answer came after the commit.
    assert_eq!(host.audit().await, (3, 0, 0));
    assert_eq!(
        host.until("orders", |s| s.delivered == 3).await.unresolved,
        0
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b34_messages_of_one_delivery_may_be_reported_in_any_grouping() {
    let host = Host::new();
    let pool = host.start(port("orders"), held);
    host.publish("orders", 6).await;
    let ids = pool.holds(6).await;
    let group = |places: &[usize]| -> Vec<_> {
        places
            .iter()
            .map(|p| (ids[*p], Outcome::Delivered))
            .collect()
    };
    let (first, second) = (group(&[5, 0]), group(&[2]));
    let (first, second) = tokio::join!(pool.settle(first), pool.settle(second));
    assert_eq!((first, second), (Ok(()), Ok(())));
    pool.answer(ids[3], Outcome::Delivered);
    pool.settle(group(&[4, 1])).await.unwrap();
    host.until("orders", |s| s.delivered == 6).await;
    assert_eq!(host.audit().await, (6, 0, 0));
}

/// B38, B39, B42 as improved: the host leaves the culprits out by itself, names them, and commits the
/// rest; nothing is to be re-issued.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b41_b42_what_is_not_the_adapters_is_named_and_the_rest_is_committed() {
    let host = Host::new();
    let pool = host.start(port("orders"), held);
    host.publish("orders", 3).await;
    let ids = pool.holds(3).await;
    pool.answer(ids[1], Outcome::Delivered);
    host.until("orders", |s| s.delivered == 1).await;

    let stolen = MessageId::new(1, 4711);
    let batch =
        |ids: &[MessageId]| -> Vec<_> { ids.iter().map(|id| (*id, Outcome::Delivered)).collect() };
    let failure = pool
        .settle(batch(&[ids[0], ids[1], ids[2], stolen]))
        .await
        .unwrap_err();
    assert_eq!(failure.reason, BatchFailureReason::NotYours);
    assert_eq!(failure.culprits, [1, 3]);
    assert!(failure.text.contains(&ids[1].to_string()), "{failure}");
    assert_eq!(host.audit().await, (3, 0, 0));
}

/// B37 as improved: a move to a transport that there is not sinks only its own message.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b37_b38_b55_a_move_to_no_transport_is_a_typed_error_and_sinks_only_its_message() {
    let host = Host::new();
    let pool = host.start(port("orders"), held);
    host.publish("orders", 3).await;
    let ids = pool.holds(3).await;
    let why = ErrorInfo::new("gone", "the other side has moved");
    let batch = vec![
        (ids[0], Outcome::Delivered),
        (ids[1], Outcome::NextTransport(why.clone())),
        (ids[2], Outcome::Delivered),
    ];
    let failure = pool.settle(batch).await.unwrap_err();
    assert_eq!(failure.reason, BatchFailureReason::NoNextTransport);
    assert_eq!(failure.culprits, [1]);
    assert_eq!(host.audit().await, (2, 1, 0));
    let suspended = host.suspended().await.remove(0);
    assert_eq!((suspended.id, suspended.error), (ids[1], why));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b40_b48_an_empty_batch_and_one_with_a_message_twice_are_errors() {
    let host = Host::new();
    let pool = host.start(port("orders"), held);
    let id = host.publish("orders", 1).await[0];
    pool.holds(1).await;
    let failure = pool.settle(Vec::new()).await.unwrap_err();
    assert_eq!(failure.reason, BatchFailureReason::Empty);
    let twice = vec![(id, Outcome::Delivered), (id, unavailable())];
    let failure = pool.settle(twice).await.unwrap_err();
    assert_eq!(failure.reason, BatchFailureReason::NotYours);
    assert_eq!(failure.culprits, [1]);
    assert_eq!(host.audit().await, (0, 0, 1));
    pool.settle(vec![(id, Outcome::Delivered)]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_settled_though_its_adapter_does_not_live_to_hear_it() {
    let host = Host::new();
    let pool = host.start(port("orders"), held);
    let id = host.publish("orders", 1).await[0];
    pool.holds(1).await;
    drop(pool.sink.settle(vec![(id, Outcome::Delivered)]));
    host.until("orders", |s| s.delivered == 1).await;
    assert_eq!(host.audit().await, (1, 0, 0));
}
