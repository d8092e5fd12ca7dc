use lettre::message::header::Date;
use mailparse::{MailHeaderMap as _, ParsedMail, parse_mail};
use sendport_guest::Configuration;

use super::*;

const ID: &str = "0190a5c3-7e21-8000-8000-00000000002a";

/// 1997-07-12T10:35:23Z
const NOW: Duration = Duration::from_secs(868_703_723);

fn settings(entries: &[(&str, &str)]) -> Settings {
    let from = [("from", "Bestellungen Müller <orders@x.de>")];
    let entries = from.iter().chain(entries);
    let owned = entries.map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    let no_secret = |key: &str, _: &str| unreachable!("{key} is not set here");
    Settings::parse(&owned.collect::<Configuration>(), &no_secret).unwrap()
}

struct Message<'a> {
    address: &'a str,
    properties: &'a [(&'a str, &'a str)],
    body: &'a [u8],
}

const MESSAGE: Message<'static> = Message {
    address: "smtp://mail.x.de/ann@x.de",
    properties: &[],
    body: b"Hello\nworld\n",
};

fn mail<'a>(settings: &'a Settings, message: &Message<'_>) -> Result<Mail<'a>, MailError> {
    let property = |name: &str| {
        let found = message.properties.iter().find(|(n, _)| *n == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let facts = Facts {
        message_id: ID,
        property: &property,
    };
    let address = Address::parse(message.address).unwrap();
    Mail::new(settings, address, &facts, &message.body, NOW)
}

/// For a server with every extension.
fn sent(settings: &Settings, message: &Message<'_>) -> (Envelope, Vec<u8>) {
    let extensions = Extensions {
        eight_bit: true,
        ..Extensions::default()
    };
    sent_to(&extensions, settings, message)
}

fn sent_to(
    extensions: &Extensions,
    settings: &Settings,
    message: &Message<'_>,
) -> (Envelope, Vec<u8>) {
    let mail = mail(settings, message).unwrap();
    let (envelope, content) = mail.for_server(extensions, &message.body).unwrap();
    let pieces: Result<Vec<_>, _> = content.pieces().collect();
    let content = pieces.unwrap().concat();
    assert_eq!(
        envelope.size,
        content.len() as u64,
        "what is announced is what is sent"
    );
    (envelope, content)
}

fn header(mail: &ParsedMail<'_>, name: &str) -> Option<String> {
    mail.headers.get_first_value(name)
}

#[test]
fn a_text_is_a_mail_that_a_person_reads() {
    let settings = settings(&[("to", "bob@x.de"), ("subject", "Größe %property:size%")]);
    let message = Message {
        properties: &[("size", "XL")],
        ..MESSAGE
    };
    let (envelope, content) = sent(&settings, &message);
    assert_eq!(envelope.sender, "orders@x.de");
    assert_eq!(envelope.recipients, ["ann@x.de", "bob@x.de"]);
    let mail = parse_mail(&content).unwrap();
    let expected = [
        ("From", "Bestellungen Müller <orders@x.de>"),
        ("To", "ann@x.de, bob@x.de"),
        ("Subject", "Größe XL"),
        ("Date", "Sat, 12 Jul 1997 10:35:23 +0000"),
        ("Message-ID", "<0190a5c3-7e21-8000-8000-00000000002a@x.de>"),
        ("Auto-Submitted", "auto-generated"),
        ("MIME-Version", "1.0"),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Transfer-Encoding", "7bit"),
    ];
    for (name, value) in expected {
        assert_eq!(header(&mail, name).as_deref(), Some(value), "{name}");
    }
    assert_eq!(mail.headers.len(), expected.len());
    assert!(content.ends_with(b"\r\n\r\nHello\r\nworld\r\n"));
}

#[test]
fn what_is_no_text_arrives_byte_for_byte() {
    let body: Vec<u8> = (0..10_000_u32).map(|n| (n % 256) as u8).collect();
    let settings = settings(&[]);
    let message = Message {
        properties: &[("content-type", "application/pdf")],
        body: &body,
        ..MESSAGE
    };
    let (envelope, content) = sent(&settings, &message);
    assert!(content.is_ascii() && !envelope.eight_bit);
    let mail = parse_mail(&content).unwrap();
    assert_eq!(mail.ctype.mimetype, "application/pdf");
    assert!(mail.get_body_raw().unwrap() == body);
}

#[test]
fn an_attachment_has_a_name_and_the_bytes_of_the_message() {
    let settings = settings(&[
        ("body-as", "attachment"),
        ("attachment-name", "Bestellung %property:order%, neu.txt"),
    ]);
    // Line ends as they are, and a line that looks like the end of a part.
    let body = "first\nsecond\r\n--=_0190a5c3\n\n.\nlast ä".as_bytes();
    let message = Message {
        properties: &[("order", "Ä-4711"), ("content-type", "text/plain")],
        body,
        ..MESSAGE
    };
    let (_, content) = sent(&settings, &message);
    let mail = parse_mail(&content).unwrap();
    assert_eq!(mail.ctype.mimetype, "multipart/mixed");
    let [part] = mail.subparts.as_slice() else {
        panic!("{} parts", mail.subparts.len());
    };
    let disposition = part.get_content_disposition();
    assert_eq!(
        disposition.disposition,
        mailparse::DispositionType::Attachment
    );
    let name = disposition.params.get("filename").map(String::as_str);
    assert_eq!(name, Some("Bestellung Ä-4711, neu.txt"));
    assert_eq!(part.ctype.mimetype, "text/plain");
    assert_eq!(part.get_body_raw().unwrap(), body);
}

#[test]
fn octets_above_127_are_encoded_for_servers_that_do_not_take_them() {
    let settings = settings(&[]);
    let message = Message {
        body: "Grüße\n".as_bytes(),
        ..MESSAGE
    };
    let (envelope, content) = sent(&settings, &message);
    assert!(envelope.eight_bit);
    assert!(content.ends_with("\r\n\r\nGrüße\r\n".as_bytes()));
    let (envelope, content) = sent_to(&Extensions::default(), &settings, &message);
    assert!(!envelope.eight_bit && content.is_ascii());
    assert_eq!(parse_mail(&content).unwrap().get_body().unwrap(), "Grüße\n");
}

#[test]
fn a_message_that_is_a_mail_part_is_not_encoded() {
    let settings = settings(&[]);
    let typed = |content_type, body: &'static [u8]| Message {
        properties: content_type,
        body,
        ..MESSAGE
    };
    let multipart = [("content-type", "multipart/mixed; boundary=x")];
    let (_, content) = sent(&settings, &typed(&multipart, b"--x\n\nhello\n--x--\n"));
    let mail = parse_mail(&content).unwrap();
    assert_eq!(mail.subparts[0].get_body().unwrap().trim_end(), "hello");

    let broken = mail_error(&settings, &typed(&multipart, b"--x\n\na\rb\n--x--\n"));
    assert!(matches!(broken, MailError::NotText(_)), "{broken}");
    let above = typed(&multipart, "--x\n\nä\n--x--\n".as_bytes());
    let mail = self::mail(&settings, &above).unwrap();
    let refused = mail.for_server(&Extensions::default(), &above.body);
    assert!(matches!(refused, Err(Problem::NoEightBit(_))));
}

#[test]
fn everybody_gets_one_copy_and_bcc_is_seen_by_nobody() {
    let settings = settings(&[
        ("to", "Bob <bob@x.de>, ann@x.de"),
        ("cc", "cleo@x.de, bob@x.de"),
        ("bcc", "dora@x.de"),
    ]);
    let (envelope, content) = sent(&settings, &MESSAGE);
    assert_eq!(
        envelope.recipients,
        ["ann@x.de", "bob@x.de", "cleo@x.de", "dora@x.de"]
    );
    let text = String::from_utf8(content).unwrap();
    assert!(!text.contains("dora") && !text.contains("Bcc"), "{text}");
    assert!(text.contains("Cc: cleo@x.de, bob@x.de"), "{text}");
}

#[test]
fn a_message_names_its_recipients_where_the_port_allows_it() {
    let message = Message {
        properties: &[("to", "Eve <eve@x.de>")],
        ..MESSAGE
    };
    let recipients = |entries: &[(&str, &str)], message: &Message<'_>| {
        let settings = settings(entries);
        sent(&settings, message).0.recipients
    };
    assert_eq!(recipients(&[], &message), ["ann@x.de"]);
    let port = [
        ("to-from-message", "true"),
        ("to", "bob@x.de"),
        ("cc", "cleo@x.de"),
    ];
    assert_eq!(recipients(&port, &message), ["eve@x.de", "cleo@x.de"]);
    assert_eq!(
        recipients(&port, &MESSAGE),
        ["ann@x.de", "bob@x.de", "cleo@x.de"]
    );
}

