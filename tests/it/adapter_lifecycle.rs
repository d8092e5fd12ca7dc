//! Loading components, and the life of an instance up to its first message.

use std::path::{Path, PathBuf};

use adapter_runtime::{Error, World};

use crate::fixture::{Host, PortSpec, component, runtime, until};

fn load_error(file: &Path) -> Error {
    runtime()
        .load(file)
        .expect_err("the component must be refused")
}

fn written(directory: &tempfile::TempDir, bytes: impl AsRef<[u8]>) -> PathBuf {
    let file = directory.path().join("adapter.wasm");
    std::fs::write(&file, bytes).expect("written");
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn b01_an_adapter_is_not_instantiated_before_its_first_message() {
    let host = Host::with(&PortSpec::probe());
    assert_eq!(host.status("port").instances(), 0);
    host.probe("ok").await;
    host.delivered("port", 1).await;
    assert_eq!(host.status("port").instances(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn b02_an_eager_adapter_is_instantiated_with_its_port() {
    let host = Host::with(&PortSpec {
        eager: true,
        instances: 2,
        ..PortSpec::probe()
    });
    let eager = async || (host.status("port").instances() == 2).then_some(());
    until("two instances", eager).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b03_load_comes_once_and_before_initialize() {
    let handler = vec![("colour".to_owned(), "blue".to_owned())];
    let host = Host::with(&PortSpec {
        handler,
        ..PortSpec::of("probe-configured-adapter")
    });
    host.probe("ok").await;
    host.delivered("port", 1).await;
    host.probe("calls").await;
    assert_eq!(
        host.failure().await,
        "load(colour=blue) initialize transmit-message"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn b04_without_a_property_bag_initialize_still_comes() {
    let host = Host::with(&PortSpec::probe());
    host.probe("calls").await;
    assert_eq!(host.failure().await, "initialize transmit-message");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_configuration_that_load_refuses_keeps_the_messages() {
    let handler = vec![("fail".to_owned(), "no such colour".to_owned())];
    let host = Host::with(&PortSpec {
        handler,
        ..PortSpec::of("probe-configured-adapter")
    });
    host.probe("ok").await;
    let error = until("the error", async || host.status("port").last_error)
        .await
        .1;
    assert!(
        error.text.contains("load failed: no such colour"),
        "{error}"
    );
    let counts = host.counts("port").await;
    assert_eq!(
        (counts.pending, counts.suspended),
        (1, 0),
        "nothing is charged for it"
    );
}

#[test]
fn the_world_is_found_from_the_exports() {
    let world = |name| runtime().load(&component(name)).expect("loads").world();
    assert_eq!(world("http-adapter"), World::AsyncSendAdapter);
    assert_eq!(world("http-batch-adapter"), World::AsyncBatchSendAdapter);
    assert_eq!(world("file-adapter"), World::AsyncBatchSendAdapter);
}

/// A component's imports are its list of permissions: nothing it does not use.
#[test]
fn components_import_what_they_use_and_nothing_else() {
    let imports = |name| {
        runtime()
            .inspect(&component(name))
            .expect("inspected")
            .imports
    };
    let has = |imports: &[String], part: &str| imports.iter().any(|i| i.contains(part));
    let http = imports("http-adapter");
    assert!(has(&http, "sendport:adapter/http-client"), "{http:?}");
    assert!(!has(&http, "wasi:"), "{http:?}");
    let file = imports("file-adapter");
    assert!(has(&file, "wasi:filesystem/"), "{file:?}");
    assert!(!has(&file, "http") && !has(&file, "sockets"), "{file:?}");
    // Of secrets, what logs in by itself; and a synchronous adapter, with nothing that is async.
    for adapter in ["smtp-adapter", "postgres-adapter", "secret-adapter"] {
        let imports = imports(adapter);
        assert!(has(&imports, "sendport:adapter/secrets"), "{imports:?}");
    }
    assert!(!has(&http, "sendport:adapter/secrets"), "{http:?}");
    let null = imports("null-adapter");
    assert!(
        null.iter().all(|i| i.starts_with("sendport:adapter/")),
        "{null:?}"
    );
}

#[test]
fn what_is_no_adapter_is_refused_with_the_next_step() {
    let directory = tempfile::tempdir().expect("a directory");
    let error = load_error(&directory.path().join("missing.wasm"));
    assert!(matches!(&error, Error::Read { .. }), "{error}");

    let error = load_error(&written(&directory, "#!/bin/sh\n"));
    assert!(matches!(&error, Error::NotWasm { .. }), "{error}");

    let module = wat::parse_str("(module)").expect("valid text");
    let error = load_error(&written(&directory, module));
    assert!(matches!(&error, Error::CoreModule { .. }), "{error}");
    assert!(error.to_string().contains("component new"), "{error}");

    let empty = wat::parse_str("(component)").expect("valid text");
    let error = load_error(&written(&directory, &empty));
    assert!(matches!(&error, Error::World { .. }), "{error}");
    assert!(error.to_string().contains("neither"), "{error}");

    let cut = &empty[..empty.len() - 1];
    let torn = std::fs::read(component("null-adapter")).expect("read");
    for bytes in [cut, &torn[..torn.len() / 2]] {
        let error = load_error(&written(&directory, bytes));
        let refused = matches!(
            &error,
            Error::Invalid { .. } | Error::NotWasm { .. } | Error::World { .. }
        );
        assert!(refused, "{error}");
    }
}

/// B05 to B07 as improved: refused when loaded, before any message could be accepted for it.
#[test]
fn b05_b06_b07_wrong_exports_and_foreign_versions_are_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let of_version = |version: &str| {
        let text = format!(
            r#"(component (instance $i) (export "sendport:adapter/transmitter@{version}" (instance $i)))"#
        );
        wat::parse_str(text).expect("valid text")
    };
    for foreign in ["0.1.0", "9.0.0"] {
        let error = load_error(&written(&directory, of_version(foreign)));
        assert!(error.to_string().contains(foreign), "{error}");
    }
    let error = load_error(&written(&directory, of_version("0.2.0")));
    assert!(error.to_string().contains("transport"), "{error}");
}

#[test]
fn an_import_that_nobody_grants_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let text = r#"(component
        (import "acme:missiles/launch@1.0.0" (instance (export "fire" (func))))
        (instance $i)
        (export "sendport:adapter/transport@0.2.0" (instance $i))
        (export "sendport:adapter/transport-control@0.2.0" (instance $i))
        (export "sendport:adapter/transmitter@0.2.0" (instance $i)))"#;
    let error = load_error(&written(
        &directory,
        wat::parse_str(text).expect("valid text"),
    ));
    assert!(matches!(&error, Error::Import { .. }), "{error}");
    assert!(
        error.to_string().contains("acme:missiles/launch"),
        "{error}"
    );
}
