//! The failure policy as tables.

use super::*;

const NOW: Timestamp = Timestamp(1_000_000);

fn standing(attempts: u32, count: u32) -> Standing {
    let policy = RetryPolicy {
        count,
        interval: Duration::from_secs(60),
        ..RetryPolicy::default()
    };
    Standing {
        attempts,
        policy,
        has_next: false,
        expires: None,
        on_failure: None,
        now: NOW,
        dice: 0,
    }
}

fn with_backup(attempts: u32, count: u32) -> Standing {
    Standing {
        has_next: true,
        ..standing(attempts, count)
    }
}

fn failed(retry: Retry) -> Outcome {
    Outcome::Failed(Failure {
        error: ErrorInfo::new("x", "broken"),
        retry,
    })
}

#[test]
fn b50_attempts_are_one_more_than_the_retry_count() {
    for count in [0, 1, 3, 1000] {
        let mut attempts = 0;
        let mut calls = 1;
        while let Verdict::Resubmit {
            attempts: charged, ..
        } = decide(failed(Retry::ByPolicy), standing(attempts, count))
        {
            assert_eq!(
                charged,
                attempts + 1,
                "every failed attempt is charged once"
            );
            attempts = charged;
            calls += 1;
        }
        assert_eq!(calls, count + 1, "retry count {count}");
    }
}

#[test]
fn b53_retry_count_zero_suspends_at_the_first_failure() {
    let verdict = decide(failed(Retry::ByPolicy), standing(0, 0));
    assert!(
        matches!(verdict, Verdict::Suspend { attempts: 1, .. }),
        "{verdict:?}"
    );
}

#[test]
fn b51_the_next_attempt_is_due_when_policy_destination_or_adapter_says() {
    let due = |outcome| match decide(outcome, standing(0, 3)) {
        Verdict::Resubmit {
            due, attempts: 1, ..
        } => due.0 - NOW.0,
        other => panic!("{other:?}"),
    };
    assert_eq!(due(failed(Retry::ByPolicy)), 60_000);
    assert_eq!(due(failed(Retry::After(Duration::from_secs(2)))), 2_000);
    let resubmit = |not_before| Outcome::Resubmit {
        not_before,
        carry: Properties::default(),
    };
    assert_eq!(due(resubmit(None)), 60_000);
    assert_eq!(due(resubmit(Some(Timestamp(NOW.0 + 5)))), 5);
    assert_eq!(due(resubmit(Some(Timestamp(0)))), 0, "the past means now");
    let year = i64::try_from(LONGEST_DELAY.as_millis()).expect("fits");
    assert_eq!(
        due(failed(Retry::After(Duration::MAX))),
        year,
        "no message is parked for decades"
    );
    assert_eq!(due(resubmit(Some(Timestamp(i64::MAX)))), year);
}

#[test]
fn permanent_failures_and_adapters_that_ask_for_it_suspend_with_their_text() {
    let error = ErrorInfo::new("x", "broken");
    for outcome in [
        failed(Retry::Never),
        Outcome::Suspend(error.clone()),
        // B55: there is no transport after this one.
        Outcome::NextTransport(error.clone()),
    ] {
        let verdict = decide(outcome, standing(1, 3));
        assert_eq!(
            verdict,
            Verdict::Suspend {
                attempts: 2,
                error: error.clone(),
                resumable: true,
            }
        );
    }
}

#[test]
fn what_was_not_the_messages_fault_costs_no_retry() {
    let verdict = decide(Outcome::Returned, standing(2, 3));
    assert_eq!(verdict, Verdict::Release { alone: false });
    let verdict = decide(Outcome::Suspect(ErrorInfo::default()), standing(2, 3));
    assert_eq!(verdict, Verdict::Release { alone: true });
}

/// B45 as improved: what the sample code had every adapter try in turn is the engine's business.
#[test]
fn b45_a_resubmission_that_cannot_be_moves_on_and_then_suspends() {
    let again = || Outcome::Resubmit {
        not_before: None,
        carry: Properties::default(),
    };
    let moved = decide(again(), with_backup(3, 3));
    assert!(matches!(moved, Verdict::NextTransport { .. }), "{moved:?}");
    let ended = decide(again(), standing(3, 3));
    assert!(matches!(ended, Verdict::Suspend { .. }), "{ended:?}");
}

#[test]
fn b15_b54_the_backup_takes_over_when_the_primary_is_given_up() {
    let error = ErrorInfo::new("x", "broken");
    let moved = |attempts| Verdict::NextTransport {
        attempts,
        error: error.clone(),
    };
    assert_eq!(decide(failed(Retry::ByPolicy), with_backup(3, 3)), moved(4));
    assert_eq!(decide(failed(Retry::ByPolicy), with_backup(0, 0)), moved(1));
    let asked = Outcome::NextTransport(error.clone());
    assert_eq!(decide(asked, with_backup(0, 3)), moved(1), "at once");
    let still = decide(failed(Retry::ByPolicy), with_backup(2, 3));
    assert!(matches!(still, Verdict::Resubmit { .. }), "{still:?}");
}

#[test]
fn b15_another_transport_does_not_help_a_message_that_is_at_fault() {
    for outcome in [failed(Retry::Never), Outcome::Suspend(ErrorInfo::default())] {
        let verdict = decide(outcome, with_backup(0, 3));
        assert!(matches!(verdict, Verdict::Suspend { .. }), "{verdict:?}");
    }
}

