//! Guests that attack their host: each with what becomes of its message, of the host, and of the neighbour,
//! which goes on delivering meanwhile.
//!
//! The guests are in `tests/guests/hostile-*`, one file each. A test has the name of its guest; a guest
//! without a test does not compile here, and neither does a test that names a guest that is not there.

mod answers;
mod arena;
mod computing;
mod content;
mod endings;
mod hoarding;
mod outcomes;
mod poison;
mod reaching;

/// A guest as the host's configuration has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guest {
    adapter: &'static str,
    /// The value of the adapter's key `guest`; absent where the adapter is one guest only.
    name: Option<&'static str>,
}

include!(concat!(env!("OUT_DIR"), "/hostile_guests.rs"));

/// Every test, by its name, so that the list can be held against them.
mod tests {
    use super::{computing::*, content::*, endings::*, hoarding::*};
    use super::{outcomes::*, poison::*, reaching::*};

    macro_rules! assert_test_exists {
        ($guest:ident) => {
            #[expect(
                unused_imports,
                reason = "that it compiles says that the test is there"
            )]
            use self::$guest as _;
        };
    }

    foreach_hostile_guest!(assert_test_exists);
}
