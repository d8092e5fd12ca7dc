//! Every combination of exports that means something, and what is said about those that do not.

use super::*;

/// Exports of the contract by their bare names.
fn world(interfaces: &[&str]) -> Result<World, String> {
    let full = interfaces
        .iter()
        .map(|name| format!("{CONTRACT}{name}@{CONTRACT_VERSION}"));
    let full: Vec<String> = full.collect();
    World::of_exports(full.iter().map(String::as_str))
}

#[test]
fn the_exports_name_the_world() {
    for (control, transmitter, expected) in [
        ("transport-control", "transmitter", World::AsyncSendAdapter),
        (
            "transport-control",
            "batch-transmitter",
            World::AsyncBatchSendAdapter,
        ),
        (
            "transport-control",
            "transactional-batch-transmitter",
            World::TransactionalBatchSendAdapter,
        ),
        (
            "sync-transport-control",
            "sync-transmitter",
            World::SendAdapter,
        ),
        (
            "sync-transport-control",
            "sync-batch-transmitter",
            World::BatchSendAdapter,
        ),
    ] {
        assert_eq!(world(&["transport", control, transmitter]), Ok(expected));
        let bag = "persist-property-bag";
        assert_eq!(
            world(&[transmitter, bag, control, "transport"]),
            Ok(expected),
            "in any order, and the bag is nobody's business"
        );
    }
}

#[test]
fn other_exports_do_not_matter() {
    let exports = [
        "memory",
        "sendport:adapter/transport@0.2.0",
        "wasi:cli/run@0.2.0",
        "sendport:adapter/transmitter@0.2.0",
        "sendport:adapter/transport-control@0.2.0",
    ];
    assert_eq!(
        World::of_exports(exports.into_iter()),
        Ok(World::AsyncSendAdapter)
    );
}

#[test]
fn b05_b06_b07_wrong_combinations_say_what_was_found_and_what_is_allowed() {
    let (transport, control, sync) = ("transport", "transport-control", "sync-transport-control");
    let table: &[(&str, &[&str], &[&str])] = &[
        (
            "B05",
            &[transport, "transmitter"],
            &["transport-control@0.2.0", "async-send-adapter"],
        ),
        (
            "B05",
            &[transport, "sync-transmitter"],
            &["sync-transport-control@0.2.0", "send-adapter"],
        ),
        (
            "no description",
            &[control, "transmitter"],
            &["transport@0.2.0", "transport-control, transmitter"],
        ),
        (
            "B06",
            &[],
            &[
                "neither",
                "nothing of sendport:adapter",
                "batch-send-adapter",
            ],
        ),
        (
            "B06",
            &[transport, control],
            &["neither transmitter nor", "transport, transport-control"],
        ),
        (
            "B07",
            &[transport, control, "transmitter", "batch-transmitter"],
            &["both transmitter and batch-transmitter"],
        ),
        (
            "B07",
            &[transport, sync, "sync-transmitter", "transmitter"],
            &["both transmitter and sync-transmitter"],
        ),
        (
            "B07",
            &[
                transport,
                control,
                "transmitter",
                "batch-transmitter",
                "transactional-batch-transmitter",
            ],
            &["both transmitter and batch-transmitter and transactional-batch-transmitter"],
        ),
        (
            "controls",
            &[transport, control, sync, "transmitter"],
            &["both transport-control and sync-transport-control"],
        ),
        (
            "controls",
            &[transport, control, sync, "sync-transmitter"],
            &[
                "both sync-transport-control and transport-control",
                "send-adapter",
            ],
        ),
        (
            "families",
            &[transport, control, "sync-transmitter"],
            &[
                "sync-transmitter, which is synchronous",
                "transport-control, which is asynchronous",
                "sync-transport-control@0.2.0",
            ],
        ),
        (
            "families",
            &[transport, sync, "transactional-batch-transmitter"],
            &[
                "transactional-batch-transmitter, which is asynchronous",
                "sync-transport-control, which is synchronous",
            ],
        ),
    ];
    for (what, exports, words) in table {
        let error = world(exports).expect_err(what);
        for word in *words {
            assert!(error.contains(word), "{what} {exports:?}: {error}");
        }
    }
}

#[test]
fn another_version_of_the_contract_is_named() {
    let exports = [
        "sendport:adapter/transport@0.1.0",
        "sendport:adapter/transmitter@0.1.0",
    ];
    let error = World::of_exports(exports.into_iter()).expect_err("an old adapter");
    assert!(
        error.contains("0.1.0") && error.contains("0.2.0") && error.contains("wit/"),
        "{error}"
    );
}

#[test]
fn a_world_is_called_as_in_the_contract() {
    let names = World::ALL.map(|world| world.to_string());
    assert_eq!(
        names,
        [
            "async-send-adapter",
            "async-batch-send-adapter",
            "transactional-batch-send-adapter",
            "send-adapter",
            "batch-send-adapter"
        ]
    );
}
