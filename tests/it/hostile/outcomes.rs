//! Guests that lie about what became of their messages.

use super::arena::Arena;
use super::{Guest, guests};

/// Twice at once and once more: one of them counts.
#[tokio::test(flavor = "multi_thread")]
pub(super) async fn double_done() {
    let arena = Arena::of(guests::DOUBLE_DONE).await;
    arena.attack("").await;
    arena.reaches("delivered", 1).await;
    let text = arena.complains("hostile").await;
    assert_eq!(text.matches("Ok(())").count(), 1, "{text}");
    assert_eq!(text.matches("Empty").count(), 2, "{text}");
    arena.survives().await;
}

/// The commit goes on without the one who asked for it, and leaves nothing behind in the instance.
#[tokio::test(flavor = "multi_thread")]
pub(super) async fn cancel_done() {
    const MORE_THAN_FIT_AT_ONCE: usize = 300;
    let lines = "open-calls = 16\ndelivery-timeout = \"2s\"";
    let arena = Arena::with(guests::CANCEL_DONE, lines).await;
    arena.attacks("", MORE_THAN_FIT_AT_ONCE).await;
    arena
        .reaches("delivered", MORE_THAN_FIT_AT_ONCE as u64)
        .await;
    assert_eq!(arena.count("instances_lost").await, 0);
    arena.survives().await;
}

/// An instance that never says that it has heard gets nothing new, and another one takes over.
#[tokio::test(flavor = "multi_thread")]
pub(super) async fn forget_batch() {
    const MORE_THAN_FIT_AT_ONCE: usize = 40;
    let lines = "open-calls = 16\ndelivery-timeout = \"1s\"";
    let mut arena = Arena::with(guests::FORGET_BATCH, lines).await;
    arena.attacks("", MORE_THAN_FIT_AT_ONCE).await;
    arena.neighbour_goes_on().await;
    arena
        .reaches("delivered", MORE_THAN_FIT_AT_ONCE as u64)
        .await;
    assert!(arena.count("instances_lost").await > 0);
    arena.survives().await;
}

/// A number is not a message.
#[tokio::test(flavor = "multi_thread")]
pub(super) async fn stolen_handle() {
    let mut arena = Arena::of(guests::STOLEN_HANDLE).await;
    arena.attack("4711").await;
    arena.neighbour_goes_on().await;
    arena.suspended().await.says("trap", &["handle"]);
    arena.survives().await;
}

/// Both messages are the instance's own; the one that was reported by the wrong call is reported once.
#[tokio::test(flavor = "multi_thread")]
pub(super) async fn outcome_of_another() {
    let arena = Arena::of(guests::OUTCOME_OF_ANOTHER).await;
    arena.attack("").await;
    arena.reaches("in_flight", 1).await;
    arena.attack("").await;
    arena.suspended().await.says("hostile", &["another call"]);
    arena.reaches("delivered", 1).await;
    arena.survives().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn resolve_after_transmitted() {
    let arena = Arena::of(guests::RESOLVE_AFTER_TRANSMITTED).await;
    arena.attack("").await;
    arena.reaches("delivered", 1).await;
    let text = arena.complains("hostile").await;
    assert!(text.contains("NotYours"), "{text}");
    assert_eq!(arena.count("suspended").await, 0);
    arena.survives().await;
}

/// Every one of them is a failed attempt at once: nothing waits for a time-out.
#[tokio::test(flavor = "multi_thread")]
pub(super) async fn drop_everything() {
    let arena = Arena::of(guests::DROP_EVERYTHING).await;
    arena.attacks("50", 50).await;
    let suspended = arena.host.api.suspended("port", 50).await;
    assert!(suspended.iter().all(|one| one["code"] == "forgotten"));
    assert_eq!(arena.count("instances_lost").await, 0);
    arena.survives().await;
}

/// The host is in the middle of its own call and does not let a guest in again.
#[tokio::test(flavor = "multi_thread")]
pub(super) async fn reentrancy() {
    let mut arena = Arena::of(guests::REENTRANCY).await;
    arena.attack("").await;
    arena.neighbour_goes_on().await;
    arena
        .suspended()
        .await
        .says("trap", &["cannot leave component instance"]);
    arena.survives().await;
}

/// Of a batch, the one that is to blame pays; the others are delivered at their first attempt.
async fn only_the_culprit_pays(guest: Guest) {
    let mut arena = Arena::with(guest, "retry = { count = 1, interval = \"5ms\" }").await;
    arena.innocents(20).await;
    arena.attack("").await;
    arena.innocents(20).await;
    arena.neighbour_goes_on().await;
    let suspended = arena.suspended().await;
    suspended.says("trap", &["unreachable"]);
    assert_eq!(suspended.attempts, 2);
    arena.reaches("delivered", 40).await;
    assert_eq!(arena.count("retried").await, 1);
    arena.survives().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn trap_mid_batch() {
    only_the_culprit_pays(guests::TRAP_MID_BATCH).await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn trap_in_done() {
    only_the_culprit_pays(guests::TRAP_IN_DONE).await;
}

/// Nobody knows which message it meant: none of the batch is deleted.
#[tokio::test(flavor = "multi_thread")]
pub(super) async fn wrong_indexes() {
    let arena = Arena::of(guests::WRONG_INDEXES).await;
    arena.attack("").await;
    arena.suspended().await.says("bad-index", &["beyond"]);
    arena.survives().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn too_many_failures() {
    let mut arena = Arena::of(guests::TOO_MANY_FAILURES).await;
    arena.attack("").await;
    arena.neighbour_goes_on().await;
    arena.suspended().await;
    arena.survives().await;
}

/// A batch holds at least one message, whatever its adapter says.
#[tokio::test(flavor = "multi_thread")]
pub(super) async fn impossible_limits() {
    let arena = Arena::of(guests::IMPOSSIBLE_LIMITS).await;
    arena.innocents(100).await;
    arena.reaches("delivered", 100).await;
    arena.survives().await;
}

/// A message that is larger than a batch comes alone.
#[tokio::test(flavor = "multi_thread")]
pub(super) async fn endless_limits() {
    let arena = Arena::of(guests::ENDLESS_LIMITS).await;
    arena.innocents(100).await;
    arena.reaches("delivered", 100).await;
    arena.survives().await;
}
