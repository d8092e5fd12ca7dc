//! `[adapters.NAME]`: a component and what all of its ports share.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use super::Place;
use super::section::{Entry, Section};
use super::settings::Settings;
use super::signatures::digest;

const HIGH_WATERMARKS: RangeInclusive<u64> = 1..=1_000_000;

pub(super) const KEYS: &[&str] = &[
    "component",
    "digest",
    "signature",
    "eager",
    "transport-type",
    "address-prefixes",
    "ordered-delivery",
    "two-way",
    "allow-unknown-keys",
    "high-watermark",
    "config",
];

/// An adapter that ports can name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Adapter {
    pub(crate) name: String,
    /// The component's file.
    pub(crate) component: PathBuf,
    /// SHA-256 of the component that was approved, in lower-case hexadecimal digits.
    pub(crate) digest: Option<String>,
    /// The file of its signature, when it is not the one beside the component.
    pub(crate) signature: Option<PathBuf>,
    /// What the operator knows better than the adapter.
    pub(crate) overrides: Overrides,
    /// Keys that the adapter's schema does not know are not refused.
    pub(crate) allow_unknown_keys: bool,
    /// Messages handed to the adapter and not yet resolved, over all of its ports; no limit when absent.
    pub(crate) high_watermark: Option<usize>,
    /// The handler configuration.
    pub(crate) config: Settings,
    /// Where the component is named, or the adapter when it is not.
    pub(crate) component_place: Place,
}

/// In place of what the adapter says about itself, where it is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Overrides {
    /// Start instances with the port.
    pub(crate) eager: Option<bool>,
    pub(crate) transport_type: Option<String>,
    pub(crate) address_prefixes: Option<Vec<String>>,
    pub(crate) ordered_delivery: Option<bool>,
    pub(crate) two_way: Option<bool>,
}

impl Adapter {
    /// `is_signed` says whether the host has keys to check signatures with.
    pub(super) fn read(
        entry: &Entry<'_>,
        section: &Section<'_>,
        directory: &Path,
        is_signed: bool,
    ) -> Self {
        section.refuse_others(KEYS);
        let signature = section.get("signature");
        if let Some(signature) = signature.as_ref().filter(|_| !is_signed) {
            signature.name_mistake(
                "there is no key to check it with; name one: [host] signatures = { keys = [\"release.pub\"] }",
            );
        }
        let hint = "name the adapter's file: component = \"adapters/….wasm\"";
        let component = section.require("component", hint);
        Self {
            name: entry.name.to_owned(),
            component_place: component.as_ref().map_or(section.place(), |c| c.place),
            component: directory.join(component.and_then(|c| c.text()).unwrap_or_default()),
            digest: section.get("digest").and_then(|entry| entry.parsed(digest)),
            signature: signature.and_then(|entry| Some(directory.join(entry.text()?))),
            overrides: Overrides::read(section),
            allow_unknown_keys: section.boolean_or("allow-unknown-keys", false),
            high_watermark: section.whole("high-watermark", HIGH_WATERMARKS),
            config: Settings::read(section),
        }
    }
}

impl Overrides {
    fn read(section: &Section<'_>) -> Self {
        let boolean = |name| section.get(name).and_then(|entry| entry.boolean());
        let transport_type = section.get("transport-type").and_then(|entry| entry.text());
        let prefixes = section
            .get("address-prefixes")
            .and_then(|entry| entry.texts());
        Self {
            eager: boolean("eager"),
            transport_type: transport_type.map(str::to_owned),
            address_prefixes: prefixes
                .map(|prefixes| prefixes.into_iter().map(|prefix| prefix.value).collect()),
            ordered_delivery: boolean("ordered-delivery"),
            two_way: boolean("two-way"),
        }
    }
}
