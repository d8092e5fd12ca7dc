//! Everything a person can get wrong: what is wrong, where, and what to do, and nothing half done.

use crate::fixture::{Answer, BAD_INPUT, FAILURE, Receiver, Site, component, port};

/// `check` and `run` both refuse the configuration, in the same words.
async fn configuration(text: &str, expected: &[&str]) {
    let site = Site::of_text(text);
    site.write("core.wasm", wat::parse_str("(module)").expect("a module"));
    site.write(
        "empty.wasm",
        wat::parse_str("(component)").expect("a component"),
    );
    site.write("text.wasm", "no component at all");
    for command in ["check", "run"] {
        site.run(&[command]).await.refused(BAD_INPUT, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_in_the_configuration_come_with_line_key_and_suggestion() {
    let adapter = "[adapters.http]\ncomponent = \"http.wasm\"\n";
    let orders = format!("{adapter}{}", port("orders", "http", "http://h/", ""));
    let cases: [(String, &[&str]); 8] = [
        (
            "[host]\ndrain-dedline = \"1s\"\n".to_owned(),
            &[
                "sendport.toml:2:1: key 'host.drain-dedline': unknown key; did you mean 'drain-deadline'?",
            ],
        ),
        (
            "[host]\ndrain-deadline = \"soon\"\n".to_owned(),
            &[
                "sendport.toml:2:18: key 'host.drain-deadline': 'soon' is not a length of time",
                "'30s'",
            ],
        ),
        (
            format!("{orders}retry = {{ count = -1 }}\n"),
            &[
                "sendport.toml:7:19: key 'ports.orders.retry.count': -1 is out of range: use 0 to 1000",
            ],
        ),
        (
            format!("{adapter}{}", port("orders", "htp", "http://h/", "")),
            &[
                "sendport.toml:4:11: key 'ports.orders.adapter': there is no adapter 'htp'; did you mean 'http'?",
            ],
        ),
        (
            format!("{adapter}[ports.orders]\naddress = \"http://h/\"\n"),
            &["sendport.toml:3:8: key 'ports.orders.adapter': missing; name one of the adapters"],
        ),
        (
            format!("{adapter}[ports.orders]\nadapter = \"http\"\n"),
            &["sendport.toml:3:8: key 'ports.orders.address': missing; say where messages go"],
        ),
        (
            "[host]\nthreads = = 2\n".to_owned(),
            &["sendport.toml:2:11: not TOML: "],
        ),
        (
            "[host]\nthreads = 0\n[porst]\n".to_owned(),
            &[
                "sendport.toml:2:11: key 'host.threads': 0 is out of range",
                "sendport.toml:3:2: key 'porst': unknown",
            ],
        ),
    ];
    for (text, expected) in cases {
        configuration(&text, expected).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b05_b06_components_that_are_no_adapters_are_refused_at_their_line() {
    let cases: [(&str, &[&str]); 4] = [
        (
            "nowhere.wasm",
            &["cannot read the component", "nowhere.wasm"],
        ),
        (
            "core.wasm",
            &[
                "is a core WebAssembly module, not a component",
                "wasm-tools component new",
            ],
        ),
        (
            "text.wasm",
            &["is not a WebAssembly component", "check the path"],
        ),
        (
            "empty.wasm",
            &[
                "is not a send adapter",
                "async-send-adapter, async-batch-send-adapter",
            ],
        ),
    ];
    for (file, expected) in cases {
        let text = format!("[adapters.http]\ncomponent = \"{file}\"\n");
        let place = "sendport.toml:2:13: key 'adapters.http.component': ";
        configuration(&text, &[&[place], expected].concat()).await;
        // Looking at it by itself says the same.
        let site = Site::of_text("");
        site.write("core.wasm", wat::parse_str("(module)").expect("a module"));
        site.write(
            "empty.wasm",
            wat::parse_str("(component)").expect("a component"),
        );
        site.write("text.wasm", "no component at all");
        site.run(&["adapter", "inspect", file])
            .await
            .refused(FAILURE, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_does_not_suit_its_adapter_is_refused_at_its_line() {
    let adapter = |name: &str| {
        format!(
            "[adapters.a]\ncomponent = \"{}\"\n",
            component(name).display()
        )
    };
    let cases: [(&str, &str, &str, &[&str]); 5] = [
        (
            "http-adapter",
            "ftp://h/",
            "",
            &[
                "toml:5:11: key 'ports.orders.address'",
                "'http://', 'https://'",
            ],
        ),
        (
            "http-adapter",
            "http://h/",
            "config = { metod = \"PUT\" }",
            &["toml:6:12: key 'ports.orders.config.metod': unknown key; did you mean 'method'?"],
        ),
        (
            "http-adapter",
            "http://h/",
            "config = { method = \"GET\" }",
            &[
                "toml:6:21: key 'ports.orders.config.method'",
                "'POST', 'PUT'",
            ],
        ),
        (
            "http-adapter",
            "http://h/",
            "grants = { http = [\"example.com\"] }",
            &[
                "toml:6:20: key 'ports.orders.grants.http'",
                "https://example.com/orders/",
            ],
        ),
        (
            "file-adapter",
            "./nowhere",
            "",
            &[
                "toml:5:11: key 'ports.orders.address'",
                "there is no directory",
                "create it",
            ],
        ),
    ];
    for (name, address, more, expected) in cases {
        configuration(
            &format!("{}{}", adapter(name), port("orders", "a", address, more)),
            expected,
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_cannot_be_carried_out_say_what_to_do() {
    let receiver = Receiver::start().await;
    let site = Site::orders("", &receiver);
    site.write("order.xml", "<order/>");
    site.write("bad.ndjson", "{\"n\":1}\n{\"n\":2}\n{\"n\":\n");
    let nobody = "http://127.0.0.1:0";
    let cases: [(&[&str], i32, &[&str]); 9] = [
        (
            &["publish", "ordres", "order.xml"],
            FAILURE,
            &["no port 'ordres'; did you mean 'orders'?"],
        ),
        (
            &["publish", "orders", "bad.ndjson", "--ndjson"],
            FAILURE,
            &["bad.ndjson: line 3, column ", "no line was accepted"],
        ),
        (
            &["publish", "orders", "nowhere.xml"],
            FAILURE,
            &["cannot read nowhere.xml"],
        ),
        (
            &["publish", "orders", "."],
            FAILURE,
            &["is a directory; name a file"],
        ),
        (
            &["publish", "orders", "order.xml", "--priority", "0"],
            BAD_INPUT,
            &["use 1 (first) to 10 (last)"],
        ),
        (
            &["publish", "orders", "order.xml", "--property", "a"],
            BAD_INPUT,
            &["write NAME=VALUE"],
        ),
        (
            &["publish", "orders", "order.xml", "--url", nobody],
            FAILURE,
            &["no host answers at", "--config instead"],
        ),
        (
            &["status", "--config", "nowhere.toml"],
            BAD_INPUT,
            &[
                "cannot read the configuration nowhere.toml",
                "sendport config",
            ],
        ),
        (
            &["adapter", "inspect", "order.xml"],
            FAILURE,
            &["order.xml is not a WebAssembly component"],
        ),
    ];
    for (arguments, code, expected) in cases {
        site.run(arguments).await.refused(code, expected);
    }
    let status = site.run(&["status"]).await;
    assert!(
        status.stdout.contains("accepted 0 = "),
        "nothing was published: {status:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_running_host_refuses_the_command_line_explains() {
    let receiver = Receiver::start().await;
    let site = Site::orders("max-body = \"1KiB\"", &receiver);
    site.write("large.xml", "x".repeat(1025));
    site.write("bad.ndjson", "{\"n\":1}\n{\"n\":2}\n{\"n\":\n");
    let host = site.start().await;
    let cases: [(&[&str], &[&str]); 3] = [
        (
            &["ordres", "bad.ndjson"],
            &["(404, No such port)", "did you mean \"orders\"?"],
        ),
        (
            &["orders", "large.xml"],
            &["(413, Body too large)", "raise max-body"],
        ),
        (
            &["orders", "bad.ndjson", "--ndjson"],
            &["(400, Malformed request): line 3, ", "no line was accepted"],
        ),
    ];
    for (arguments, expected) in cases {
        let command = [&["publish"], arguments, &["--url", host.api.url()]].concat();
        site.run(&command).await.refused(FAILURE, expected);
    }
    assert_eq!(host.api.audit().await["accepted"], 0);
}

/// Somebody else listens where the host should: that is not a host that is down.
#[tokio::test(flavor = "multi_thread")]
async fn what_answers_and_is_no_host_is_told_from_nobody() {
    let receiver = Receiver::start().await;
    receiver.script("/healthz", [Answer::Status(404)]);
    let site = Site::orders("", &receiver);
    let ended = site.run(&["status", "--url", &receiver.url("")]).await;
    ended.refused(FAILURE, &["is no sendport host: GET /healthz gave 404"]);
}
