//! Describing an adapter: everything but three words has a default.

use crate::{ConfigurationKey, TransportInfo, ValueKind};

impl TransportInfo {
    /// A description without addresses and configuration. The transport type is the protocol's short
    /// name, such as `HTTP`; the name is for people; the version is the adapter's own.
    pub fn new(transport_type: &str, name: &str, version: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            description: String::new(),
            transport_type: transport_type.to_owned(),
            address_prefixes: Vec::new(),
            start_eagerly: false,
            ordered_delivery: false,
            two_way: false,
            handler_schema: Vec::new(),
            port_schema: Vec::new(),
        }
    }

    /// One sentence about the adapter.
    pub fn description(mut self, text: &str) -> Self {
        self.description = text.to_owned();
        self
    }

    /// A beginning of addresses it answers to, such as `http://`.
    pub fn prefix(mut self, prefix: &str) -> Self {
        self.address_prefixes.push(prefix.to_owned());
        self
    }

    /// Starts instances with the port rather than at its first message.
    pub fn eager(mut self) -> Self {
        self.start_eagerly = true;
        self
    }

    /// Works on a port that delivers in order: a message handed over is sent before the next one is
    /// taken, and nothing is sent behind the host's back.
    pub fn ordered_delivery(mut self) -> Self {
        self.ordered_delivery = true;
        self
    }

    /// Leaves a response with the host when a message expects one
    /// ([`Message::submit_response`](crate::Message::submit_response)).
    pub fn two_way(mut self) -> Self {
        self.two_way = true;
        self
    }

    /// Keys of the handler configuration, what `load` gets.
    pub fn handler_keys(mut self, keys: impl IntoIterator<Item = ConfigurationKey>) -> Self {
        self.handler_schema.extend(keys);
        self
    }

    /// Keys of a port's configuration, what [`Message::settings`](crate::Message::settings) gives.
    pub fn port_keys(mut self, keys: impl IntoIterator<Item = ConfigurationKey>) -> Self {
        self.port_schema.extend(keys);
        self
    }
}

impl ConfigurationKey {
    /// An optional key; absence needs no explanation.
    pub fn new(name: &str, kind: ValueKind, description: &str) -> Self {
        Self {
            name: name.to_owned(),
            description: description.to_owned(),
            kind,
            required: false,
            default: None,
        }
    }

    /// What absence means.
    pub fn default_value(mut self, value: &str) -> Self {
        self.default = Some(value.to_owned());
        self
    }

    /// There is no default.
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }
}

impl ValueKind {
    /// One of these texts.
    pub fn one_of_texts(texts: &[&str]) -> Self {
        Self::OneOf(texts.iter().map(|&text| text.to_owned()).collect())
    }
}
