//! Guests that do not end, or not as they should.

use super::arena::Arena;
use super::{Guest, guests};
use crate::fixture::until;

const IMPATIENT: &str = "delivery-timeout = \"1s\"";

/// The message is taken back when its time is up.
async fn is_taken_back(guest: Guest) {
    let mut arena = Arena::with(guest, IMPATIENT).await;
    arena.attack("").await;
    arena.neighbour_goes_on().await;
    arena.suspended().await.says("delivery-timeout", &["1s"]);
    arena.survives().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn never() {
    is_taken_back(guests::NEVER).await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn sleep_for_ages() {
    is_taken_back(guests::SLEEP_FOR_AGES).await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn abandon_batch() {
    is_taken_back(guests::ABANDON_BATCH).await;
}

/// Its time was up: neither what it returns nor what it reports afterwards counts.
#[tokio::test(flavor = "multi_thread")]
pub(super) async fn return_too_late() {
    let mut arena = Arena::with(guests::RETURN_TOO_LATE, IMPATIENT).await;
    arena.attack("1600").await;
    arena.attack("0").await;
    arena.neighbour_goes_on().await;
    arena.suspended().await.says("delivery-timeout", &["1s"]);
    arena.reaches("delivered", 1).await;
    arena.survives().await;
}

/// A beginning that takes too long is given up, without a charge for the message that waits.
#[tokio::test(flavor = "multi_thread")]
pub(super) async fn sleep_in_initialize() {
    let mut arena = Arena::of(guests::SLEEP_IN_INITIALIZE).await;
    arena.innocents(1).await;
    arena.neighbour_goes_on().await;
    until("an end of the beginning", async || {
        let error = arena.running("port").await["last_error"]["code"].clone();
        error.as_str()?.starts_with("start-").then_some(())
    })
    .await;
    assert_eq!(arena.count("suspended").await, 0);
    arena.ends().await;
}

/// The host waits until its deadline and no longer.
#[tokio::test(flavor = "multi_thread")]
pub(super) async fn terminate_never_returns() {
    let mut arena = Arena::of(guests::TERMINATE_NEVER_RETURNS).await;
    arena.innocents(1).await;
    arena.reaches("delivered", 1).await;
    arena.ends().await;
}

/// What it held is in the box, and goes again after the next start.
#[tokio::test(flavor = "multi_thread")]
pub(super) async fn trap_in_terminate() {
    let mut arena = Arena::of(guests::TRAP_IN_TERMINATE).await;
    arena.attack("").await;
    arena.reaches("in_flight", 1).await;
    arena.ends().await;
    arena.restarts().await;
    assert_eq!(arena.count("suspended").await, 0);
    arena.reaches("in_flight", 1).await;
    arena.ends().await;
}

/// What a guest reports between its `terminate` and its end counts.
#[tokio::test(flavor = "multi_thread")]
pub(super) async fn outcome_after_terminate() {
    let mut arena = Arena::of(guests::OUTCOME_AFTER_TERMINATE).await;
    arena.attack("").await;
    arena.reaches("in_flight", 1).await;
    arena.ends().await;
    arena.restarts().await;
    arena.host.api.delivered("port", 1).await;
    arena.ends().await;
}

/// The messages that are in the instance by then are innocent and none of them pays, whether they are with
/// others or alone.
#[tokio::test(flavor = "multi_thread")]
pub(super) async fn trap_when_idle() {
    let arena = Arena::of(guests::TRAP_WHEN_IDLE).await;
    for _ in 0..10 {
        arena.attacks("", 5).await;
        arena.innocents(5).await;
    }
    arena.reaches("delivered", 100).await;
    assert!(arena.count("instances_lost").await > 0);
    assert_eq!(arena.count("suspended").await, 0);
    arena.survives().await;
}

/// It ends itself, not the host, and success is not its to claim.
#[tokio::test(flavor = "multi_thread")]
pub(super) async fn exit() {
    let mut arena = Arena::of(guests::EXIT).await;
    arena.attack("").await;
    arena.neighbour_goes_on().await;
    arena.suspended().await.says("trap", &["exit"]);
    arena.survives().await;
}

/// Calls that are not let in are taken back, and a new instance takes over.
#[tokio::test(flavor = "multi_thread")]
pub(super) async fn backpressure() {
    let mut arena = Arena::with(guests::BACKPRESSURE, IMPATIENT).await;
    arena.attack("").await;
    arena.reaches("delivered", 1).await;
    arena.innocents(1).await;
    arena.neighbour_goes_on().await;
    arena.suspended().await.says("delivery-timeout", &["1s"]);
    arena.survives().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn stand_still() {
    let mut arena = Arena::with(guests::STAND_STILL, IMPATIENT).await;
    arena.attack("").await;
    arena.neighbour_goes_on().await;
    arena.suspended().await;
    arena.survives().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn stand_still_in_terminate() {
    let mut arena = Arena::of(guests::STAND_STILL_IN_TERMINATE).await;
    arena.innocents(1).await;
    arena.reaches("delivered", 1).await;
    arena.ends().await;
}
