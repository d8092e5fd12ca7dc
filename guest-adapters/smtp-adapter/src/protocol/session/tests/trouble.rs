//! Refusals, and connections that end where they should not.

use super::*;

/// Closed at once, with a farewell, or in the middle of the first command.
#[test]
fn a_kept_connection_that_the_server_has_closed_is_stale() {
    let mail = "
        C: MAIL FROM:<a@x.de>
        S: 250 ok
        C: RCPT TO:<b@x.de>
        S: 250 ok
        C: DATA
    ";
    for end in [
        "C: RSET\nS: 421 4.4.2 idle",
        "C: RSET",
        "X: reset",
        "C: RSET\nX: silent",
    ] {
        let script = script(&[HELLO, NONE, mail, CONTENT, end]);
        let mut session = begin(&script, None).unwrap();
        send(&mut session, &envelope(&["b@x.de"])).unwrap();
        let problem = send(&mut session, &envelope(&["b@x.de"])).unwrap_err();
        assert!(problem.is_stale_connection(), "{problem}");
        assert!(!session.is_usable(), "{end}");
        script.is_played();
    }
}

#[test]
fn one_refused_recipient_keeps_the_mail_from_all_unless_the_port_allows_it() {
    let recipients = "
        C: MAIL FROM:<a@x.de> SIZE=100
        C: RCPT TO:<b@x.de>
        C: RCPT TO:<c@x.de>
        S: 250 ok
        S: 250 ok
        S: 550 5.1.1 no such user
    ";
    let refused = script(&[HELLO, ALL, recipients]);
    let mut session = begin(&refused, None).unwrap();
    let mut envelope = envelope(&["b@x.de", "c@x.de"]);
    assert_eq!(
        shown(send(&mut session, &envelope)),
        "it refused c@x.de (550 5.1.1 no such user); the mail was sent to nobody"
    );
    assert!(session.is_usable(), "a refusal is no reason to leave");
    refused.is_played();

    envelope.accept_partial = true;
    let sent = script(&[HELLO, ALL, recipients, "C: DATA", CONTENT]);
    let mut session = begin(&sent, None).unwrap();
    let refused = send(&mut session, &envelope).unwrap();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].recipient, "c@x.de");
    sent.is_played();
}

#[test]
fn nobody_is_left_out_who_is_only_deferred() {
    let recipients = "
        C: MAIL FROM:<a@x.de> SIZE=100
        C: RCPT TO:<b@x.de>
        C: RCPT TO:<c@x.de>
        S: 250 ok
        S: 250 ok
        S: 450 4.2.1 try later
    ";
    let script = script(&[HELLO, ALL, recipients]);
    let mut session = begin(&script, None).unwrap();
    let envelope = Envelope {
        accept_partial: true,
        ..envelope(&["b@x.de", "c@x.de"])
    };
    assert!(shown(send(&mut session, &envelope)).contains("450 4.2.1"));
    script.is_played();
}

#[test]
fn a_refused_sender_is_the_reason_and_not_what_follows_from_it() {
    let dialogue = "
        C: MAIL FROM:<a@x.de> SIZE=100
        C: RCPT TO:<b@x.de>
        S: 530 5.7.0 Must issue a STARTTLS command first
        S: 503 5.5.1 sender first
    ";
    let script = script(&[HELLO, ALL, dialogue]);
    let mut session = begin(&script, None).unwrap();
    assert_eq!(
        shown(send(&mut session, &envelope(&["b@x.de"]))),
        "at MAIL FROM it said 530 5.7.0 Must issue a STARTTLS command first"
    );
    assert!(session.is_usable());
    script.is_played();
}

#[test]
fn what_the_server_cannot_take_is_not_sent() {
    let script = script(&[HELLO, NONE]);
    let mut session = begin(&script, None).unwrap();
    let text = shown(send(&mut session, &envelope(&["jörg@x.de"])));
    assert!(
        text.contains("jörg@x.de") && text.contains("SMTPUTF8"),
        "{text}"
    );
    script.is_played();

    let script = self::script(&[HELLO, ALL]);
    let mut session = begin(&script, None).unwrap();
    let envelope = Envelope {
        size: 1_001,
        ..envelope(&["b@x.de"])
    };
    let problem = send(&mut session, &envelope).unwrap_err();
    assert_eq!(
        problem,
        Problem::TooLarge {
            size: 1_001,
            limit: 1_000
        }
    );
    assert!(session.is_usable());
    script.is_played();
}

