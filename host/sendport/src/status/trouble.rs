//! What an operator should look at, port by port: one line each, none when all is well.

use admin::{PortReport, Running, TransportReport};

pub(super) fn troubles(port: &PortReport) -> Vec<String> {
    let Some(running) = &port.running else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    lines.extend(running.error.clone());
    lines.extend(
        running
            .throttled
            .as_deref()
            .map(|why| throttled(running, why)),
    );
    for transport in &running.transports {
        lines.extend(breaker(transport));
        lines.extend(window(transport));
    }
    lines.extend(backup(running));
    lines.extend(last_error(running));
    lines
}

fn throttled(running: &Running, why: &str) -> String {
    let reason = match why {
        "high-watermark" => format!(
            "its high watermark of {} is reached",
            running.high_watermark
        ),
        "adapter-watermark" => "the high watermark of its adapter is reached".to_owned(),
        "rate-limit" => "its rate limit is reached".to_owned(),
        other => other.to_owned(),
    };
    format!("throttled: {reason}")
}

fn breaker(transport: &TransportReport) -> Option<String> {
    let breaker = transport.breaker.as_ref()?;
    let name = name(transport);
    match (breaker.state.as_str(), &breaker.until) {
        ("open", Some(until)) => Some(format!(
            "{name}: circuit breaker open, the destination is tried again at {until}"
        )),
        ("probing", _) => Some(format!(
            "{name}: circuit breaker open, the destination is being tried"
        )),
        _ => None,
    }
}

fn window(transport: &TransportReport) -> Option<String> {
    let window = transport.window.as_ref().filter(|window| !window.open)?;
    let name = name(transport);
    Some(match &window.until {
        Some(until) => format!("{name}: service window closed until {until}"),
        None => format!("{name}: service window closed"),
    })
}

/// A backup that is in use, or was.
fn backup(running: &Running) -> Option<String> {
    let backup = running.transports.iter().find(|t| t.slot == "backup")?;
    let is_used = running.moved > 0 || backup.in_flight > 0;
    is_used.then(|| {
        let name = name(backup);
        let (moved, in_flight) = (running.moved, backup.in_flight);
        format!("{name}: {moved} moved to it since the start, {in_flight} in flight")
    })
}

/// A transport as an operator knows it.
fn name(transport: &TransportReport) -> String {
    let TransportReport {
        slot,
        adapter,
        address,
        ..
    } = transport;
    match address.as_str() {
        "" => format!("{slot} transport ({adapter})"),
        address => format!("{slot} transport ({adapter}, {address})"),
    }
}

fn last_error(running: &Running) -> Option<String> {
    let error = running.last_error.as_ref()?;
    Some(match &error.code {
        Some(code) => format!("last error at {}: {} ({code})", error.at, error.text),
        None => format!("last error at {}: {}", error.at, error.text),
    })
}

#[cfg(test)]
pub(super) mod tests {
    use admin::{Bill, Breaker, Stored, Window};

    use super::*;

    /// A port without any trouble.
    pub(in crate::status) fn running() -> Running {
        Running {
            adapter: "http".to_owned(),
            address: "http://h/".to_owned(),
            state: "started".to_owned(),
            error: None,
            throttled: None,
            transports: vec![transport("primary")],
            instances: 1,
            in_flight: 0,
            instances_lost: 0,
            unresolved: 0,
            high_watermark: 1024,
            delivered: 0,
            retried: 0,
            moved: 0,
            suspended: 0,
            routed: 0,
            expired: 0,
            returned: 0,
            ignored: 0,
            last_error: None,
            last_progress: None,
        }
    }

    fn transport(slot: &str) -> TransportReport {
        TransportReport {
            slot: slot.to_owned(),
            adapter: "http".to_owned(),
            version: None,
            address: "http://h/".to_owned(),
            instances: 1,
            in_flight: 0,
            instances_lost: 0,
            bill: Bill::default(),
            breaker: Some(Breaker {
                state: "closed".to_owned(),
                failures: Some(2),
                until: None,
            }),
            window: Some(Window {
                open: true,
                until: None,
            }),
        }
    }

    fn lines(running: Running) -> Vec<String> {
        troubles(&PortReport {
            port: "orders".to_owned(),
            enlistment: "started".to_owned(),
            running: Some(running),
            stored: Stored::default(),
        })
    }

    #[test]
    fn a_port_that_is_well_takes_one_line() {
        assert!(lines(running()).is_empty());
        let transports = vec![transport("primary"), transport("backup")];
        let unused = Running {
            transports,
            ..running()
        };
        assert!(lines(unused).is_empty());
    }

    #[test]
    fn what_keeps_messages_back_is_named_by_transport() {
        let mut primary = transport("primary");
        primary.breaker = Some(Breaker {
            state: "open".to_owned(),
            failures: None,
            until: Some("2026-01-31T18:00:00.000Z".to_owned()),
        });
        let mut backup = transport("backup");
        backup.in_flight = 3;
        backup.window = Some(Window {
            open: false,
            until: Some("2026-01-31T22:00:00.000Z".to_owned()),
        });
        let running = Running {
            throttled: Some("high-watermark".to_owned()),
            transports: vec![primary, backup],
            moved: 7,
            ..running()
        };
        let expected = [
            "throttled: its high watermark of 1024 is reached",
            "primary transport (http, http://h/): circuit breaker open, the destination is tried \
             again at 2026-01-31T18:00:00.000Z",
            "backup transport (http, http://h/): service window closed until \
             2026-01-31T22:00:00.000Z",
            "backup transport (http, http://h/): 7 moved to it since the start, 3 in flight",
        ];
        assert_eq!(lines(running), expected);
    }
}
