//! One message among a thousand makes its guest trap: the others are delivered without losing a retry, and
//! the one is suspended, with the trap and where it was (B107, B108, B111, B114, B115).

use super::arena::Arena;
use super::{Guest, guests};

/// More than are in an instance at once, on both sides of the one.
const BEFORE: usize = 487;
const AFTER: usize = 512;

async fn only_the_poison_pays(guest: Guest) {
    let mut arena = Arena::with(guest, "retry = { count = 2, interval = \"5ms\" }").await;
    arena.innocents(BEFORE).await;
    arena.attack("").await;
    arena.innocents(AFTER).await;
    arena.neighbour_goes_on().await;
    let suspended = arena.suspended().await;
    suspended.says("trap", &["unreachable", "wasm backtrace"]);
    assert_eq!(suspended.attempts, 3, "its own retries and nobody else's");
    arena.reaches("delivered", (BEFORE + AFTER) as u64).await;
    assert_eq!(
        arena.count("retried").await,
        2,
        "only the poison was charged"
    );
    assert_eq!(arena.count("suspended").await, 1);
    arena.survives().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn poison() {
    only_the_poison_pays(guests::POISON).await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn poison_in_a_batch() {
    only_the_poison_pays(guests::POISON_IN_A_BATCH).await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn synchronous_poison() {
    only_the_poison_pays(guests::SYNCHRONOUS_POISON).await;
}
