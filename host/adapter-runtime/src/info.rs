//! What an adapter says about itself, in the host's own types (BizTalk: IBTTransport and the registration record).

use crate::bindings::exports::transport as wit;

/// An adapter's description of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransportInfo {
    /// For people.
    pub name: String,
    /// The adapter's version.
    pub version: String,
    /// One sentence.
    pub description: String,
    /// The protocol's short name, such as `HTTP`.
    pub transport_type: String,
    /// Beginnings of the addresses it answers to.
    pub address_prefixes: Vec<String>,
    /// Wants instances before the first message.
    pub start_eagerly: bool,
    /// Works on a port that delivers in order (SupportsOrderedDelivery).
    pub ordered_delivery: bool,
    /// Leaves responses with the host when a message expects one (SupportsSolicitResponse).
    pub two_way: bool,
    /// Keys of its handler configuration.
    pub handler_schema: Vec<ConfigurationKey>,
    /// Keys of a port's configuration.
    pub port_schema: Vec<ConfigurationKey>,
}

/// One configuration key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigurationKey {
    /// The key.
    pub name: String,
    /// What it does.
    pub description: String,
    /// What its value must look like.
    pub kind: ValueKind,
    /// There is no default.
    pub required: bool,
    /// What absence means.
    pub default: Option<String>,
}

/// The kinds of value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// Any text.
    Text,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// Such as `30s`.
    Duration,
    /// One of these.
    OneOf(Vec<String>),
}

impl From<wit::TransportInfo> for TransportInfo {
    fn from(info: wit::TransportInfo) -> Self {
        let keys = |keys: Vec<wit::ConfigurationKey>| keys.into_iter().map(Into::into).collect();
        Self {
            name: info.name,
            version: info.version,
            description: info.description,
            transport_type: info.transport_type,
            address_prefixes: info.address_prefixes,
            start_eagerly: info.start_eagerly,
            ordered_delivery: info.ordered_delivery,
            two_way: info.two_way,
            handler_schema: keys(info.handler_schema),
            port_schema: keys(info.port_schema),
        }
    }
}

impl From<wit::ConfigurationKey> for ConfigurationKey {
    fn from(key: wit::ConfigurationKey) -> Self {
        let kind = match key.kind {
            wit::ValueKind::Text => ValueKind::Text,
            wit::ValueKind::Number => ValueKind::Number,
            wit::ValueKind::Boolean => ValueKind::Boolean,
            wit::ValueKind::Duration => ValueKind::Duration,
            wit::ValueKind::OneOf(texts) => ValueKind::OneOf(texts),
        };
        Self {
            name: key.name,
            description: key.description,
            kind,
            required: key.required,
            default: key.default,
        }
    }
}
