//! Finds out which kind of adapter a component is, from what it exports (BizTalk's QueryInterface).

use std::fmt;

/// The version of `sendport:adapter` this host speaks.
pub(crate) const CONTRACT_VERSION: &str = "0.2.0";

const CONTRACT: &str = "sendport:adapter/";

/// What every adapter exports.
const TRANSPORT: &str = "transport";

/// The kinds of adapter this host drives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum World {
    /// One message per call, many calls open in one instance.
    AsyncSendAdapter,
    /// Batches, several open in one instance.
    AsyncBatchSendAdapter,
    /// Batches that are prepared at the destination and committed with the message box: exactly once.
    TransactionalBatchSendAdapter,
    /// One message at a time in an instance; no function is async.
    SendAdapter,
    /// One batch at a time in an instance; no function is async.
    BatchSendAdapter,
}

impl World {
    /// All of them, as they stand in the contract.
    const ALL: [Self; 5] = [
        Self::AsyncSendAdapter,
        Self::AsyncBatchSendAdapter,
        Self::TransactionalBatchSendAdapter,
        Self::SendAdapter,
        Self::BatchSendAdapter,
    ];

    /// Its name in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AsyncSendAdapter => "async-send-adapter",
            Self::AsyncBatchSendAdapter => "async-batch-send-adapter",
            Self::TransactionalBatchSendAdapter => "transactional-batch-send-adapter",
            Self::SendAdapter => "send-adapter",
            Self::BatchSendAdapter => "batch-send-adapter",
        }
    }

    /// True when no function of it is async: an instance does one thing at a time.
    pub fn is_synchronous(self) -> bool {
        matches!(self, Self::SendAdapter | Self::BatchSendAdapter)
    }

    /// True when its batches are committed together with the message box.
    pub fn is_transactional(self) -> bool {
        self == Self::TransactionalBatchSendAdapter
    }

    /// The interface that makes an adapter one of this world.
    fn transmitter(self) -> &'static str {
        match self {
            Self::AsyncSendAdapter => "transmitter",
            Self::AsyncBatchSendAdapter => "batch-transmitter",
            Self::TransactionalBatchSendAdapter => "transactional-batch-transmitter",
            Self::SendAdapter => "sync-transmitter",
            Self::BatchSendAdapter => "sync-batch-transmitter",
        }
    }

    /// The interface through which its instances are begun and ended.
    fn control(self) -> &'static str {
        control(self.is_synchronous())
    }

    /// The world of a component with these exports. The error says what was found and what is allowed.
    pub(crate) fn of_exports<'a>(exports: impl Iterator<Item = &'a str>) -> Result<Self, String> {
        let ours: Vec<&str> = exports
            .filter_map(|name| name.strip_prefix(CONTRACT))
            .collect();
        let other_version = |name: &&&str| {
            name.split_once('@')
                .is_some_and(|(_, v)| v != CONTRACT_VERSION)
        };
        if let Some(name) = ours.iter().find(other_version) {
            return Err(format!(
                "it exports {CONTRACT}{name}, but this host speaks version {CONTRACT_VERSION} of the contract; rebuild it against this host's wit/"
            ));
        }
        let found: Vec<&str> = ours
            .iter()
            .map(|name| name.split_once('@').map_or(*name, |(name, _)| name))
            .collect();
        let world = Self::of_transmitters(&found)?;
        world.check_others(&found)?;
        Ok(world)
    }

    /// By the one transmitter interface there must be (B06, B07 improved: refused).
    fn of_transmitters(found: &[&str]) -> Result<Self, String> {
        let has = |world: &Self| found.contains(&world.transmitter());
        let worlds: Vec<Self> = Self::ALL.into_iter().filter(has).collect();
        match worlds.as_slice() {
            [world] => Ok(*world),
            [] => Err(format!(
                "it exports neither {}, but {}; export exactly one of them to implement one of the worlds {}",
                list(Self::ALL.map(Self::transmitter), " nor "),
                something(found),
                list(Self::ALL.map(Self::as_str), ", "),
            )),
            several => Err(format!(
                "it exports both {}; an adapter is of one kind: export exactly one of {}",
                list(several.iter().map(|w| w.transmitter()), " and "),
                list(Self::ALL.map(Self::transmitter), ", "),
            )),
        }
    }

    /// The description and the control of the right family (B05).
    fn check_others(self, found: &[&str]) -> Result<(), String> {
        let (transmitter, needed) = (self.transmitter(), self.control());
        let other = control(!self.is_synchronous());
        if !found.contains(&TRANSPORT) {
            return Err(format!(
                "it does not export {CONTRACT}{TRANSPORT}@{CONTRACT_VERSION}, which every adapter must; it exports {}",
                something(found)
            ));
        }
        match (found.contains(&needed), found.contains(&other)) {
            (true, false) => Ok(()),
            (true, true) => Err(format!(
                "it exports both {needed} and {other}; the world {self} has {needed} only"
            )),
            (false, true) => Err(format!(
                "it exports {transmitter}, which is {}, with {other}, which is {}; the world {self} has {CONTRACT}{needed}@{CONTRACT_VERSION} instead",
                family(self.is_synchronous()),
                family(!self.is_synchronous()),
            )),
            (false, false) => Err(format!(
                "it exports {transmitter} but not {CONTRACT}{needed}@{CONTRACT_VERSION}, which the world {self} must; it exports {}",
                something(found)
            )),
        }
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn control(synchronous: bool) -> &'static str {
    if synchronous {
        "sync-transport-control"
    } else {
        "transport-control"
    }
}

fn family(synchronous: bool) -> &'static str {
    if synchronous {
        "synchronous"
    } else {
        "asynchronous"
    }
}

fn list(names: impl IntoIterator<Item = &'static str>, between: &str) -> String {
    names.into_iter().collect::<Vec<_>>().join(between)
}

/// What was found of the contract, for the one who reads the error.
fn something(found: &[&str]) -> String {
    if found.is_empty() {
        "nothing of sendport:adapter".to_owned()
    } else {
        found.join(", ")
    }
}

#[cfg(test)]
mod tests;
