//! Where a hostile guest meets a host: the real program, with the guest on one port and a neighbour on
//! another.

use std::fs;

use serde_json::Value;

use super::Guest;
use crate::fixture::{BAD_INPUT, Ended, Process, Site, port, until};

/// What the program may take beside what the limits allow: rounding, buffers, a thread's stack.
const SLACK: u64 = 48;
/// Memory of an instance of the hostile port, in MiB.
const MEMORY: u64 = 32;

/// A host under attack.
pub(super) struct Arena {
    pub(super) host: Process,
    /// Resident memory before the attack, in MiB.
    before: u64,
    neighbours: usize,
    site: Site,
}

/// Why a message was suspended.
#[derive(Debug)]
pub(super) struct Suspended {
    pub(super) code: String,
    pub(super) text: String,
    pub(super) attempts: u64,
}

impl Suspended {
    /// It was, for a reason that has that code and says all of that.
    #[track_caller]
    pub(super) fn says(&self, code: &str, parts: &[&str]) {
        assert_eq!(self.code, code, "{self:?}");
        for part in parts {
            assert!(self.text.contains(part), "{part:?} is missing: {self:?}");
        }
    }
}

impl Arena {
    /// With one instance, small limits, and no retries.
    pub(super) async fn of(guest: Guest) -> Self {
        Self::with(guest, "").await
    }

    /// With these lines in the port's table, in place of what they replace.
    pub(super) async fn with(guest: Guest, lines: &str) -> Self {
        let site = site(guest, lines);
        let host = site.start().await;
        let arena = Self {
            host,
            before: 0,
            neighbours: 0,
            site,
        };
        arena.measured().await
    }

    /// The peak is counted from here on: what starting took is nobody's attack.
    async fn measured(mut self) -> Self {
        self.neighbour_goes_on().await;
        let clear = format!("/proc/{}/clear_refs", self.host.pid());
        fs::write(clear, "5").expect("the peak can be reset");
        self.before = self.memory("VmRSS");
        self
    }

    /// Publishes a message that orders an attack, which may need to know something.
    pub(super) async fn attack(&self, order: &str) {
        self.attacks(order, 1).await;
    }

    /// Publishes so many of them at once.
    pub(super) async fn attacks(&self, order: &str, count: usize) {
        let order = [("sendport-property-attack", order)];
        self.publish(&order, &vec!["{}"; count]).await;
    }

    /// The same, each with a body of so many bytes.
    pub(super) async fn attacks_with_body(&self, order: &str, count: usize, size: usize) {
        let body = format!("{{\"x\":\"{}\"}}", "x".repeat(size));
        let order = [("sendport-property-attack", order)];
        self.publish(&order, &vec![body.as_str(); count]).await;
    }

    /// Publishes messages to the hostile port that order nothing.
    pub(super) async fn innocents(&self, count: usize) {
        self.publish(&[], &vec!["{}"; count]).await;
    }

    async fn publish(&self, properties: &[(&str, &str)], bodies: &[&str]) {
        let ndjson = [("content-type", "application/x-ndjson")];
        let headers = [&ndjson, properties].concat();
        let (lines, count) = (bodies.join("\n"), bodies.len());
        let ids = self.host.api.publish("port", &headers, lines).await.ids();
        assert_eq!(ids.len(), count);
    }

    /// The port next door delivers what it gets, meanwhile, and has lost nothing.
    pub(super) async fn neighbour_goes_on(&mut self) {
        const MESSAGES: usize = 20;
        self.neighbours += MESSAGES;
        let lines = vec!["{}".to_owned(); MESSAGES];
        self.host.api.bulk("neighbour", &lines).await;
        self.host.api.delivered("neighbour", self.neighbours).await;
        let neighbour = self.running("neighbour").await;
        for counter in ["instances_lost", "retried", "suspended", "returned"] {
            assert_eq!(neighbour[counter], 0, "{counter} of the neighbour");
        }
    }

