//! Guests that take the processor.

use super::arena::{Arena, is_refused};
use super::guests;

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn spin() {
    let mut arena = Arena::of(guests::SPIN).await;
    arena.attack("").await;
    arena.neighbour_goes_on().await;
    arena.suspended().await.says("trap", &["interrupted"]);
    arena.survives().await;
}

/// Its message waits, uncharged: an instance that cannot start is no fault of a message.
#[tokio::test(flavor = "multi_thread")]
pub(super) async fn spin_in_initialize() {
    let mut arena = Arena::of(guests::SPIN_IN_INITIALIZE).await;
    arena.innocents(1).await;
    let text = arena.complains("start-trapped").await;
    assert!(text.contains("interrupted"), "{text}");
    assert_eq!(arena.count("suspended").await, 0);
    arena.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn spin_in_terminate() {
    let mut arena = Arena::of(guests::SPIN_IN_TERMINATE).await;
    arena.innocents(1).await;
    arena.reaches("delivered", 1).await;
    arena.ends().await;
}

/// Calls of the host are no progress for ever.
#[tokio::test(flavor = "multi_thread")]
pub(super) async fn call_the_host_forever() {
    let mut arena = Arena::of(guests::CALL_THE_HOST_FOREVER).await;
    arena.attack("").await;
    arena.neighbour_goes_on().await;
    arena.suspended().await.says("trap", &["interrupted"]);
    arena.survives().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn done_in_a_loop() {
    let lines = "delivery-timeout = \"1s\"";
    let mut arena = Arena::with(guests::DONE_IN_A_LOOP, lines).await;
    arena.attack("").await;
    arena.neighbour_goes_on().await;
    arena.suspended().await;
    arena.survives().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn yield_forever() {
    let lines = "delivery-timeout = \"1s\"";
    let mut arena = Arena::with(guests::YIELD_FOREVER, lines).await;
    arena.attack("").await;
    arena.neighbour_goes_on().await;
    arena.suspended().await;
    arena.survives().await;
}

/// Delivered is delivered: the task that goes on has nothing that could be taken from it.
#[tokio::test(flavor = "multi_thread")]
pub(super) async fn yield_in_the_background() {
    let mut arena = Arena::of(guests::YIELD_IN_THE_BACKGROUND).await;
    arena.attack("").await;
    arena.reaches("delivered", 1).await;
    arena.neighbour_goes_on().await;
    arena.survives().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn deep_recursion() {
    let mut arena = Arena::of(guests::DEEP_RECURSION).await;
    arena.attack("").await;
    arena.neighbour_goes_on().await;
    let suspended = arena.suspended().await;
    suspended.says("trap", &[]);
    // The one of the machine, or the guest's own in its memory, whichever ends first.
    let ends = ["call stack exhausted", "out of bounds"];
    let is_said = ends.iter().any(|end| suspended.text.contains(end));
    assert!(is_said, "{suspended:?}");
    arena.survives().await;
}

/// It never gets as far as a port.
#[tokio::test(flavor = "multi_thread")]
pub(super) async fn spin_at_birth() {
    is_refused(guests::SPIN_AT_BIRTH, &["spin-at-birth", "interrupted"]).await;
}
