//! Ports that lead to other ports: where failed messages, notifications and responses go on to.

use std::collections::BTreeMap;

use model::PortName;

use super::section::Entry;
use super::{Mistake, Placed, Port, suggest};

/// What goes on to another port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route {
    FailedMessages,
    Notifications,
    Responses,
}

/// Another port that is named, and by which key.
struct Target<'a> {
    route: Route,
    key: &'static str,
    port: &'a Placed<PortName>,
    /// Every message leads to one there, so that a circle of them never ends.
    endless: bool,
}

/// The name of another port; whether there is one is found out when all are read.
pub(super) fn target(entry: Option<Entry<'_>>) -> Option<Placed<PortName>> {
    let entry = entry?;
    let name = entry.parsed(|text| PortName::new(text).map_err(|error| error.to_string()))?;
    Some(Placed::new(name, entry.place))
}

/// Everything that is wrong with where ports lead to; `names` are all ports of the file, also those that
/// have mistakes of their own.
pub(super) fn check(ports: &[Port], names: &[&str]) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    for port in ports {
        for target in targets(port) {
            if let Some(problem) = wrong(port, &target, ports, names) {
                mistakes.push(mistake(port, &target, problem));
            }
        }
    }
    for route in [
        Route::FailedMessages,
        Route::Notifications,
        Route::Responses,
    ] {
        mistakes.extend(circles(ports, route));
    }
    mistakes
}

fn targets(port: &Port) -> Vec<Target<'_>> {
    let failed = port.failed_message_port.as_ref().map(|port| Target {
        route: Route::FailedMessages,
        key: "failed-message-port",
        port,
        endless: true,
    });
    let notifications = port.notifications.as_ref().map(|notifications| Target {
        route: Route::Notifications,
        key: "notifications.port",
        port: &notifications.port,
        endless: notifications.always,
    });
    let responses = port.two_way.as_ref().and_then(|two_way| {
        Some(Target {
            route: Route::Responses,
            key: "two-way.response-port",
            port: two_way.response_port.as_ref()?,
            endless: true,
        })
    });
    [failed, notifications, responses]
        .into_iter()
        .flatten()
        .collect()
}

fn mistake(port: &Port, target: &Target<'_>, problem: String) -> Mistake {
    Mistake {
        place: target.port.place,
        key: format!("ports.{}.{}", port.name, target.key),
        problem,
    }
}

fn wrong(port: &Port, target: &Target<'_>, ports: &[Port], names: &[&str]) -> Option<String> {
    let to = &target.port.value;
    if *to == port.name {
        return Some("is the port itself; name another one".to_owned());
    }
    if !names.contains(&to.as_str()) {
        let others = names
            .iter()
            .copied()
            .filter(|name| *name != port.name.as_str());
        let hint = suggest(to.as_str(), others);
        return Some(format!("there is no port '{to}'{hint}"));
    }
    let found = ports.iter().find(|port| port.name == *to)?;
    found.is_dynamic().then(|| {
        format!("the port '{to}' is dynamic, and these messages would have no address; name a static one")
    })
}

/// The circles that one kind of route makes, each at the first of its ports.
fn circles(ports: &[Port], route: Route) -> Vec<Mistake> {
    let places: BTreeMap<_, _> = ports
        .iter()
        .enumerate()
        .map(|(i, p)| (&p.name, i))
        .collect();
    let next = |port: usize| {
        let mut targets = targets(&ports[port]).into_iter();
        let target = targets.find(|target| target.route == route && target.endless)?;
        Some((*places.get(&target.port.value)?, target))
    };
    let mut mistakes = Vec::new();
    for first in 0..ports.len() {
        let mut walk = vec![first];
        // A walk that is longer than there are ports goes round in a circle that it did not begin in.
        while let Some((to, _)) = next(walk[walk.len() - 1])
            && walk.len() <= ports.len()
        {
            if to != first {
                walk.push(to);
                continue;
            }
            // Told once, at its first port; a port that names itself is told elsewhere.
            if let Some((_, target)) = next(first)
                && walk.len() > 1
                && walk.iter().all(|port| *port >= first)
            {
                let names = walk.iter().chain([&first]).map(|p| ports[*p].name.as_str());
                let circle = names.collect::<Vec<_>>().join(" → ");
                mistakes.push(mistake(&ports[first], &target, endless(route, &circle)));
            }
            break;
        }
    }
    mistakes
}

fn endless(route: Route, circle: &str) -> String {
    let what = match route {
        Route::FailedMessages => "a message that fails everywhere would",
        Route::Notifications => "notifications of notifications would",
        Route::Responses => "responses to responses would",
    };
    format!("{what} go round for ever: {circle}; take the key out of one of them")
}
