//! Whether a port takes and sends messages: what an operator says, kept over restarts.

use std::fmt;

/// The states of a send port, with BizTalk's meaning but for what becomes of messages that reach a
/// stopped port: they wait, pending, instead of being suspended one by one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Enlistment {
    /// Takes messages and sends them.
    #[default]
    Started,
    /// Takes messages and keeps them until it is started. BizTalk: enlisted, stopped.
    Stopped,
    /// Takes no messages; what it has waits. BizTalk: bound, unenlisted.
    Unenlisted,
}

impl Enlistment {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Started, Self::Stopped, Self::Unenlisted];

    /// `started`, `stopped` or `unenlisted`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Stopped => "stopped",
            Self::Unenlisted => "unenlisted",
        }
    }

    /// Reads what [`Self::as_str`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

impl fmt::Display for Enlistment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