    /// The only suspended message.
    pub(super) async fn suspended(&self) -> Suspended {
        let found = self.host.api.suspended("port", 1).await.remove(0);
        let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
        Suspended {
            code: text("code"),
            text: text("text"),
            attempts: found["attempts"].as_u64().unwrap_or_default(),
        }
    }

    /// What the status says of a port since the start.
    pub(super) async fn running(&self, port: &str) -> Value {
        self.host.api.port(port).await["running"].clone()
    }

    /// A number of the hostile port since the start.
    pub(super) async fn count(&self, counter: &str) -> u64 {
        let running = self.running("port").await;
        running[counter].as_u64().expect("a counter")
    }

    /// Waits until a number of the hostile port is at least that.
    pub(super) async fn reaches(&self, counter: &str, least: u64) {
        until(&format!("{counter} of {least}"), async || {
            (self.count(counter).await >= least).then_some(())
        })
        .await;
    }

    /// Waits until the port's last error has that code, and returns its text.
    pub(super) async fn complains(&self, code: &str) -> String {
        self.host.api.failed("port", code).await;
        let running = self.running("port").await;
        let text = running["last_error"]["text"].as_str();
        text.unwrap_or_default().to_owned()
    }

    /// The host has never had much more than the instance was allowed.
    pub(super) fn is_small(&self) {
        let grown = self.memory("VmHWM").saturating_sub(self.before);
        assert!(
            grown <= MEMORY + SLACK,
            "the host has grown by {grown} MiB, from {} MiB",
            self.before
        );
    }

    /// In MiB.
    fn memory(&self, kind: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.host.pid()));
        let status = status.expect("the host is running");
        let mut lines = status.lines();
        let line = lines.find_map(|line| line.strip_prefix(kind)?.strip_prefix(':'));
        let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kibibytes.expect("the kernel says so") / 1024
    }

    /// The hostile port works again: a message that orders nothing is delivered. The neighbour never
    /// stopped, every message is accounted for, and the host ends when it is told to.
    pub(super) async fn survives(mut self) {
        let before = self.count("delivered").await;
        self.innocents(1).await;
        self.reaches("delivered", before + 1).await;
        self.ends().await;
    }

    /// Starts the host again, on the same box.
    pub(super) async fn restarts(&mut self) {
        self.host = self.site.start().await;
    }

    /// The same of a port that is good for nothing: its neighbour, the books, and the end.
    pub(super) async fn ends(&mut self) -> Ended {
        self.neighbour_goes_on().await;
        self.host.api.audit().await;
        self.host.signal("TERM").await;
        let ended = self.host.exited().await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
        ended
    }
}

/// A host does not start with this guest, and says all of that.
pub(super) async fn is_refused(guest: Guest, complaint: &[&str]) {
    let ended = site(guest, "").run(&["run"]).await;
    ended.refused(BAD_INPUT, complaint);
}

fn site(guest: Guest, lines: &str) -> Site {
    let defaults = [
        "instances = 1",
        "retry = { count = 0, interval = \"10ms\" }",
        "limits = { memory = \"32MiB\", cpu-per-message = \"200ms\" }",
        "delivery-timeout = \"20s\"",
    ];
    let key = |line: &str| line.split('=').next().map(str::trim).map(str::to_owned);
    let replaced: Vec<_> = lines.lines().filter_map(key).collect();
    let kept = defaults
        .iter()
        .filter(|line| key(line).is_some_and(|key| !replaced.contains(&key)))
        .copied();
    // A table in `lines` ends the port's own keys.
    let table: Vec<_> = kept.chain([lines]).collect();
    let configuration = match guest.name {
        Some(name) => format!("[adapters.{}.config]\nguest = \"{name}\"\n", guest.adapter),
        None => String::new(),
    };
    Site::new(&format!(
        "threads = 2\ndrain-deadline = \"2s\"\n{configuration}\n{}\n{}",
        port(
            "neighbour",
            "probe-adapter",
            "probe://here",
            "instances = 1"
        ),
        port("port", guest.adapter, "hostile://here", &table.join("\n")),
    ))
}