fn mail_error(settings: &Settings, message: &Message<'_>) -> MailError {
    mail(settings, message).expect_err("no mail")
}

#[test]
fn a_mail_without_recipients_and_one_with_too_many_are_refused() {
    let nobody = Message {
        address: "smtp://mail.x.de",
        ..MESSAGE
    };
    let error = mail_error(&settings(&[]), &nobody);
    assert!(matches!(error, MailError::NoRecipient) && error.is_configuration());
    let error = mail_error(&settings(&[("to-from-message", "true")]), &nobody);
    assert!(matches!(error, MailError::NoRecipientInMessage) && !error.is_configuration());
    let list = |count: usize| {
        let addresses: Vec<_> = (0..count).map(|n| format!("r{n}@x.de")).collect();
        settings(&[("bcc", &addresses.join(","))])
    };
    assert!(mail(&list(MOST_RECIPIENTS), &nobody).is_ok());
    let error = mail_error(&list(MOST_RECIPIENTS + 1), &nobody);
    assert_eq!(error, MailError::TooManyRecipients(101));
}

/// Whatever a publisher puts into a property, it begins no header and names no further recipient.
#[test]
fn no_property_gets_out_of_its_header() {
    let settings = settings(&[
        ("subject", "%property:text%"),
        ("body-as", "attachment"),
        ("attachment-name", "%property:name%"),
        ("to-from-message", "true"),
    ]);
    let good = [
        ("text", "x"),
        ("name", "x"),
        ("to", "a@x.de"),
        ("content-type", "text/plain"),
    ];
    let with = |name: &'static str, value: &'static str| {
        good.map(|(n, v)| if n == name { (n, value) } else { (n, v) })
    };
    for name in ["text", "name", "to", "content-type"] {
        for end in ["\r\n", "\n", "\r"] {
            let value = format!("x{end}Bcc: eve@x.de").leak();
            let properties = with(name, value);
            let message = Message {
                properties: &properties,
                ..MESSAGE
            };
            let error = mail_error(&settings, &message);
            assert!(!error.is_configuration(), "{name}: {error}");
        }
    }
    for value in ["../x", "a/b", "a\\b", ""] {
        let properties = with("name", value);
        let error = mail_error(
            &settings,
            &Message {
                properties: &properties,
                ..MESSAGE
            },
        );
        assert_eq!(error, MailError::AttachmentPath(value.to_owned()));
    }
    // Characters with a meaning in a header are only characters.
    let properties = with("name", "a\"; filename=\"b; c=d.txt");
    let message = Message {
        properties: &properties,
        ..MESSAGE
    };
    let (_, content) = sent(&settings, &message);
    let mail = parse_mail(&content).unwrap();
    let disposition = mail.subparts[0].get_content_disposition();
    assert_eq!(disposition.params["filename"], "a\"; filename=\"b; c=d.txt");
}