#[test]
fn a_server_that_does_not_greet_is_left() {
    let cases = [
        (
            "S: 554 5.3.2 not today",
            "at the greeting it said 554 5.3.2 not today",
        ),
        (
            "S: SSH-2.0-OpenSSH_9.2",
            "the connection failed at the greeting: the server does not speak SMTP",
        ),
        (
            "X: silent",
            "the connection failed at the greeting: nothing came in time",
        ),
        (
            "",
            "the connection failed at the greeting: the server closed the connection",
        ),
    ];
    for (dialogue, expected) in cases {
        let text = shown(begin(&Script::new(dialogue), None));
        assert!(text.starts_with(expected), "{text}");
    }
}

/// The last part has the dot in it, so whoever loses the connection over it does not know.
#[test]
fn trouble_after_the_last_dot_is_told_apart() {
    let begin = "
        C: MAIL FROM:<a@x.de> SIZE=100
        C: RCPT TO:<b@x.de>
        S: 250 ok
        S: 250 ok
        C: DATA
        S: 354 go on
    ";
    let content = "
        C: Subject: x
        C:
        C: ..hidden
        C: .
    ";
    let cases = [
        [begin, content, ""],
        [begin, content, "X: silent"],
        [begin, content, "S: ?"],
        [begin, "X: reset", ""],
    ];
    for [begin, content, end] in cases {
        let script = script(&[HELLO, ALL, begin, content, end]);
        let mut session = self::begin(&script, None).unwrap();
        let problem = send(&mut session, &envelope(&["b@x.de"])).unwrap_err();
        let Problem::Broken { step, .. } = problem else {
            panic!("{problem}");
        };
        assert_eq!(step, Step::Confirmation, "{end}");
        assert!(!session.is_usable());
        script.is_played();
    }
}

#[test]
fn trouble_before_the_last_part_is_no_confirmation_missed() {
    let dialogue = "
        C: MAIL FROM:<a@x.de> SIZE=100
        C: RCPT TO:<b@x.de>
        S: 250 ok
        S: 250 ok
        C: DATA
        S: 354 go on
        X: reset
    ";
    let script = script(&[HELLO, ALL, dialogue]);
    let mut session = begin(&script, None).unwrap();
    let content = [vec![b'x'; PART], b"\r\n".to_vec()].map(Ok);
    let sent = now(session.send(&envelope(&["b@x.de"]), content.into_iter()));
    let Err(Problem::Broken { step, .. }) = sent else {
        panic!("{sent:?}");
    };
    assert_eq!(step, Step::Content);
    script.is_played();
}

#[test]
fn a_body_that_breaks_off_is_never_ended_with_a_dot() {
    let mail = "
        C: MAIL FROM:<a@x.de> SIZE=100
        C: RCPT TO:<b@x.de>
        S: 250 ok
        S: 250 ok
        C: DATA
        S: 354 go on
    ";
    let script = script(&[HELLO, ALL, mail]);
    let mut session = begin(&script, None).unwrap();
    let lost = Problem::Body { found: 0, size: 9 };
    let content = [Ok(b"Subject: x\r\n".to_vec()), Err(lost.clone())];
    let sent = now(session.send(&envelope(&["b@x.de"]), content.into_iter()));
    assert_eq!(sent, Err(lost));
    assert!(!session.is_usable(), "the server still waits for content");
    script.is_played();
}

#[test]
fn a_refused_content_is_a_refusal_and_the_connection_goes_on() {
    let mail = "
        C: MAIL FROM:<a@x.de> SIZE=100
        C: RCPT TO:<b@x.de>
        S: 250 ok
        S: 250 ok
        C: DATA
        S: 354 go on
        C: Subject: x
        C:
        C: ..hidden
        C: .
        S: 554 5.6.0 smells of spam
    ";
    let script = script(&[HELLO, ALL, mail]);
    let mut session = begin(&script, None).unwrap();
    assert_eq!(
        shown(send(&mut session, &envelope(&["b@x.de"]))),
        "at the end of the content it said 554 5.6.0 smells of spam"
    );
    assert!(session.is_usable());
    script.is_played();
}
