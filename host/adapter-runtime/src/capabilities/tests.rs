//! From imports to words, and what is new between two components.

use super::*;

fn of(imports: &[&str]) -> Capabilities {
    Capabilities::of_imports(imports.iter().copied())
}

#[test]
fn imports_become_what_they_are_good_for() {
    let found = |imports: &[&str]| of(imports).iter().collect::<Vec<_>>();
    assert_eq!(
        found(&[
            "sendport:adapter/types@0.2.0",
            "sendport:adapter/transport-proxy@0.2.0",
            "sendport:adapter/http-client@0.2.0",
        ]),
        [Capability::Http, Capability::Log]
    );
    // What every Rust component for wasm32-wasip2 imports, used or not.
    assert_eq!(
        found(&[
            "wasi:cli/environment@0.2.6",
            "wasi:cli/exit@0.2.6",
            "wasi:cli/stderr@0.2.6",
            "wasi:cli/terminal-stderr@0.2.6",
            "wasi:clocks/wall-clock@0.2.6",
            "wasi:filesystem/preopens@0.2.6",
            "wasi:filesystem/types@0.2.6",
            "wasi:io/error@0.2.6",
            "wasi:io/streams@0.2.6",
        ]),
        [
            Capability::Files,
            Capability::Environment,
            Capability::Date,
            Capability::Log
        ]
    );
    assert_eq!(
        found(&[
            "wasi:sockets/types@0.3.0",
            "wasi:random/insecure-seed@0.3.0"
        ]),
        [Capability::Tcp, Capability::Udp, Capability::Random]
    );
    assert!(of(&["wasi:filesystem/types@0.2.6", "wasi:io/poll@0.2.6"]).is_empty());
}

#[test]
fn what_is_new_is_a_difference_of_deeds_and_not_of_versions() {
    let old = of(&["wasi:http/outgoing-handler@0.2.3", "acme:thing/one@1.0.0"]);
    let same = of(&["wasi:http/client@0.3.0", "acme:thing/one@2.0.0"]);
    assert!(same.added_since(&old).is_empty(), "{same:?}");
    let new = of(&["wasi:http/client@0.3.0", "wasi:filesystem/preopens@0.3.0"]);
    let added = new.added_since(&old);
    assert_eq!(added.iter().collect::<Vec<_>>(), [Capability::Files]);
    assert_eq!(
        added.to_string(),
        "read and write files, in the directories that the port grants"
    );
    let removed = old.added_since(&new);
    assert!(removed.iter().next().is_none());
    assert_eq!(removed.unknown().collect::<Vec<_>>(), ["acme:thing/one"]);
    assert_eq!(
        removed.to_string(),
        "call acme:thing/one, which this host does not know"
    );
}

#[test]
fn the_list_is_complete_and_in_order() {
    assert!(Capability::ALL.is_sorted());
    let names: BTreeSet<_> = Capability::ALL.map(Capability::as_str).into();
    assert_eq!(names.len(), Capability::ALL.len());
}