#[test]
fn the_message_id_stays_and_the_date_does_not() {
    let settings = settings(&[]);
    let id = |now| {
        let facts = Facts {
            message_id: ID,
            property: &|_| None,
        };
        let address = Address::parse(MESSAGE.address).unwrap();
        let mail = Mail::new(&settings, address, &facts, &MESSAGE.body, now).unwrap();
        let head = mail.wrapping(Encoding::SevenBit).head;
        let mail = parse_mail(&head).unwrap();
        (header(&mail, "Message-ID"), header(&mail, "Date"))
    };
    let (first, second) = (id(NOW), id(NOW + Duration::from_secs(60)));
    assert_eq!(first.0, second.0);
    assert_ne!(first.1, second.1);
    // A clock that is not set is no reason to fail, let alone to panic.
    let (_, never) = id(Duration::MAX);
    assert!(never.unwrap().contains("9999"));
    let (_, unset) = id(Duration::ZERO);
    let epoch = Date::from(std::time::SystemTime::UNIX_EPOCH);
    assert!(unset.is_some_and(|date| date.contains("1970")), "{epoch:?}");
}

/// Lines of a header are short, whatever is in it.
#[test]
fn long_headers_are_folded() {
    let addresses: Vec<_> = (0..99)
        .map(|n| format!("Empfänger {n} <r{n}@x.de>"))
        .collect();
    let settings = settings(&[
        ("to", &addresses.join(", ")),
        ("subject", &"Übergröße ".repeat(100)),
        ("body-as", "attachment"),
        ("attachment-name", &"lang".repeat(100)),
    ]);
    let (_, content) = sent(&settings, &MESSAGE);
    let text = String::from_utf8(content).unwrap();
    let longest = text.split("\r\n").map(str::len).max();
    assert!(longest.is_some_and(|longest| longest <= 998), "{longest:?}");
    let mail = parse_mail(text.as_bytes()).unwrap();
    assert_eq!(
        header(&mail, "Subject").unwrap().trim(),
        "Übergröße ".repeat(100).trim()
    );
}
