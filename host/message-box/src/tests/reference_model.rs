//! Random histories against a model that is too simple to be wrong: a map of messages, in which the head
//! of a lane is simply the oldest. A crash is one of the steps. See `world` for how both are compared.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

mod rows;
mod world;

use world::World;

/// What happens next.
#[derive(Clone, Debug)]
enum Step {
    /// Messages with these priorities and lanes are published together.
    Publish(Vec<(i64, Option<u8>)>),
    /// So many are claimed for so long.
    Claim(TransportSlot, usize, i64),
    /// Leases, good or bad, are settled together.
    Settle(Vec<(usize, Kind)>),
    /// Suspended messages, picked from all ever published, or all of them.
    Resume(Option<usize>),
    Terminate(Option<usize>),
    Edit(usize),
    /// Milliseconds pass.
    Pass(i64),
    /// The process dies and the box is opened again.
    Crash,
}

/// How a lease is settled.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Delete,
    Resubmit(i64),
    NextTransport,
    Suspend {
        resumable: bool,
    },
    /// Goes on at another port, in one of two lanes.
    Route(u8),
    Release,
}

fn step() -> impl Strategy<Value = Step> {
    let lane = prop_oneof![3 => Just(None), 4 => (0..3_u8).prop_map(Some)];
    let slot = prop_oneof![
        3 => Just(TransportSlot::Primary),
        1 => Just(TransportSlot::Backup),
    ];
    let kind = prop_oneof![
        4 => Just(Kind::Delete),
        3 => (0..60_i64).prop_map(Kind::Resubmit),
        1 => Just(Kind::NextTransport),
        2 => any::<bool>().prop_map(|resumable| Kind::Suspend { resumable }),
        1 => (0..2_u8).prop_map(Kind::Route),
        2 => Just(Kind::Release),
    ];
    let whom = prop_oneof![2 => (0..1000_usize).prop_map(Some), 1 => Just(None)];
    prop_oneof![
        5 => vec((1..=10_i64, lane), 1..6).prop_map(Step::Publish),
        8 => (slot, 1..9_usize, 1..80_i64).prop_map(|(slot, n, lease)| Step::Claim(slot, n, lease)),
        6 => vec((0..1000_usize, kind), 1..5).prop_map(Step::Settle),
        2 => whom.clone().prop_map(Step::Resume),
        1 => whom.prop_map(Step::Terminate),
        1 => (0..1000_usize).prop_map(Step::Edit),
        3 => (1..50_i64).prop_map(Step::Pass),
        // Long enough for priorities to matter less than age.
        1 => (30_000..200_000_i64).prop_map(Step::Pass),
        1 => Just(Step::Crash),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn b64_b101_b102_b103_every_history_agrees_with_the_model(
        steps in vec(step(), 1..60),
        capacity in prop_oneof![Just(2_usize), Just(5), Just(2048)],
    ) {
        let mut world = World::new(capacity);
        for step in steps {
            world.step(step);
        }
        world.finish();
    }
}