#[test]
fn b66_skipped_messages_of_a_lane_cannot_be_resumed() {
    for (on_failure, expected) in [
        (None, true),
        (Some(OnFailure::Stop), true),
        (Some(OnFailure::Skip), false),
    ] {
        let standing = Standing {
            on_failure,
            ..standing(0, 0)
        };
        let Verdict::Suspend { resumable, .. } = decide(failed(Retry::ByPolicy), standing) else {
            panic!("suspended");
        };
        assert_eq!(resumable, expected, "{on_failure:?}");
    }
}

#[test]
fn intervals_stay_or_double_up_to_the_cap_and_are_stretched_by_the_jitter() {
    let second = Duration::from_secs(1);
    let fixed = RetryPolicy {
        count: 9,
        interval: second,
        backoff: Backoff::Fixed,
        jitter: 50,
    };
    let doubling = RetryPolicy {
        backoff: Backoff::Exponential { cap: 10 * second },
        jitter: 0,
        ..fixed
    };
    let table = |policy: RetryPolicy, dice| {
        [1, 2, 3, 4, 5, 1000].map(|n| policy.delay(n, dice).as_millis())
    };
    assert_eq!(table(fixed, 0), [1000; 6]);
    assert_eq!(table(fixed, u16::MAX), [1500; 6]);
    assert_eq!(
        table(doubling, u16::MAX),
        [1000, 2000, 4000, 8000, 10_000, 10_000]
    );
    let absurd = RetryPolicy {
        interval: Duration::MAX,
        backoff: Backoff::Exponential { cap: Duration::MAX },
        ..fixed
    };
    assert_eq!(absurd.delay(u32::MAX, 0), Duration::MAX);
}

#[test]
fn a_retry_after_the_end_of_the_time_to_live_is_none() {
    let expiring = |expires| Standing {
        expires: Some(Timestamp(NOW.0 + expires)),
        ..standing(0, 3)
    };
    let verdict = decide(failed(Retry::ByPolicy), expiring(60_001));
    assert!(matches!(verdict, Verdict::Resubmit { .. }), "{verdict:?}");
    let Verdict::Suspend {
        attempts, error, ..
    } = decide(failed(Retry::ByPolicy), expiring(60_000))
    else {
        panic!("suspended");
    };
    assert_eq!((attempts, error.code.as_deref()), (1, Some("expired")));
    let Verdict::Suspend { attempts, .. } = expired(expiring(-1)) else {
        panic!("suspended");
    };
    assert_eq!(attempts, 0, "an expired message costs no attempt");
}

mod against_a_simple_model {
    //! Whatever an adapter answers, a message comes to its end within its budgets.

    use proptest::prelude::*;

    use super::*;
    use crate::Response;

    fn outcomes() -> impl Strategy<Value = Outcome> {
        let error = ErrorInfo::new("x", "broken");
        prop_oneof![
            4 => Just(failed(Retry::ByPolicy)),
            2 => (0..10_000_u64).prop_map(|ms| failed(Retry::After(Duration::from_millis(ms)))),
            1 => Just(failed(Retry::Never)),
            2 => any::<Option<i64>>().prop_map(|at| Outcome::Resubmit {
                not_before: at.map(Timestamp),
                carry: Properties::default(),
            }),
            1 => Just(Outcome::NextTransport(error.clone())),
            1 => Just(Outcome::Suspend(error.clone())),
            1 => Just(Outcome::Returned),
            1 => Just(Outcome::Suspect(error)),
            1 => Just(Outcome::Answered(Response::default())),
            1 => Just(Outcome::Delivered),
        ]
    }

    proptest! {
        /// The reference: at most 1 + count charged attempts on each transport, time never runs
        /// backwards, returned messages cost nothing. A crash between an outcome and its settlement
        /// (`crash`) is a delivery that leaves no trace.
        #[test]
        fn b50_b54_budgets_hold_for_any_history(
            history in proptest::collection::vec((outcomes(), any::<bool>()), 1..80),
            counts in (0..6_u32, 0..6_u32),
            has_backup: bool,
        ) {
            let (mut on_backup, mut attempts, mut charged) = (false, 0, [0_u32; 2]);
            for (outcome, crash) in history {
                let count = if on_backup { counts.1 } else { counts.0 };
                let has_next = has_backup && !on_backup;
                let verdict = decide(outcome, Standing { has_next, ..standing(attempts, count) });
                if crash {
                    continue;
                }
                match verdict {
                    Verdict::Delete | Verdict::Suspend { .. } | Verdict::Route(_) => break,
                    Verdict::Release { .. } => {}
                    Verdict::Resubmit { due, attempts: now, .. } => {
                        prop_assert!(due >= NOW);
                        prop_assert_eq!(now, attempts + 1);
                        attempts = now;
                        charged[usize::from(on_backup)] = now;
                        prop_assert!(now <= count, "attempt {} of a budget of 1 + {}", now + 1, count);
                    }
                    Verdict::NextTransport { attempts: now, .. } => {
                        prop_assert!(has_next);
                        prop_assert!(now <= count + 1);
                        (on_backup, attempts) = (true, 0);
                    }
                }
            }
            prop_assert!(charged[0] <= counts.0 && charged[1] <= counts.1);
        }
    }
}
