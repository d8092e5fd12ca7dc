//! What the guard makes of epochs, without a guest.

use super::*;

const MS: Duration = Duration::from_millis(1);
const BUDGET: Duration = Duration::from_millis(100);

fn guard(limits: &Limits) -> CpuGuard {
    CpuGuard::new(CpuBudget::new(limits, Ticker::default()))
}

fn limits() -> Limits {
    Limits {
        cpu_per_message: BUDGET,
        ..Limits::default()
    }
}

/// A guest that computes for so long in every epoch; how often, until it is ended.
fn slices(
    guard: &mut CpuGuard,
    length: Duration,
    mut between: impl FnMut(&mut CpuGuard),
) -> (u32, Option<Exceeded>) {
    for nth in 0..1000 {
        guard.clock.pass(length);
        if let Err(exceeded) = guard.tick(Instant::now()) {
            return (nth, Some(exceeded));
        }
        between(guard);
    }
    (1000, None)
}

#[test]
fn a_guest_that_computes_without_a_break_is_ended_at_its_budget() {
    let mut guard = guard(&limits());
    let (slices, exceeded) = slices(&mut guard, 5 * MS, |guard| guard.pulse.resume_at(None));
    assert_eq!(slices, 20);
    let used = BUDGET + 5 * MS;
    let limit = BUDGET;
    assert_eq!(exceeded, Some(Exceeded::CpuStretch { used, limit }));
}

/// The wall clock says that it ran, and the thread's own that it did not.
#[test]
fn time_that_the_system_gave_to_others_is_forgiven() {
    let mut guard = guard(&limits());
    guard.pulse.resume();
    guard.clock.pass(Duration::from_secs(60));
    assert_eq!(guard.tick(Instant::now()), Ok(Rest::Turn));
    assert!(guard.used() < Duration::from_secs(1), "{:?}", guard.used());
}

#[test]
fn a_break_of_the_event_loop_starts_anew() {
    let mut guard = guard(&limits());
    let turning = slices(&mut guard, 5 * MS, |guard| {
        guard.pulse.resume_at(None);
        guard.turned();
    });
    assert_eq!(turning, (1000, None));
    assert_eq!(guard.used(), 5000 * MS, "and all of it is counted");
}

#[test]
fn waits_for_the_host_are_breaks_too() {
    let mut guard = guard(&limits());
    // It never rests, so that every slice begins with a visit of the thread.
    assert_eq!(slices(&mut guard, 5 * MS, |_| ()), (1000, None));
}

#[test]
fn a_guest_that_keeps_calling_the_host_is_ended_by_the_time_that_goes_by() {
    let mut guard = guard(&limits());
    guard.pulse.resume_at(None);
    let later = Instant::now() + LEAST_HOLD_UP + MS;
    let ended = guard.tick(later);
    assert!(
        matches!(ended, Err(Exceeded::HoldUp { held_up, .. }) if held_up > LEAST_HOLD_UP),
        "{ended:?}"
    );
}

#[test]
fn whoever_computes_for_long_steps_aside_and_whoever_works_does_not() {
    let mut guard = guard(&limits());
    let now = Instant::now();
    let rests = |guard: &mut CpuGuard, length: Duration, turns: bool| -> Vec<Rest> {
        let mut slice = || {
            guard.clock.pass(length);
            let rest = guard.tick(now).expect("within its budget");
            guard.pulse.resume_at(None);
            if turns {
                guard.turned();
            }
            rest
        };
        (0..5).map(|_| slice()).collect()
    };
    assert_eq!(rests(&mut guard, MS, true), [Rest::Turn; 5]);
    let long = rests(&mut guard, 5 * MS, false);
    assert_eq!(long[..3], [Rest::Turn; 3]);
    assert_eq!(long[3..], [Rest::Aside; 2]);
}

#[test]
fn the_instances_of_a_pool_share_what_they_may_use_within_a_second() {
    let limits = Limits {
        cpu_per_second: Some(10 * MS),
        ..limits()
    };
    let budget = CpuBudget::new(&limits, Ticker::default());
    let (mut one, mut two) = (CpuGuard::new(budget.clone()), CpuGuard::new(budget));
    let now = Instant::now();
    one.clock.pass(10 * MS);
    assert_eq!(one.tick(now), Ok(Rest::Turn));
    two.clock.pass(MS);
    assert!(matches!(two.tick(now), Ok(Rest::Until(end)) if end > now));
    assert!(matches!(one.tick(now), Ok(Rest::Until(_))));
}
