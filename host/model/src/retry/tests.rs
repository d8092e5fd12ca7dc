//! The failure policy as tables.

use super::*;

const NOW: Timestamp = Timestamp(1_000_000);

fn standing(attempts: u32, count: u32) -> Standing {
    let policy = RetryPolicy {
        count,
        interval: Duration::from_secs(60),
    };
    Standing {
        attempts,
        policy,
        now: NOW,
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
        Outcome::NextTransport(error.clone()),
    ] {
        let verdict = decide(outcome, standing(1, 3));
        assert_eq!(
            verdict,
            Verdict::Suspend {
                attempts: 2,
                error: error.clone()
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

#[test]
fn a_guest_that_always_asks_for_more_is_ended_by_the_budget() {
    let outcome = Outcome::Resubmit {
        not_before: None,
        carry: Properties::default(),
    };
    assert!(matches!(
        decide(outcome, standing(3, 3)),
        Verdict::Suspend { .. }
    ));
}
