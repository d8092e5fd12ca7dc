//! Guests that take memory: their own, and the host's.

use super::answers::Answers;
use super::arena::{Arena, is_refused};
use super::{Guest, guests};

/// The instance ends by a trap that says that; the host stays as it was.
async fn traps(guest: Guest, parts: &[&str]) {
    let mut arena = Arena::of(guest).await;
    arena.attack("").await;
    arena.neighbour_goes_on().await;
    arena.suspended().await.says("trap", parts);
    arena.is_small();
    arena.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn allocate() {
    traps(guests::ALLOCATE, &["unreachable"]).await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn table_bomb() {
    traps(guests::TABLE_BOMB, &["unreachable"]).await;
}

/// What counts is all of an instance's memory.
#[tokio::test(flavor = "multi_thread")]
pub(super) async fn many_memories() {
    traps(guests::MANY_MEMORIES, &["unreachable"]).await;
}

/// What the host collects for a guest is the guest's memory as well.
#[tokio::test(flavor = "multi_thread")]
pub(super) async fn garbage_bomb() {
    traps(guests::GARBAGE_BOMB, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn handle_bomb() {
    traps(guests::HANDLE_BOMB, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn future_bomb() {
    traps(guests::FUTURE_BOMB, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn timer_bomb() {
    traps(guests::TIMER_BOMB, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn random_flood() {
    let mut arena = Arena::of(guests::RANDOM_FLOOD).await;
    arena.attack("").await;
    arena.neighbour_goes_on().await;
    arena.suspended().await;
    arena.is_small();
    arena.survives().await;
}

/// Handles of messages that are sent are kept; the messages are not.
#[tokio::test(flavor = "multi_thread")]
pub(super) async fn hoard_messages() {
    const MESSAGES: usize = 2_000;
    let mut arena = Arena::of(guests::HOARD_MESSAGES).await;
    for _ in 0..MESSAGES / 100 {
        arena.attacks_with_body("", 100, 64 * 1024).await;
    }
    arena.neighbour_goes_on().await;
    arena.reaches("delivered", MESSAGES as u64).await;
    arena.is_small();
    arena.survives().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn template_bomb() {
    let answers = Answers::endless().await;
    let mut arena = Arena::with(guests::TEMPLATE_BOMB, &answers.granted()).await;
    arena.attack(&answers.url).await;
    arena.neighbour_goes_on().await;
    arena.suspended().await;
    arena.is_small();
    arena.survives().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn header_bomb() {
    let answers = Answers::endless().await;
    let mut arena = Arena::with(guests::HEADER_BOMB, &answers.granted()).await;
    arena.attack(&answers.url).await;
    arena.neighbour_goes_on().await;
    arena
        .suspended()
        .await
        .says("hostile", &["Invalid", "header"]);
    arena.survives().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn request_bomb() {
    let answers = Answers::endless().await;
    let mut arena = Arena::with(guests::REQUEST_BOMB, &answers.granted()).await;
    arena.attack(&answers.url).await;
    arena.neighbour_goes_on().await;
    arena.suspended().await;
    arena.is_small();
    arena.survives().await;
}

/// It gets what its port takes as a response, and an excerpt more.
#[tokio::test(flavor = "multi_thread")]
pub(super) async fn huge_answer() {
    let answers = Answers::endless().await;
    let lines = format!(
        "two-way = {{ max-response = \"1MiB\" }}\n{}",
        answers.granted()
    );
    let mut arena = Arena::with(guests::HUGE_ANSWER, &lines).await;
    arena.attack(&answers.url).await;
    arena.neighbour_goes_on().await;
    let part = "1114112 bytes, truncated: true";
    arena.suspended().await.says("hostile", &[part]);
    arena.is_small();
    arena.survives().await;
}

/// Each of them may be large; all of them at once may not.
#[tokio::test(flavor = "multi_thread")]
pub(super) async fn answer_bomb() {
    let answers = Answers::endless().await;
    let mut arena = Arena::with(guests::ANSWER_BOMB, &answers.granted()).await;
    arena.attack(&answers.url).await;
    arena.neighbour_goes_on().await;
    arena.suspended().await;
    arena.is_small();
    arena.survives().await;
}

/// What nobody reads is not fetched.
#[tokio::test(flavor = "multi_thread")]
pub(super) async fn unread_answers() {
    let answers = Answers::endless().await;
    let mut arena = Arena::with(guests::UNREAD_ANSWERS, &answers.granted()).await;
    arena.attack(&answers.url).await;
    arena.neighbour_goes_on().await;
    arena
        .suspended()
        .await
        .says("hostile", &["32 answers are open"]);
    arena.is_small();
    arena.survives().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn wait_on_shared_memory() {
    let complaint = ["wait-on-shared-memory", "shared"];
    is_refused(guests::WAIT_ON_SHARED_MEMORY, &complaint).await;
}
