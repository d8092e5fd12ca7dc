//! What a port's configuration means, in a few lines for people.

use admin::time::rfc3339;
use bytesize::ByteSize;
use model::{Backoff, BreakerPolicy, LaneBy, OnFailure, RetryPolicy, Timestamp, WindowState};

use super::credentials::credentials;
use crate::config::{Destination, Port, Transport, Window, quoted, written};
use crate::output::visible;
use crate::wiring::{Facts, KnownAdapters};

/// What a line is about, and what there is to say.
type Line = (&'static str, String);

/// The port's name and its lines, every line ended.
pub(super) fn describe(port: &Port, known: &KnownAdapters, now: Timestamp) -> String {
    let lines = ways(port, known, now)
        .into_iter()
        .chain(policy(port, known));
    let lines = lines.map(|(about, text)| format!("  {about:<15} {}\n", visible(&text)));
    format!("{}\n{}", port.name, lines.collect::<String>())
}

/// How messages leave.
fn ways(port: &Port, known: &KnownAdapters, now: Timestamp) -> Vec<Line> {
    let mut lines = Vec::new();
    match &port.destination {
        Destination::Static { primary, backup } => {
            lines.extend(transport(
                primary,
                known,
                now,
                ["primary", "retry", "window", "breaker", "adds"],
            ));
            let names = [
                "backup",
                "backup retry",
                "backup window",
                "backup breaker",
                "backup adds",
            ];
            let backup = backup
                .as_ref()
                .map(|backup| transport(backup, known, now, names));
            lines.extend(backup.into_iter().flatten());
        }
        Destination::Dynamic(dynamic) => {
            for adapter in &dynamic.adapters {
                let name = adapter.value.as_str();
                let addresses = addresses_of(name, known);
                lines.push((
                    "dynamic",
                    format!("{addresses} by {}", adapter_of(name, known)),
                ));
            }
            lines.push(("retry", retry(&dynamic.retry)));
            lines.extend(dynamic.window.as_ref().map(|w| ("window", window(w, now))));
            let added = dynamic.credentials.as_ref();
            lines.extend(added.map(|added| ("adds", credentials(added))));
        }
    }
    lines
}

fn transport(
    transport: &Transport,
    known: &KnownAdapters,
    now: Timestamp,
    [name, retries, windows, breakers, adds]: [&'static str; 5],
) -> Vec<Line> {
    let Transport {
        adapter,
        address,
        retry: policy,
        window: hours,
        breaker: paused,
        credentials: added,
        ..
    } = transport;
    let by = adapter_of(&adapter.value, known);
    let mut lines = vec![
        (name, format!("{} by {by}", address.value)),
        (retries, retry(policy)),
    ];
    lines.extend(hours.as_ref().map(|hours| (windows, window(hours, now))));
    lines.extend(paused.as_ref().map(|policy| (breakers, breaker(policy))));
    lines.extend(added.as_ref().map(|added| (adds, credentials(added))));
    lines
}

/// `http (HTTP adapter 0.1.0, async-send-adapter)`
fn adapter_of(name: &str, known: &KnownAdapters) -> String {
    match known.get(name) {
        Some(facts) => {
            let info = &facts.info;
            format!("{name} ({} {}, {})", info.name, info.version, facts.world)
        }
        None => name.to_owned(),
    }
}

/// Which messages of a dynamic port an adapter gets.
fn addresses_of(name: &str, known: &KnownAdapters) -> String {
    match known.get(name) {
        Some(facts) if facts.info.address_prefixes.is_empty() => {
            format!("transport type {}", facts.info.transport_type)
        }
        Some(facts) => facts.info.address_prefixes.join(", "),
        None => "addresses".to_owned(),
    }
}

fn retry(policy: &RetryPolicy) -> String {
    let interval = written(policy.interval);
    let times = match policy.count {
        0 => return "never".to_owned(),
        1 => "once".to_owned(),
        count => format!("{count} times"),
    };
    let jitter = match policy.jitter {
        0 => String::new(),
        percent => format!(", each up to {percent} % later at random"),
    };
    match policy.backoff {
        Backoff::Fixed => format!("{times}, after {interval}{jitter}"),
        Backoff::Exponential { cap } => {
            let cap = written(cap);
            format!("{times}, after {interval}, twice as long each time up to {cap}{jitter}")
        }
    }
}

fn window(window: &Window, now: Timestamp) -> String {
    let state = match window.hours.at(now) {
        WindowState::Open { until } => format!("open until {}", rfc3339(until)),
        WindowState::Closed { until } => format!("closed until {}", rfc3339(until)),
    };
    format!("{}: {state}", window.text)
}

fn breaker(policy: &BreakerPolicy) -> String {
    let (pause, longest) = (written(policy.pause), written(policy.longest_pause));
    format!(
        "after {} failures in a row, for {pause} up to {longest}",
        policy.failures
    )
}

/// What holds for all messages, whichever way they leave.
fn policy(port: &Port, known: &KnownAdapters) -> Vec<Line> {
    let mut lines = Vec::new();
    lines.extend(order(port).map(|text| ("order", text)));
    lines.extend(two_way(port).map(|text| ("two-way", text)));
    lines.extend(routing(port).map(|text| ("routing", text)));
    lines.push(("limits", limits(port)));
    lines.push(("instances", instances(port, known)));
    lines.push(("sandbox", sandbox(port)));
    lines.extend(secrets(port).map(|text| ("secrets", text)));
    lines
}

fn order(port: &Port) -> Option<String> {
    let order = port.ordered.as_ref()?.value;
    let lanes = match order.by {
        LaneBy::Port => "all messages one after the other",
        LaneBy::Key => "messages of one ordering-key one after the other",
        LaneBy::Address => "messages to one address one after the other",
    };
    let failure = match order.on_failure {
        OnFailure::Stop => "one that fails for good stops those behind it",
        OnFailure::Skip => "one that fails for good is passed by those behind it",
    };
    Some(format!("{lanes}; {failure}"))
}

fn two_way(port: &Port) -> Option<String> {
    let two_way = port.two_way.as_ref()?;
    let most = ByteSize(two_way.max_response as u64);
    let kept = written(two_way.retention);
    let to = two_way.response_port.as_ref();
    let to = to.map_or_else(String::new, |to| format!(", and published to {}", to.value));
    Some(format!("responses of up to {most} are kept for {kept}{to}"))
}

fn routing(port: &Port) -> Option<String> {
    let failed = port.failed_message_port.as_ref();
    let failed = failed.map(|to| format!("what fails for good goes to {}", to.value));
    let notifications = port.notifications.as_ref().map(|told| {
        let of = match (told.ack, told.nack) {
            (true, false) => "deliveries",
            (false, true) => "failures",
            _ => "deliveries and failures",
        };
        let which = if told.always {
            "all messages"
        } else {
            "messages that ask"
        };
        format!("{} is told of {of} of {which}", told.port.value)
    });
    let both: Vec<_> = failed.into_iter().chain(notifications).collect();
    (!both.is_empty()).then(|| both.join("; "))
}

/// How much at once, how fast, how long.
pub(crate) fn limits(port: &Port) -> String {
    let flow = &port.flow;
    let rate = flow
        .rate_limit
        .map(|rate| format!("{} messages in {}", rate.messages, written(rate.per)));
    let optional = [
        rate,
        flow.backlog_limit
            .map(|limit| format!("a backlog of {limit}")),
        flow.time_to_live
            .map(|time| format!("messages expire after {}", written(time))),
    ];
    let always = [
        format!("{} unresolved", flow.high_watermark),
        format!("{} for a delivery", written(flow.delivery_timeout)),
    ];
    let all: Vec<_> = always
        .into_iter()
        .chain(optional.into_iter().flatten())
        .collect();
    all.join(", ")
}

/// How many sandboxes, and what each of them may take.
pub(crate) fn instances(port: &Port, known: &KnownAdapters) -> String {
    let instances = &port.instances;
    let adapters = port.destination.adapters();
    let one_by_one = |name: &str| known.get(name).is_some_and(Facts::is_one_by_one);
    let calls = match adapters.iter().all(|adapter| one_by_one(&adapter.value)) {
        true => "one open call".to_owned(),
        false => format!("{} open calls", instances.open_calls),
    };
    format!("{}, each with {calls}", instances.count)
}

/// What an instance may take; what few people ever set is left out.
pub(crate) fn sandbox(port: &Port) -> String {
    let limits = &port.limits;
    let memory = ByteSize(limits.memory as u64);
    let cpu = written(limits.cpu_per_message);
    let together = limits.cpu_per_second.map(|cpu| {
        let cpu = written(cpu);
        format!(", {cpu} within a second for all instances")
    });
    let together = together.unwrap_or_default();
    format!("{memory} of memory, {cpu} of CPU for a message{together}")
}

fn secrets(port: &Port) -> Option<String> {
    let names = port.grants.secrets.iter();
    let names: Vec<_> = names.map(|secret| secret.name.as_str()).collect();
    (!names.is_empty()).then(|| format!("the adapter may read {}", quoted(&names)))
}
