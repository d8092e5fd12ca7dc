//! What `check` says about configurations that are in order.

use std::path::Path;

use model::Timestamp;

use super::report;
use crate::config::Config;
use crate::wiring::tests::known;

/// 2026-03-06T12:00:00Z, a Friday.
const NOW: Timestamp = Timestamp(1_772_798_400_000);

#[track_caller]
fn said(text: &str, expected: &str) {
    let config = Config::parse(Path::new("etc/sendport.toml"), text);
    let config = config.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(report(&config, &known(&config), NOW), expected);
}

#[test]
fn a_port_with_no_policy_is_a_few_lines() {
    said(
        r#"
[host]
threads = 2
[adapters.web]
component = "http.wasm"
[ports.orders]
adapter = "web"
address = "http://h/orders"
"#,
        "\
orders
  primary         http://h/orders by web (HTTP adapter 1.0, async-send-adapter)
  retry           3 times, after 5m
  limits          1024 unresolved, 1m for a delivery
  instances       2, each with 128 open calls
  sandbox         64.0 MiB of memory, 1s of CPU for a message

message box etc/data, listening on 127.0.0.1:8480
etc/sendport.toml is in order
",
    );
}

#[test]
fn everything_that_a_port_can_have_is_told() {
    said(
        r#"
[host]
listen = "0.0.0.0:80"
[secrets.token]
file = "token"
[secrets.key]
command = ["cat", "key"]
[adapters.http]
component = "http.wasm"
[adapters.smtp]
component = "smtp.wasm"
[adapters.queue]
component = "queue.wasm"
[adapters.more]
component = "http.wasm"

[ports.all]
adapter = "http"
address = "http://h/"
retry = { count = 1, interval = "10s", backoff = "exponential", cap = "1h", jitter = 20 }
window = { from = "22:00", to = "06:00", days = ["fri"], zone = "Europe/Berlin" }
circuit-breaker = {}
two-way = { response-port = "lanes", retention = "1h" }
failed-message-port = "lanes"
notifications = { port = "lanes", ack = false, always = true }
time-to-live = "2h"
rate-limit = "100/m"
backlog-limit = 9
instances = 3
credentials = { authorization = { bearer = "token" }, headers = { x-a = "key" }, for = ["http://h/b"] }
grants = { secrets = ["token", "key"] }

[ports.all.backup]
adapter = "http"
address = "https://h/"
retry = { count = 0 }
window = { from = "08:00", to = "18:00" }
circuit-breaker = { pause = "1s" }
credentials = { authorization = { basic = { user = "u", password = "key" } }, client-certificate = { certificate = "c.pem", key = "key" }, authorities = "a.pem", authorities-only = true, webhook-signature = { keys = ["key", "token"] } }

[ports.lanes]
adapter = "smtp"
address = "smtp://h"
ordered = { by = "key", on-failure = "skip" }
instances = 1

[ports.any]
dynamic = true
adapters = ["http", "queue", "more"]
instances = 1
notifications = { port = "lanes" }
"#,
        "\
all
  primary         http://h/ by http (HTTP adapter 1.0, async-send-adapter)
  retry           once, after 10s, twice as long each time up to 1h, each up to 20 % later at random
  window          22:00 to 06:00, fri, Europe/Berlin: closed until 2026-03-06T21:00:00.000Z
  breaker         after 5 failures in a row, for 30s up to 10m
  adds            the bearer token 'token', the header x-a from 'key', also for http://h/b
  backup          https://h/ by http (HTTP adapter 1.0, async-send-adapter)
  backup retry    never
  backup window   08:00 to 18:00, every day, UTC: open until 2026-03-06T18:00:00.000Z
  backup breaker  after 5 failures in a row, for 1s up to 10m
  backup adds     the user u with the password 'key', the client certificate 'c.pem' with the key 'key', trust in the authorities of a.pem only, webhook signatures by 'key', 'token'
  two-way         responses of up to 1.0 MiB are kept for 1h, and published to lanes
  routing         what fails for good goes to lanes; lanes is told of failures of all messages
  limits          1024 unresolved, 1m for a delivery, 100 messages in 1m, a backlog of 9, messages expire after 2h
  instances       3, each with 128 open calls
  sandbox         64.0 MiB of memory, 1s of CPU for a message
  secrets         the adapter may read 'token', 'key'

lanes
  primary         smtp://h by smtp (SMTP adapter 1.0, send-adapter)
  retry           3 times, after 5m
  order           messages of one ordering-key one after the other; one that fails for good is passed by those behind it
  limits          1024 unresolved, 1m for a delivery
  instances       1, each with one open call
  sandbox         64.0 MiB of memory, 1s of CPU for a message

any
  dynamic         http://, https:// by http (HTTP adapter 1.0, async-send-adapter)
  dynamic         transport type QUEUE by queue (QUEUE adapter 1.0, async-batch-send-adapter)
  dynamic         http://, https:// by more (HTTP adapter 1.0, async-send-adapter)
  retry           3 times, after 5m
  routing         lanes is told of deliveries and failures of messages that ask
  limits          1024 unresolved, 1m for a delivery
  instances       1, each with 128 open calls
  sandbox         64.0 MiB of memory, 1s of CPU for a message

message box etc/data, listening on 0.0.0.0:80
etc/sendport.toml is in order
note: port all: its credentials are sent unencrypted to http://h/; use https
note: port all: its credentials are sent unencrypted to http://h/b; use https
note: port any: the adapter 'queue' has no address prefixes; it gets the messages that name its transport type, QUEUE
note: port any: the adapters 'http' and 'more' both answer to addresses that begin with 'http://', 'https://' and to the transport type HTTP; 'http' gets the messages
note: everybody who reaches that address may publish; sendport does not ask who it is
",
    );
}
