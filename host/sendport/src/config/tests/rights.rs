//! What the keys about rights mean: grants, approved and signed components.

use std::path::Path;

use adapter_runtime::{Access, ClockGrant, RandomGrant};

use super::super::grants::Grants;
use super::{ADAPTER, PORT, parse, port};

#[test]
fn grants_of_files_time_and_chance_mean_what_they_say() {
    let given = port(
        r#"[ports.orders.grants]
directory = { path = "here", access = "read" }
directories = { spool = "spool", "/srv/t" = { path = "/t", access = "read-write" } }
environment = { LANG = "C", DEPTH = 0x10 }
clock = "fine"
random = "fixed"
log = false
"#,
    );
    let grants = given.grants;
    let directory = &grants.directory.as_ref().unwrap().value;
    assert_eq!(
        (directory.path.as_path(), directory.access),
        (Path::new("etc/here"), Access::Read)
    );
    let named = grants.directories.iter().map(|named| {
        let directory = &named.directory;
        (
            named.name.as_str(),
            directory.path.to_str().unwrap(),
            directory.access,
        )
    });
    assert_eq!(
        named.collect::<Vec<_>>(),
        [
            ("spool", "etc/spool", Access::ReadWrite),
            ("/srv/t", "/t", Access::ReadWrite)
        ]
    );
    let environment = [("LANG", "C"), ("DEPTH", "16")];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(grants.environment, environment);
    assert_eq!(
        (grants.clock, grants.random, grants.silent),
        (ClockGrant::Fine, RandomGrant::Fixed, true)
    );
    let none = port("").grants;
    assert_eq!(none, Grants::default());
    assert_eq!(
        (none.clock, none.random, none.silent),
        (ClockGrant::Coarse, RandomGrant::System, false)
    );
}

#[test]
fn components_can_be_pinned_and_signed() {
    let digits = "0123456789abcdef".repeat(4);
    let digest = digits.to_uppercase();
    let text = format!(
        "[host]\nsignatures = {{ keys = [\"a.pub\", \"/b.pub\"] }}\n\
         {ADAPTER}digest = \"sha256:{digest}\"\nsignature = \"x.sig\"\n{PORT}"
    );
    let config = parse(&text).unwrap();
    let signatures = &config.host.signatures;
    assert!(!signatures.required);
    let keys: Vec<_> = signatures
        .keys
        .iter()
        .map(|key| key.value.as_path())
        .collect();
    assert_eq!(keys, [Path::new("etc/a.pub"), Path::new("/b.pub")]);
    let adapter = &config.adapters[0];
    assert_eq!(adapter.digest, Some(digits));
    assert_eq!(adapter.signature.as_deref(), Some(Path::new("etc/x.sig")));
}
