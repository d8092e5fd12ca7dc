use super::super::script::{Script, now};
use super::*;

mod trouble;

const HELLO: &str = "
    S: 220 mail.example.org ESMTP
    C: EHLO client.example.org
";
const ALL: &str = "
    S: 250-mail.example.org
    S: 250-PIPELINING
    S: 250-8BITMIME
    S: 250-SMTPUTF8
    S: 250-AUTH PLAIN LOGIN
    S: 250 SIZE 1000
";
const NONE: &str = "
    S: 250 mail.example.org
";
const CONTENT: &str = "
    S: 354 go on
    C: Subject: x
    C:
    C: ..hidden
    C: .
    S: 250 2.0.0 queued as 1
";

fn begin(script: &Script, login: Option<&Login>) -> Result<Session<Script>, Problem> {
    now(Session::begin(script.clone(), "client.example.org", login))
}

fn script(parts: &[&str]) -> Script {
    Script::new(&parts.concat())
}

fn envelope(recipients: &[&str]) -> Envelope {
    Envelope {
        sender: "a@x.de".to_owned(),
        recipients: recipients
            .iter()
            .map(|&address| address.to_owned())
            .collect(),
        size: 100,
        ..Envelope::default()
    }
}

fn send(session: &mut Session<Script>, envelope: &Envelope) -> Result<Vec<Refusal>, Problem> {
    let pieces = [&b"Subject: x\r\n"[..], b"\r\n.hid", b"den\r\n"];
    let content = pieces.into_iter().map(|piece| Ok(piece.to_vec()));
    now(session.send(envelope, content))
}

fn shown<T: std::fmt::Debug>(result: Result<T, Problem>) -> String {
    result.expect_err("a problem").to_string()
}

#[test]
fn commands_go_in_one_group_where_the_server_allows_it() {
    let dialogue = "
        C: MAIL FROM:<a@x.de> SIZE=100
        C: RCPT TO:<b@x.de>
        C: RCPT TO:<c@x.de>
        S: 250 ok
        S: 250 ok
        S: 251 forwarded
        C: DATA
    ";
    let script = script(&[HELLO, ALL, dialogue, CONTENT]);
    let mut session = begin(&script, None).unwrap();
    assert_eq!(
        send(&mut session, &envelope(&["b@x.de", "c@x.de"])),
        Ok(vec![])
    );
    assert!(session.is_usable());
    script.is_played();
}

#[test]
fn commands_wait_for_their_answers_where_the_server_has_no_extensions() {
    let dialogue = "
        C: MAIL FROM:<a@x.de>
        S: 250 ok
        C: RCPT TO:<b@x.de>
        S: 250 ok
        C: DATA
    ";
    let script = script(&[HELLO, NONE, dialogue, CONTENT]);
    let mut session = begin(&script, None).unwrap();
    assert_eq!(send(&mut session, &envelope(&["b@x.de"])), Ok(vec![]));
    script.is_played();
}

#[test]
fn a_server_without_ehlo_gets_helo() {
    let dialogue = "
        S: 502 5.5.2 what?
        C: HELO client.example.org
        S: 250 mail.example.org
    ";
    let script = script(&[HELLO, dialogue]);
    let session = begin(&script, None).unwrap();
    assert_eq!(session.extensions(), &Extensions::default());
    script.is_played();
}

#[test]
fn a_connection_is_used_again_after_a_reset() {
    let first = "
        C: MAIL FROM:<a@x.de> SIZE=100
        C: RCPT TO:<b@x.de>
        S: 250 ok
        S: 250 ok
        C: DATA
    ";
    let second = "
        C: RSET
        C: MAIL FROM:<a@x.de> SIZE=100
        C: RCPT TO:<c@x.de>
        S: 250 ok
        S: 250 ok
        S: 250 ok
        C: DATA
    ";
    let leave = "
        C: QUIT
        S: 221 bye
    ";
    let script = script(&[HELLO, ALL, first, CONTENT, second, CONTENT, leave]);
    let mut session = begin(&script, None).unwrap();
    assert_eq!(send(&mut session, &envelope(&["b@x.de"])), Ok(vec![]));
    assert_eq!(send(&mut session, &envelope(&["c@x.de"])), Ok(vec![]));
    now(session.quit());
    script.is_played();
}

#[test]
fn many_recipients_are_named_in_groups() {
    let addresses: Vec<String> = (0..70).map(|n| format!("r{n}@x.de")).collect();
    let mut commands = vec!["C: MAIL FROM:<a@x.de> SIZE=100".to_owned()];
    commands.extend(
        addresses
            .iter()
            .map(|address| format!("C: RCPT TO:<{address}>")),
    );
    let mut dialogue = String::new();
    for group in commands.chunks(GROUP) {
        for command in group {
            dialogue.push_str(command);
            dialogue.push('\n');
        }
        dialogue.push_str(&"S: 250 ok\n".repeat(group.len()));
    }
    let script = script(&[HELLO, ALL, &dialogue, "C: DATA", CONTENT]);
    let mut session = begin(&script, None).unwrap();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    assert_eq!(send(&mut session, &envelope(&addresses)), Ok(vec![]));
    script.is_played();
}

#[test]
fn what_the_server_must_know_is_in_mail_from() {
    let dialogue = "
        C: MAIL FROM:<a@x.de> SIZE=100 BODY=8BITMIME SMTPUTF8
        C: RCPT TO:<jörg@x.de>
        S: 250 ok
        S: 250 ok
        C: DATA
    ";
    let script = script(&[HELLO, ALL, dialogue, CONTENT]);
    let mut session = begin(&script, None).unwrap();
    let envelope = Envelope {
        eight_bit: true,
        ..envelope(&["jörg@x.de"])
    };
    assert_eq!(send(&mut session, &envelope), Ok(vec![]));
    script.is_played();
}

#[test]
fn logging_in_takes_the_best_that_the_server_offers() {
    let login = Login {
        user: "tim".to_owned(),
        password: "secret".to_owned(),
    };
    let plain = "
        C: AUTH PLAIN AHRpbQBzZWNyZXQ=
        S: 235 2.7.0 welcome
    ";
    let only_login = "
        S: 250-mail.example.org
        S: 250 AUTH LOGIN CRAM-MD5
        C: AUTH LOGIN
        S: 334 VXNlcm5hbWU6
        C: dGlt
        S: 334 UGFzc3dvcmQ6
        C: c2VjcmV0
        S: 235 2.7.0 welcome
    ";
    for dialogue in [&[HELLO, ALL, plain][..], &[HELLO, only_login]] {
        let script = script(dialogue);
        begin(&script, Some(&login)).unwrap();
        script.is_played();
    }

    let wrong = "
        C: AUTH PLAIN AHRpbQBzZWNyZXQ=
        S: 535 5.7.8 wrong
    ";
    let text = shown(begin(&script(&[HELLO, ALL, wrong]), Some(&login)));
    assert_eq!(text, "at AUTH it said 535 5.7.8 wrong");
    let none = begin(&script(&[HELLO, NONE]), Some(&login));
    assert_eq!(none.unwrap_err(), Problem::NoLogin);
}
