//! Random numbers, or what looks like them.

use rand::SeedableRng;
use rand::rngs::StdRng;
use wasmtime_wasi::WasiCtxBuilder;

use crate::grants::RandomGrant;

/// Any numbers would do, as long as they stay the same.
const SECURE_SEED: u64 = 1;
const INSECURE_SEED: u64 = 2;
const SEED_OF_THE_GUEST: u128 = 3;

/// Gives a store the numbers of this grant.
pub(super) fn grant(builder: &mut WasiCtxBuilder, grant: RandomGrant) {
    match grant {
        // The builder's own are seeded by the system, for every store anew.
        RandomGrant::System => {}
        RandomGrant::Fixed => {
            builder.secure_random(StdRng::seed_from_u64(SECURE_SEED));
            builder.insecure_random(StdRng::seed_from_u64(INSECURE_SEED));
            builder.insecure_random_seed(SEED_OF_THE_GUEST);
        }
    }
}
