//! Random numbers for jitter: no more than that is ever decided by them.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

/// A sequence of numbers that differs from port to port and from run to run (xorshift64).
#[derive(Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// Seeded by the process's own randomness.
    pub(crate) fn new() -> Self {
        Self(RandomState::new().build_hasher().finish() | 1)
    }

    /// The next number, any of its 16 bits as likely as the others.
    pub(crate) fn throw(&mut self) -> u16 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u16::try_from(self.0 >> 48).unwrap_or(u16::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn throws_are_spread_over_the_whole_range() {
        let mut dice = Dice::new();
        let throws: Vec<_> = (0..10_000).map(|_| dice.throw()).collect();
        for quarter in 0..4_u16 {
            let count = throws.iter().filter(|t| **t >> 14 == quarter).count();
            assert!(
                (1_500..3_500).contains(&count),
                "{count} of 10,000 in quarter {quarter}"
            );
        }
    }
}
