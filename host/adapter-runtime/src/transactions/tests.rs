//! Names, who is busy with them, and when a recovery is due.

use super::*;

const PREFIX: &str = "sendport:1:orders:";

fn memory() -> Arc<Transactions> {
    Arc::new(Registry::new()).memory(PREFIX, "postgres://db/orders")
}

/// Ends the doubt that every memory begins with.
async fn recovered() -> Arc<Transactions> {
    let memory = memory();
    let recovery = memory.recovery().await;
    recovery.expect("it begins in doubt").succeeded();
    assert!(!memory.in_doubt());
    memory
}

#[test]
fn names_are_the_ports_and_the_addresss_and_never_the_same() {
    let registry = Arc::new(Registry::new());
    let here = registry.memory(PREFIX, "postgres://db/orders");
    let there = registry.memory(PREFIX, "postgres://db/other");
    let (a, b, c) = (here.begin(), here.begin(), there.begin());
    assert!(a.name() != b.name() && a.name() != c.name());
    for (name, own) in [(a.name(), true), (b.name(), true), (c.name(), false)] {
        assert!(here.is_ports(name) && there.is_ports(name), "{name}");
        assert_eq!((here.is_own(name), there.is_own(name)), (own, !own));
    }
    assert!(!here.is_ports("sendport:1:orders2:0-1") && !here.is_ports("another"));
}

#[test]
fn a_name_fits_into_a_database() {
    let registry = Arc::new(Registry {
        began: 0xfff_ffff_ffff, // the year 2527
        ..Registry::new()
    });
    lock(&registry.names).last = u64::MAX - 1;
    let longest = "x".repeat(LONGEST_PREFIX);
    let transaction = registry.memory(&longest, "postgres://db").begin();
    assert!(transaction.name().len() < 200, "{}", transaction.name());
}

#[test]
fn pools_of_one_port_and_address_share_their_memory() {
    let registry = Arc::new(Registry::new());
    let one = registry.memory(PREFIX, "a");
    assert!(Arc::ptr_eq(&one, &registry.memory(PREFIX, "a")));
    assert!(!Arc::ptr_eq(&one, &registry.memory(PREFIX, "b")));
    drop(one);
    assert!(registry.memory(PREFIX, "a").in_doubt(), "a new one");
}

#[tokio::test]
async fn a_transaction_is_live_until_it_ends_and_in_doubt_when_it_is_dropped() {
    let memory = recovered().await;
    let transaction = memory.begin();
    let name = transaction.name().to_owned();
    assert!(memory.is_live(&name));
    transaction.ended();
    assert!(!memory.is_live(&name) && !memory.in_doubt());

    let transaction = memory.begin();
    let name = transaction.name().to_owned();
    drop(transaction);
    assert!(!memory.is_live(&name));
    assert!(memory.in_doubt() && memory.has_doubtful());
}

#[tokio::test]
async fn a_recovery_ends_only_the_doubts_that_it_saw() {
    let memory = recovered().await;
    drop(memory.begin());
    let recovery = memory.recovery().await.expect("in doubt");
    drop(memory.begin());
    recovery.succeeded();
    assert!(
        memory.in_doubt() && memory.has_doubtful(),
        "the second came later"
    );
    memory.recovery().await.expect("in doubt").succeeded();
    assert!(!memory.in_doubt() && !memory.has_doubtful());
}

#[tokio::test]
async fn a_recovery_that_fails_leaves_the_doubt() {
    let memory = recovered().await;
    memory.doubt();
    drop(memory.recovery().await.expect("in doubt"));
    assert!(memory.in_doubt() && !memory.has_doubtful());
}

#[tokio::test]
async fn one_recovers_at_a_time_and_the_next_has_nothing_to_do() {
    let memory = memory();
    let first = memory.recovery().await.expect("in doubt");
    let other = memory.clone();
    let second = tokio::spawn(async move { other.recovery().await.is_none() });
    tokio::task::yield_now().await;
    assert!(!second.is_finished());
    first.succeeded();
    assert!(second.await.expect("no panic"));
}
