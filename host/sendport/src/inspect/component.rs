//! What a component is, for people and for programs.

use std::fmt::Write as _;

use adapter_runtime::{
    Capabilities, Capability, ConfigurationKey, Inspection, TransportInfo, ValueKind,
};
use bytesize::ByteSize;
use serde_json::{Value, json};

use super::{line, list};

pub(super) fn as_text(inspection: &Inspection) -> String {
    let info = &inspection.info;
    let mut text = String::new();
    for (name, value) in rows(inspection) {
        line(&mut text, &format!("{name:<12} {value}"));
    }
    let capabilities = &inspection.capabilities;
    list(&mut text, "can", capabilities.to_string().lines());
    list(
        &mut text,
        "cannot",
        missing(capabilities).map(Capability::deed),
    );
    let imports = inspection.imports.iter().map(String::as_str);
    list(&mut text, "imports", imports);
    let exports = inspection.exports.iter().map(String::as_str);
    list(&mut text, "exports", exports);
    keys(&mut text, "[adapters.NAME.config]", &info.handler_schema);
    keys(&mut text, "[ports.NAME.config]", &info.port_schema);
    text
}

/// What it could not do whatever was granted.
pub(super) fn missing(capabilities: &Capabilities) -> impl Iterator<Item = Capability> {
    let all = Capability::ALL.into_iter();
    all.filter(|capability| !capabilities.has(*capability))
}

fn rows(inspection: &Inspection) -> Vec<(&'static str, String)> {
    let info = &inspection.info;
    let starts = match info.start_eagerly {
        true => "with its port",
        false => "at the first message",
    };
    let yes_no = |yes| if yes { "yes" } else { "no" }.to_owned();
    let mut rows = vec![
        ("name", format!("{} {}", info.name, info.version)),
        ("description", info.description.clone()),
        ("world", inspection.world.to_string()),
        ("transport", info.transport_type.clone()),
        ("addresses", info.address_prefixes.join(", ")),
        ("starts", starts.to_owned()),
        ("ordered", yes_no(info.ordered_delivery)),
        ("two-way", yes_no(info.two_way)),
        (
            "size",
            format!("{} ({} bytes)", ByteSize(inspection.size), inspection.size),
        ),
        ("digest", format!("sha256:{}", inspection.digest)),
    ];
    let signed_by = inspection.signed_by.as_ref();
    rows.extend(signed_by.map(|key| ("signed by", key.to_string())));
    rows
}

fn keys(text: &mut String, heading: &str, keys: &[ConfigurationKey]) {
    if keys.is_empty() {
        return line(text, &format!("{heading} has no keys"));
    }
    line(text, heading);
    for key in keys {
        let mut about = kind(&key.kind);
        match &key.default {
            Some(default) => write!(about, ", default {default:?}"),
            None if key.required => write!(about, ", required"),
            None => Ok(()),
        }
        .expect("a String takes everything");
        line(
            text,
            &format!("  {} ({about}): {}", key.name, key.description),
        );
    }
}

fn kind(kind: &ValueKind) -> String {
    match kind {
        ValueKind::Text => "text".to_owned(),
        ValueKind::Number => "whole number".to_owned(),
        ValueKind::Boolean => "true or false".to_owned(),
        ValueKind::Duration => "length of time".to_owned(),
        ValueKind::OneOf(texts) => texts.join(" | "),
    }
}

pub(super) fn as_json(inspection: &Inspection) -> Value {
    let TransportInfo {
        name,
        version,
        description,
        transport_type,
        address_prefixes,
        start_eagerly,
        ordered_delivery,
        two_way,
        handler_schema,
        port_schema,
    } = &inspection.info;
    json!({
        "name": name,
        "version": version,
        "description": description,
        "world": inspection.world.to_string(),
        "transport_type": transport_type,
        "address_prefixes": address_prefixes,
        "start_eagerly": start_eagerly,
        "ordered_delivery": ordered_delivery,
        "two_way": two_way,
        "size": inspection.size,
        "digest": inspection.digest,
        "signed_by": inspection.signed_by.as_ref().map(ToString::to_string),
        "capabilities": capabilities_json(&inspection.capabilities),
        "imports": inspection.imports,
        "exports": inspection.exports,
        "handler_schema": handler_schema.iter().map(key_json).collect::<Vec<_>>(),
        "port_schema": port_schema.iter().map(key_json).collect::<Vec<_>>(),
    })
}

/// Their words for programs; interfaces that have none are called by their names.
pub(super) fn capabilities_json(capabilities: &Capabilities) -> Value {
    let known = capabilities.iter().map(|known| Value::from(known.as_str()));
    let unknown = capabilities.unknown().map(Value::from);
    known.chain(unknown).collect()
}

fn key_json(key: &ConfigurationKey) -> Value {
    let (kind, one_of) = match &key.kind {
        ValueKind::Text => ("text", None),
        ValueKind::Number => ("number", None),
        ValueKind::Boolean => ("boolean", None),
        ValueKind::Duration => ("duration", None),
        ValueKind::OneOf(texts) => ("one-of", Some(texts)),
    };
    json!({
        "name": key.name,
        "description": key.description,
        "kind": kind,
        "one_of": one_of,
        "required": key.required,
        "default": key.default,
    })
}
