use super::*;

type Properties<'a> = &'a [(&'a str, &'a str)];

const ID: &str = "0190a5c3-7e21-8000-8000-00000000002a";

fn headers(settings: &Settings, properties: Properties) -> Result<Vec<String>, String> {
    let headers = settings.request_headers(ID, properties.iter().copied());
    let lines = |headers: Vec<(String, String)>| {
        headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}"))
            .collect()
    };
    headers.map(lines).map_err(|error| error.to_string())
}

fn idempotency() -> String {
    format!("idempotency-key: {ID}")
}

#[test]
fn properties_become_headers() {
    let default = "content-type: application/octet-stream";
    let cases: [(Properties, &[&str]); 7] = [
        (&[], &[default]),
        (&[("colour", "red"), ("http.method", "GET")], &[default]),
        (&[("content-type", "text/xml")], &["content-type: text/xml"]),
        (&[("http.header.X-Tenant", "7")], &["X-Tenant: 7", default]),
        (
            &[
                ("content-type", "text/xml"),
                ("http.header.Content-Type", "text/csv"),
            ],
            &["Content-Type: text/csv"],
        ),
        (
            &[("traceparent", "00-1-2-01"), ("tracestate", "a=b")],
            &["traceparent: 00-1-2-01", "tracestate: a=b", default],
        ),
        (&[("ce-id", "1"), ("ce-type", "t")], &[default]),
    ];
    for (properties, expected) in cases {
        let mut lines = headers(&Settings::default(), properties).unwrap();
        assert_eq!(lines.pop(), Some(idempotency()), "{properties:?}");
        assert_eq!(lines, expected, "{properties:?}");
    }
}

#[test]
fn a_message_with_the_attributes_of_a_cloud_event_is_sent_as_one() {
    let properties = [
        ("ce-id", "1"),
        ("ce-source", "/orders"),
        ("ce-type", "order.placed"),
        ("ce-subject", "Köln \"100%\""),
        ("ce-datacontenttype", "application/json"),
    ];
    let lines = headers(&Settings::default(), &properties).unwrap();
    let expected = [
        "ce-id: 1",
        "ce-source: /orders",
        "ce-type: order.placed",
        "ce-subject: K%C3%B6ln%20%22100%25%22",
        "ce-specversion: 1.0",
        "content-type: application/json",
        &idempotency(),
    ];
    assert_eq!(lines, expected);
}

#[test]
fn the_idempotency_header_is_the_ports_choice_and_a_message_may_bring_its_own() {
    let mut settings = Settings::default();
    let own = headers(&settings, &[("http.header.Idempotency-Key", "mine")]).unwrap();
    assert_eq!(
        own,
        [
            "Idempotency-Key: mine",
            "content-type: application/octet-stream"
        ]
    );
    settings.idempotency_header = Some("x-id".to_owned());
    assert_eq!(headers(&settings, &[]).unwrap()[1], format!("x-id: {ID}"));
    settings.idempotency_header = None;
    assert_eq!(headers(&settings, &[]).unwrap().len(), 1);
}

#[test]
fn a_header_that_cannot_be_sent_names_its_property() {
    let settings = Settings {
        headers: vec![("authorization".to_owned(), "secret".to_owned())],
        ..Settings::default()
    };
    let cases = [
        ("http.header.", "1", "is not a header name: use letters"),
        ("http.header.a b", "1", "is not a header name: use letters"),
        (
            "http.header.x",
            "a\r\nb: c",
            "has a value that no header can carry",
        ),
        ("http.header.Host", "a", "is set by the host"),
        ("http.header.Transfer-Encoding", "a", "is set by the host"),
        (
            "http.header.Authorization",
            "a",
            "names a header that the port sets",
        ),
        (
            "content-type",
            "a\nb",
            "has a value that no header can carry",
        ),
        (
            "traceparent",
            "\u{7f}",
            "has a value that no header can carry",
        ),
    ];
    for (property, value, expected) in cases {
        let error = headers(&settings, &[(property, value)]).unwrap_err();
        let expected = format!("property {property:?} {expected}");
        assert!(error.starts_with(&expected), "{error}");
    }
}
