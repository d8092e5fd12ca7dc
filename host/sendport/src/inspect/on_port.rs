//! What an adapter may do on a port: what it imports, against what the port grants.

use std::path::Path;

use adapter_runtime::{Capability, Inspection, PoolConfig};
use serde_json::{Map, Value, json};

use super::{Said, component, line, list};
use crate::check;
use crate::config::{Config, Port};
use crate::wiring::{Adapters, KnownAdapters};

/// `instead` is a component that would replace the port's primary adapter.
pub(super) async fn inspect(
    config: &Config,
    name: &str,
    instead: Option<&Path>,
) -> anyhow::Result<Said> {
    let port = config.port(name)?;
    let adapters = Adapters::load(config, None).await?;
    let ways = adapters.ways(config, port, instead)?;
    let text = ways.iter().map(|way| as_text(way, port, adapters.known()));
    let text = text.collect::<Vec<_>>().join("\n");
    let json = ways.iter().map(|way| as_json(way, port, adapters.known()));
    let json = json!({ "port": name, "adapters": json.collect::<Vec<_>>() });
    Ok(Said { text, json })
}

/// What is imported and granted, imported and not granted, not imported, and granted without need.
struct Rights {
    may: Vec<(Capability, Vec<String>)>,
    denied: Vec<Capability>,
    cannot: Vec<Capability>,
    unused: Vec<(Capability, Vec<String>)>,
}

impl Rights {
    fn of(way: &PoolConfig, inspection: &Inspection) -> Self {
        let capabilities = &inspection.capabilities;
        let with_grants = |capability| (capability, way.granted(capability));
        let (may, denied): (Vec<_>, Vec<_>) = capabilities
            .iter()
            .map(with_grants)
            .partition(|(_, granted)| !granted.is_empty());
        let cannot: Vec<_> = component::missing(capabilities).collect();
        let unused = cannot.iter().copied().map(with_grants);
        let unused =
            unused.filter(|(capability, granted)| is_written(*capability) && !granted.is_empty());
        Self {
            may,
            denied: denied
                .into_iter()
                .map(|(capability, _)| capability)
                .collect(),
            unused: unused.collect(),
            cannot,
        }
    }
}

/// The others are granted without anybody writing so.
fn is_written(capability: Capability) -> bool {
    matches!(
        capability,
        Capability::Http
            | Capability::Tcp
            | Capability::Files
            | Capability::Environment
            | Capability::Secrets
    )
}

fn as_text(way: &PoolConfig, port: &Port, known: &KnownAdapters) -> String {
    let inspection = Inspection::of(&way.adapter);
    let rights = Rights::of(way, &inspection);
    let mut text = String::new();
    line(
        &mut text,
        &format!("{} on port {}", way.adapter.version(), way.port),
    );
    if let Some(key) = &inspection.signed_by {
        line(&mut text, &format!("signed by {key}"));
    }
    let told = |(capability, granted): &(Capability, Vec<String>)| {
        format!("{}: {}", capability.deed(), granted.join(", "))
    };
    let may: Vec<_> = rights.may.iter().map(told).collect();
    list(&mut text, "may", may.iter().map(String::as_str));
    let denied = rights.denied.iter().copied().map(Capability::deed);
    list(
        &mut text,
        "may not, since the port grants none of it",
        denied,
    );
    let cannot = rights.cannot.iter().copied().map(Capability::deed);
    list(&mut text, "cannot, since it does not ask for it", cannot);
    let unknown = inspection.capabilities.unknown();
    list(&mut text, "asks for what this host does not know", unknown);
    let unused: Vec<_> = rights.unused.iter().map(told).collect();
    list(
        &mut text,
        "granted without need, since it does not ask for it",
        unused.iter().map(String::as_str),
    );
    let limits = limits(port, known);
    list(&mut text, "limits", limits.iter().map(String::as_str));
    text
}

fn limits(port: &Port, known: &KnownAdapters) -> [String; 4] {
    let instances = check::instances(port, known);
    [
        format!("instances: {instances}"),
        check::sandbox(port),
        check::limits(port),
        format!("{} connections", port.flow.connections),
    ]
}

fn as_json(way: &PoolConfig, port: &Port, known: &KnownAdapters) -> Value {
    let inspection = Inspection::of(&way.adapter);
    let rights = Rights::of(way, &inspection);
    let words = |list: &[Capability]| list.iter().map(|c| c.as_str()).collect::<Value>();
    let grants = |list: &[(Capability, Vec<String>)]| {
        let pairs = list.iter().map(|(c, g)| (c.as_str().to_owned(), json!(g)));
        pairs.collect::<Map<_, _>>()
    };
    json!({
        "adapter": way.adapter.version(),
        "digest": way.adapter.digest(),
        "signed_by": inspection.signed_by.as_ref().map(ToString::to_string),
        "address": &*way.address,
        "may": grants(&rights.may),
        "denied": words(&rights.denied),
        "cannot": words(&rights.cannot),
        "unknown": inspection.capabilities.unknown().collect::<Vec<_>>(),
        "unused": grants(&rights.unused),
        "limits": limits(port, known),
    })
}
