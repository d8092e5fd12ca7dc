//! `sendport adapter inspect`: what a component is and what it could do.

use std::fmt::Write as _;
use std::path::Path;

use adapter_runtime::{ConfigurationKey, Inspection, ValueKind};
use bytesize::ByteSize;
use serde_json::{Value, json};

use crate::{output, wiring};

pub(crate) fn inspect(component: &Path, json: bool) -> anyhow::Result<()> {
    let inspection = wiring::inspect(component)?;
    let text = if json {
        format!("{:#}\n", as_json(&inspection))
    } else {
        as_text(&inspection)
    };
    output::print(&text)
}

fn as_text(inspection: &Inspection) -> String {
    let info = &inspection.info;
    let starts = match info.start_eagerly {
        true => "with its port",
        false => "at the first message",
    };
    let yes_no = |yes| if yes { "yes" } else { "no" }.to_owned();
    let rows = [
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
        ("sha-256", inspection.digest.clone()),
    ];
    let mut text = String::new();
    for (name, value) in rows {
        line(&mut text, &format!("{name:<12} {value}"));
    }
    list(&mut text, "imports", &inspection.imports);
    list(&mut text, "exports", &inspection.exports);
    keys(&mut text, "[adapters.NAME.config]", &info.handler_schema);
    keys(&mut text, "[ports.NAME.config]", &info.port_schema);
    text
}

fn line(text: &mut String, line: &str) {
    text.push_str(line.trim_end());
    text.push('\n');
}

fn list(text: &mut String, heading: &str, items: &[String]) {
    line(text, heading);
    for item in items {
        line(text, &format!("  {item}"));
    }
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

fn as_json(inspection: &Inspection) -> Value {
    let info = &inspection.info;
    json!({
        "name": info.name,
        "version": info.version,
        "description": info.description,
        "world": inspection.world.to_string(),
        "transport_type": info.transport_type,
        "address_prefixes": info.address_prefixes,
        "start_eagerly": info.start_eagerly,
        "ordered_delivery": info.ordered_delivery,
        "two_way": info.two_way,
        "size": inspection.size,
        "digest": inspection.digest,
        "imports": inspection.imports,
        "exports": inspection.exports,
        "handler_schema": info.handler_schema.iter().map(key_json).collect::<Vec<_>>(),
        "port_schema": info.port_schema.iter().map(key_json).collect::<Vec<_>>(),
    })
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
