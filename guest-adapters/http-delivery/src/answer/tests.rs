use super::*;

fn classify(answer: &Answer<'_>) -> Result<(), Verdict> {
    let settings = Settings {
        retry_statuses: vec![404],
        ..Settings::default()
    };
    settings.classify(answer)
}

fn status(status: u16) -> Answer<'static> {
    Answer {
        status,
        ..Answer::default()
    }
}

#[test]
fn a_status_decides() {
    for delivered in [200, 201, 202, 204, 299] {
        assert_eq!(classify(&status(delivered)), Ok(()), "{delivered}");
    }
    let cases = [
        (
            Retry::ByPolicy,
            [404, 408, 425, 429, 500, 502, 503, 504, 599].as_slice(),
        ),
        (
            Retry::Never,
            &[
                100, 300, 301, 304, 308, 400, 401, 403, 405, 410, 413, 422, 499, 600,
            ],
        ),
    ];
    for (retry, statuses) in cases {
        for &code in statuses {
            let verdict = classify(&status(code)).unwrap_err();
            assert_eq!(
                (verdict.retry, verdict.code),
                (retry, format!("http-{code}"))
            );
        }
    }
}

#[test]
fn retry_after_is_seconds_or_a_date_by_the_destinations_clock() {
    let noon = Some("Sun, 06 Nov 1994 12:00:00 GMT");
    let later = "Sun, 06 Nov 1994 12:01:30 GMT";
    let after = |seconds| Retry::After(Duration::from_secs(seconds));
    let cases = [
        (None, noon, Retry::ByPolicy),
        (Some("0"), None, after(0)),
        (Some(" 120 "), None, after(120)),
        (Some(later), noon, after(90)),
        (Some(later), None, Retry::ByPolicy),
        (Some(later), Some("today"), Retry::ByPolicy),
        (noon, Some(later), after(0)),
        (Some("-5"), noon, Retry::ByPolicy),
        (Some("soon"), noon, Retry::ByPolicy),
        (Some("99999999999999999999"), noon, Retry::ByPolicy),
    ];
    for (retry_after, date, expected) in cases {
        let answer = Answer {
            retry_after,
            date,
            ..status(503)
        };
        let verdict = classify(&answer).unwrap_err();
        assert_eq!(verdict.retry, expected, "{retry_after:?} at {date:?}");
    }
}

#[test]
fn retry_after_does_not_make_a_permanent_failure_retryable() {
    let answer = Answer {
        retry_after: Some("5"),
        ..status(400)
    };
    assert_eq!(classify(&answer).unwrap_err().retry, Retry::Never);
}

#[test]
fn the_text_says_what_the_destination_said() {
    let answer = Answer {
        excerpt: b"\n{\"error\":\t\"no \xff\"}\r\n",
        ..status(422)
    };
    let text = classify(&answer).unwrap_err().text;
    assert_eq!(
        text,
        "the destination answered 422: {\"error\": \"no \u{fffd}\"}"
    );
}

#[test]
fn a_redirect_says_where_it_points() {
    let answer = Answer {
        location: Some("https://new.example/"),
        ..status(308)
    };
    let text = classify(&answer).unwrap_err().text;
    assert!(
        text.contains("\"https://new.example/\"; redirects are not followed"),
        "{text}"
    );
}

#[test]
fn without_an_answer_only_what_cannot_work_is_permanent() {
    let text = || "why".to_owned();
    let cases = [
        (
            Unanswered::Invalid(text()),
            Retry::Never,
            "http-invalid-request",
        ),
        (Unanswered::Denied(text()), Retry::Never, "http-denied"),
        (Unanswered::Connect(text()), Retry::ByPolicy, "http-connect"),
        (Unanswered::Timeout, Retry::ByPolicy, "http-timeout"),
        (Unanswered::Broken(text()), Retry::ByPolicy, "http-broken"),
        (Unanswered::Body(text()), Retry::ByPolicy, "http-body"),
    ];
    for (unanswered, retry, code) in cases {
        let verdict = Verdict::from(unanswered);
        assert_eq!((verdict.retry, verdict.code.as_str()), (retry, code));
    }
}
