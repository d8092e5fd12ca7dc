//! What a port lets its adapter have of the time and of chance. Both can be made up by the host.

/// How well an adapter can tell the time, through `wasi:clocks`.
///
/// Every adapter can measure and wait, since nothing that talks to a network can do without. What it is
/// not given by itself is a clock fine enough to watch the host's caches with, or its neighbours. (A
/// destination that it talks to can always tell it the time, within the noise of the network.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClockGrant {
    /// No date: it is always 1970-01-01T00:00Z. Time is measured from the start of the instance, in
    /// milliseconds. Such an adapter cannot wait for a certain day to behave otherwise.
    None,
    /// The date and the time passed, in steps of a millisecond.
    #[default]
    Coarse,
    /// Both as exactly as the host has them.
    Fine,
}

/// What an adapter draws, through `wasi:random`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RandomGrant {
    /// Unpredictable numbers, good for keys.
    #[default]
    System,
    /// The same numbers in every instance, so that two versions of an adapter can be compared by what
    /// they send. Never for an adapter that makes keys, nonces or identifiers.
    Fixed,
}
