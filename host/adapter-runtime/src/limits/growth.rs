//! Memory and tables of one instance: how large they are, and how large they may become.

use wasmtime::ResourceLimiter;

use super::{CORE_INSTANCES, CORE_MEMORIES, CORE_TABLES, TABLE_ELEMENTS};

/// Counts over all memories, and over all tables. wasmtime's own limits are for each of them, and a
/// component may have many.
#[derive(Debug)]
pub(crate) struct Growth {
    memory: Bounded,
    tables: Bounded,
    /// What was refused last.
    refused: Option<Refused>,
}

/// What a guest did not get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Memory beyond so many bytes.
    Memory(usize),
    /// Table elements beyond so many.
    TableElements(usize),
}

#[derive(Debug)]
struct Bounded {
    size: usize,
    limit: usize,
}

impl Growth {
    pub(crate) fn new(memory: usize) -> Self {
        let bounded = |limit| Bounded { size: 0, limit };
        Self {
            memory: bounded(memory),
            tables: bounded(TABLE_ELEMENTS),
            refused: None,
        }
    }

    /// Bytes of linear memory. They never shrink while the instance lives, so this is the peak as well.
    pub(crate) fn memory(&self) -> usize {
        self.memory.size
    }

    pub(crate) fn refused(&self) -> Option<Refused> {
        self.refused
    }
}

impl Bounded {
    fn grow(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> bool {
        let added = desired.saturating_sub(current);
        let fits = self.size.saturating_add(added) <= self.limit;
        let allowed = fits && maximum.is_none_or(|maximum| desired <= maximum);
        if allowed {
            self.size += added;
        }
        allowed
    }
}

/// A growth that was allowed and then failed, for the machine is full, stays counted: wasmtime also tells
/// of failures that nobody was asked about, so that taking something off would let a guest make room.
impl ResourceLimiter for Growth {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let allowed = self.memory.grow(current, desired, maximum);
        if !allowed {
            self.refused = Some(Refused::Memory(self.memory.limit));
        }
        Ok(allowed)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let allowed = self.tables.grow(current, desired, maximum);
        if !allowed {
            self.refused = Some(Refused::TableElements(self.tables.limit));
        }
        Ok(allowed)
    }

    fn instances(&self) -> usize {
        CORE_INSTANCES
    }

    fn tables(&self) -> usize {
        CORE_TABLES
    }

    fn memories(&self) -> usize {
        CORE_MEMORIES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_memories_together_are_bounded() {
        let mut growth = Growth::new(100);
        let mut grow = |current, desired| growth.memory_growing(current, desired, None).ok();
        assert_eq!(grow(0, 60), Some(true), "the first memory");
        assert_eq!(grow(0, 41), Some(false), "a second one");
        assert_eq!(grow(0, 30), Some(true));
        assert_eq!(grow(60, 71), Some(false));
        assert_eq!(grow(60, 70), Some(true));
        assert_eq!(growth.memory(), 100);
        assert_eq!(growth.refused(), Some(Refused::Memory(100)));
    }

    #[test]
    fn growth_beyond_a_memorys_own_maximum_takes_nothing() {
        let mut growth = Growth::new(100);
        assert!(growth.memory_growing(0, 40, Some(39)).is_ok_and(|yes| !yes));
        assert_eq!(growth.memory(), 0);
    }

    #[test]
    fn failures_make_no_room() {
        let mut growth = Growth::new(100);
        assert!(growth.memory_growing(0, 60, None).is_ok_and(|yes| yes));
        // As for a growth to more than the memory's type can hold, which nobody was asked about.
        let error = wasmtime::format_err!("too large");
        assert!(growth.memory_grow_failed(error).is_ok());
        assert_eq!(growth.memory(), 60);
    }

    #[test]
    fn all_tables_together_are_bounded() {
        let mut growth = Growth::new(0);
        let half = TABLE_ELEMENTS / 2;
        let mut grow = |desired| growth.table_growing(0, desired, None).ok();
        assert_eq!(grow(half), Some(true));
        assert_eq!(grow(half + 1), Some(false));
        assert_eq!(grow(half), Some(true));
        let refused = Refused::TableElements(TABLE_ELEMENTS);
        assert_eq!(growth.refused(), Some(refused));
    }
}
