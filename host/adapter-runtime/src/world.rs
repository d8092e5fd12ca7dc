//! Finds out which kind of adapter a component is, from what it exports (BizTalk's QueryInterface).

use std::fmt;

/// The version of `sendport:adapter` this host speaks.
pub(crate) const CONTRACT_VERSION: &str = "0.1.0";

const CONTRACT: &str = "sendport:adapter/";

/// The kinds of adapter this host drives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum World {
    /// One message per call, many calls open in one instance.
    AsyncSendAdapter,
    /// Batches.
    AsyncBatchSendAdapter,
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AsyncSendAdapter => "async-send-adapter",
            Self::AsyncBatchSendAdapter => "async-batch-send-adapter",
        })
    }
}

impl World {
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
        let has = |interface: &str| ours.iter().any(|n| n.split('@').next() == Some(interface));
        for required in ["transport", "transport-control"] {
            if !has(required) && !ours.is_empty() {
                return Err(format!(
                    "it does not export {CONTRACT}{required}@{CONTRACT_VERSION}, which every adapter must"
                ));
            }
        }
        match (has("transmitter"), has("batch-transmitter")) {
            (true, false) => Ok(Self::AsyncSendAdapter),
            (false, true) => Ok(Self::AsyncBatchSendAdapter),
            (true, true) => Err(
                "it exports both transmitter and batch-transmitter; export one of them".to_owned(),
            ),
            (false, false) => Err(format!(
                "it exports neither {CONTRACT}transmitter@{CONTRACT_VERSION} nor {CONTRACT}batch-transmitter@{CONTRACT_VERSION}; implement one of the worlds async-send-adapter, async-batch-send-adapter"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(exports: &[&str]) -> Result<World, String> {
        World::of_exports(exports.iter().copied())
    }

    const TRANSPORT: &str = "sendport:adapter/transport@0.1.0";
    const CONTROL: &str = "sendport:adapter/transport-control@0.1.0";
    const ONE: &str = "sendport:adapter/transmitter@0.1.0";
    const BATCH: &str = "sendport:adapter/batch-transmitter@0.1.0";

    #[test]
    fn the_exports_name_the_world() {
        assert_eq!(
            world(&[TRANSPORT, CONTROL, ONE]),
            Ok(World::AsyncSendAdapter)
        );
        assert_eq!(
            world(&[BATCH, "memory", CONTROL, TRANSPORT]),
            Ok(World::AsyncBatchSendAdapter)
        );
    }

    #[test]
    fn b05_b06_b07_wrong_combinations_say_what_was_found() {
        let text = |exports: &[&str]| world(exports).expect_err("must be refused");
        assert!(text(&[TRANSPORT, ONE]).contains("transport-control"), "B05");
        assert!(text(&[TRANSPORT, CONTROL]).contains("neither"), "B06");
        assert!(
            text(&["wasi:http/handler@0.3.0"]).contains("neither"),
            "B06"
        );
        assert!(
            text(&[TRANSPORT, CONTROL, ONE, BATCH]).contains("both"),
            "B07, improved: refused"
        );
        assert!(text(&["sendport:adapter/transport@0.2.0", CONTROL, ONE]).contains("0.2.0"));
    }
}
