//! Guests that hand the host something to choke on.

use super::arena::Arena;
use super::guests;

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn huge_error() {
    let mut arena = Arena::of(guests::HUGE_ERROR).await;
    arena.attack("").await;
    arena.neighbour_goes_on().await;
    let suspended = arena.suspended().await;
    suspended.says("hostile", &["because because"]);
    assert!(suspended.text.len() < 16 * 1024, "{}", suspended.text.len());
    arena.is_small();
    arena.survives().await;
}

/// Complaints are no progress, and only so many of them are heard.
#[tokio::test(flavor = "multi_thread")]
pub(super) async fn error_flood() {
    let mut arena = Arena::of(guests::ERROR_FLOOD).await;
    arena.attack("").await;
    arena.neighbour_goes_on().await;
    arena.suspended().await.says("trap", &["interrupted"]);
    arena.is_small();
    arena.survives().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn log_flood() {
    let mut arena = Arena::of(guests::LOG_FLOOD).await;
    arena.attack("").await;
    arena.neighbour_goes_on().await;
    arena.suspended().await.says("trap", &["interrupted"]);
    let logged = arena.host.said().len();
    assert!(logged < 4 * 1024 * 1024, "{logged} bytes were logged");
    arena.is_small();
    arena.survives().await;
}

/// No line that a guest writes looks like one of the host's, and no terminal obeys it.
#[tokio::test(flavor = "multi_thread")]
pub(super) async fn log_forgery() {
    let mut arena = Arena::of(guests::LOG_FORGERY).await;
    arena.attack("").await;
    arena.suspended().await.says("hostile", &["harmless"]);
    let log = arena.ends().await.stderr;
    assert!(log.contains("all is well"), "{log}");
    for line in log.lines() {
        assert!(!line.starts_with("2026-01-01"), "forged: {line}");
        let harmless = |c: char| !c.is_control() || c == '\t';
        assert!(line.chars().all(harmless), "{line:?}");
    }
}

/// A call that hands over more than is allowed is a trap.
#[tokio::test(flavor = "multi_thread")]
pub(super) async fn aliased_carry() {
    let mut arena = Arena::of(guests::ALIASED_CARRY).await;
    arena.attack("").await;
    arena.neighbour_goes_on().await;
    arena.suspended().await.says("trap", &[]);
    arena.is_small();
    arena.survives().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn many_carried_properties() {
    let lines = "retry = { count = 1, interval = \"10ms\" }";
    let mut arena = Arena::with(guests::MANY_CARRIED_PROPERTIES, lines).await;
    arena.attack("").await;
    arena.neighbour_goes_on().await;
    arena.suspended().await;
    arena.is_small();
    arena.survives().await;
}

/// What is carried adds up, and the sum has a limit as well.
#[tokio::test(flavor = "multi_thread")]
pub(super) async fn growing_carry() {
    let lines = "retry = { count = 60, interval = \"1ms\" }";
    let mut arena = Arena::with(guests::GROWING_CARRY, lines).await;
    arena.attack("").await;
    arena.neighbour_goes_on().await;
    let suspended = arena.suspended().await;
    assert_eq!(suspended.code, "carry-too-large", "{suspended:?}");
    arena.is_small();
    arena.survives().await;
}

/// The longest delay is a year; the box can count that far.
#[tokio::test(flavor = "multi_thread")]
pub(super) async fn resubmit_for_ever() {
    let lines = "retry = { count = 1, interval = \"10ms\" }";
    let mut arena = Arena::with(guests::RESUBMIT_FOR_EVER, lines).await;
    arena.attack("").await;
    arena.reaches("retried", 1).await;
    arena.neighbour_goes_on().await;
    arena.survives().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn huge_response() {
    let lines = "two-way = { max-response = \"1MiB\" }\nlimits = { memory = \"64MiB\", cpu-per-message = \"2s\", host-call-bytes = \"64MiB\" }";
    let mut arena = Arena::with(guests::HUGE_RESPONSE, lines).await;
    arena.attack("").await;
    arena.neighbour_goes_on().await;
    let suspended = arena.suspended().await;
    suspended.says("hostile", &["response-too-large"]);
    let refusals = suspended.text.matches("response-too-large").count();
    assert_eq!(refusals, 3, "{}", suspended.text);
    arena.survives().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn result_outside_of_memory() {
    let mut arena = Arena::of(guests::RESULT_OUTSIDE_OF_MEMORY).await;
    arena.attack("").await;
    arena.suspended().await.says("trap", &["out of bounds"]);
    arena.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn broken_text() {
    let mut arena = Arena::of(guests::BROKEN_TEXT).await;
    arena.attack("").await;
    arena.suspended().await.says("trap", &["out of bounds"]);
    arena.ends().await;
}
