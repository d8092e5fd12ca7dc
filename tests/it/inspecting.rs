//! `sendport adapter inspect`: what an adapter can do, what it may do on a port, what is new in it.

use std::fs;

use serde_json::Value;

use crate::fixture::{BAD_INPUT, FAILURE, Site, component, port};

async fn said(site: &Site, arguments: &[&str]) -> String {
    let ended = site
        .run(&[&["adapter", "inspect"], arguments].concat())
        .await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.stdout
}

/// The lines below a heading.
fn below<'a>(text: &'a str, heading: &str) -> Vec<&'a str> {
    let mut lines = text.lines();
    assert!(
        lines.any(|line| line == heading),
        "{heading:?} is missing: {text}"
    );
    lines.map_while(|line| line.strip_prefix("  ")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_is_told_in_plain_words() {
    let site = Site::of_text("");
    let [http, file] = ["http-adapter", "file-adapter"].map(component);
    let text = said(&site, &[http.to_str().expect("UTF-8")]).await;
    assert_eq!(
        below(&text, "can")[0],
        "send HTTP requests, to the port's own address and those that the port grants"
    );
    let cannot = below(&text, "cannot");
    assert!(cannot.contains(&"read and write files"), "{text}");
    assert!(cannot.contains(&"open TCP connections"), "{text}");

    let arguments = [
        file.to_str().expect("UTF-8"),
        "--against",
        http.to_str().expect("UTF-8"),
    ];
    let text = said(&site, &arguments).await;
    let added = below(&text, &format!("new, against {}", http.display()));
    assert!(
        added.contains(&"read and write files, in the directories that the port grants"),
        "{text}"
    );
    let removed = below(&text, "no longer");
    assert!(removed[0].starts_with("send HTTP requests"), "{text}");
    let imports = below(&text, "imports removed");
    assert!(
        imports
            .iter()
            .any(|import| import.starts_with("sendport:adapter/http-client@")),
        "{text}"
    );
    let text = said(
        &site,
        &[
            http.to_str().expect("UTF-8"),
            "--against",
            http.to_str().expect("UTF-8"),
        ],
    )
    .await;
    assert!(text.contains("it can do what"), "{text}");

    let json = said(&site, &[&arguments[..], &["--json"]].concat()).await;
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["difference"]["removed"][0], "http");
    let capabilities = json["capabilities"].as_array().expect("a list");
    assert!(capabilities.contains(&"files".into()), "{json}");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_port_exactly_what_is_granted_is_told() {
    let grants = "grants = { http = [\"https://example.org/more/\"], tcp = [\"db.example.org:5432\"], \
                  networks = [\"10.1.0.0/16\"], \
                  directories = { t = { path = \"read\", access = \"read\" } } }";
    let backup = "[ports.orders.backup]\nadapter = \"file-adapter\"\naddress = \"./out\"";
    let address = "http://127.0.0.1:9000/orders";
    let silent = "grants = { log = false, environment = { LANG = \"C\" }, clock = \"none\" }";
    let site = Site::new(&format!(
        "{}{}",
        port(
            "orders",
            "http-adapter",
            address,
            &format!("{grants}\n{backup}")
        ),
        port("quiet", "probe-wasi-adapter", "probe://here", silent),
    ));
    for directory in ["out", "read"] {
        fs::create_dir(site.path(directory)).expect("a directory");
    }
    let text = said(&site, &["--port", "orders"]).await;
    let (http, file) = text.split_once("\n\n").expect("two adapters");
    assert!(http.starts_with("HTTP adapter"), "{text}");
    assert_eq!(
        below(http, "may")[0],
        "send HTTP requests: http://127.0.0.1:9000/orders (the port's address), \
         https://example.org:443/more/, their names also where they are at 10.1.0.0/16"
    );
    let unused = below(http, "granted without need, since it does not ask for it");
    assert!(
        unused[0].starts_with("open TCP connections: db.example.org:5432, "),
        "{text}"
    );
    assert!(
        below(file, "may").iter().any(|line| {
            line.starts_with("read and write files: ")
                && line.contains("out as \".\" (read-write), ")
                && line.ends_with("read as \"t\" (read)")
        }),
        "{text}"
    );
    let limits = below(file, "limits");
    assert!(limits[0].starts_with("instances: "), "{text}");
    assert_eq!(limits[3], "128 connections");

    let text = said(&site, &["--port", "quiet"]).await;
    let denied = below(&text, "may not, since the port grants none of it");
    assert_eq!(
        denied,
        [
            "read and write files",
            "read the date",
            "write lines to the host's log"
        ]
    );
    assert!(
        below(&text, "may").contains(&"read environment variables: LANG"),
        "{text}"
    );

    // The candidate in place of the port's own adapter.
    let candidate = component("file-adapter");
    let candidate = candidate.to_str().expect("UTF-8");
    let json = said(&site, &[candidate, "--port", "quiet", "--json"]).await;
    let json: Value = serde_json::from_str(&json).expect("JSON");
    let ways = json["adapters"].as_array().expect("a list");
    assert_eq!(ways.len(), 1, "{json}");
    assert!(
        ways[0]["denied"]
            .as_array()
            .expect("a list")
            .contains(&"files".into()),
        "{json}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_questions_are_answered_with_the_next_step() {
    let site = Site::new(&port("orders", "http-adapter", "http://127.0.0.1:9/", ""));
    let ended = site.run(&["adapter", "inspect", "--port", "ordres"]).await;
    ended.refused(FAILURE, &["no port 'ordres'", "did you mean 'orders'"]);
    let ended = site.run(&["adapter", "inspect"]).await;
    ended.refused(BAD_INPUT, &["<COMPONENT>"]);
    let http = component("http-adapter");
    let http = http.to_str().expect("UTF-8");
    let ended = site
        .run(&["adapter", "inspect", http, "--against", "none.wasm"])
        .await;
    ended.refused(FAILURE, &["nothing to compare with: none.wasm"]);
}
