//! Which requests get credentials, what these replace, and what cannot be one.

use model::Body;

use super::*;

fn secret(value: &str) -> Secret {
    Secret::new(value.to_owned())
}

fn built(set: impl FnOnce(&mut CredentialsBuilder)) -> Credentials {
    let mut builder = CredentialsBuilder::default();
    set(&mut builder);
    builder.build()
}

fn bearer() -> Credentials {
    built(|builder| builder.bearer(&secret("t0ken")).expect("a token"))
}

fn covers(credentials: &Credentials, url: &str) -> bool {
    credentials.of(&url.parse().expect("a URL")).is_some()
}

#[test]
fn credentials_are_for_the_ports_own_address_and_what_they_name_and_for_nothing_else() {
    let credentials = built(|builder| {
        builder.bearer(&secret("t0ken")).expect("a token");
        builder.cover(HttpGrant::parse("https://other.example/returns").expect("a URL"));
    });
    let credentials = credentials.with_address("https://own.example/orders");
    for url in [
        "https://own.example/orders",
        "https://own.example:443/orders/7",
        "https://other.example/returns?all",
    ] {
        assert!(covers(&credentials, url), "{url}");
    }
    for url in [
        "http://own.example/orders",
        "https://own.example/",
        "https://own.example/orders-of-others",
        "https://own.example/orders/../admin",
        "https://own.example.evil/orders",
        "https://own.example@evil/orders",
        "https://other.example/",
        "https://third.example/orders",
    ] {
        assert!(!covers(&credentials, url), "{url}");
    }
    // An address that is no URL covers nothing.
    assert!(!covers(
        &bearer().with_address("smtp://own.example"),
        "http://own.example/"
    ));
    assert!(!covers(&bearer().with_address(""), "http://own.example/"));
}

#[test]
fn nothing_covers_nothing() {
    let nothing = Credentials::default().with_address("http://own.example/");
    assert!(!covers(&nothing, "http://own.example/"));
    assert!(!nothing.sign() && nothing.tls().is_none());
}

#[tokio::test]
async fn headers_replace_every_one_that_the_guest_wrote() {
    let credentials = built(|builder| {
        let set = builder.basic("Aladdin", &secret("open sesame"));
        set.expect("a user and a password");
        builder
            .header("X-Api-Key", &secret("k3y"))
            .expect("a header");
    });
    let credentials = credentials.with_address("http://own.example/");
    let covered = credentials.of(&"http://own.example/".parse().expect("a URL"));
    let mut headers = HeaderMap::new();
    for name in ["authorization", "x-api-key", "x-other"] {
        headers.append(name, HeaderValue::from_static("guest"));
        headers.append(name, HeaderValue::from_static("guest again"));
    }
    let covered = covered.expect("its own address");
    covered.authorize(&mut headers);
    let body = Body::Inline("x".into());
    let signed = covered
        .sign_as(&mut headers, MessageId::new(1, 1), &body)
        .await;
    signed.expect("there is nothing to sign");
    let all = |name: &str| -> Vec<_> { headers.get_all(name).iter().collect() };
    // The example of RFC 7617.
    assert_eq!(all("authorization"), ["Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="]);
    assert_eq!(all("x-api-key"), ["k3y"]);
    assert_eq!(all("x-other").len(), 2);
    assert!(all("authorization")[0].is_sensitive());
    assert_eq!(all("webhook-signature").len(), 0);
}

#[test]
fn a_secret_that_cannot_be_a_header_is_refused_without_being_repeated() {
    let mut builder = CredentialsBuilder::default();
    let refusals = [
        (builder.bearer(&secret("t0ken\r\nx: y")), "no header can"),
        (builder.bearer(&secret("t0kén\u{7f}")), "no header can"),
        (builder.basic("us:er", &secret("t0ken")), "a user name"),
        (builder.header("x y", &secret("t0ken")), "not a header name"),
        (builder.header("Host", &secret("t0ken")), "only the host"),
        (
            builder.header("content-length", &secret("1")),
            "only the host",
        ),
        (
            builder.header("Webhook-Id", &secret("t0ken")),
            "webhook-signature",
        ),
        (builder.webhook_key(&secret("t0ken")), "not a webhook key"),
        (builder.authorities("t0ken", false), "no certificate"),
        (
            builder.client_certificate("t0ken", &secret("t0ken")),
            "no certificate",
        ),
    ];
    for (refused, problem) in refusals {
        let error = refused.expect_err(problem).to_string();
        assert!(error.contains(problem), "{error}");
        assert!(!error.contains("t0k"), "{error}");
    }
    builder.bearer(&secret("t0ken")).expect("a token");
    let twice = builder.header("Authorization", &secret("t0ken"));
    assert_eq!(
        twice.expect_err("there is one already").to_string(),
        "authorization is set twice"
    );
}

#[test]
fn nothing_of_a_secret_is_shown() {
    let credentials = built(|builder| {
        builder.bearer(&secret("t0ken")).expect("a token");
        builder
            .header("x-api-key", &secret("t0ken"))
            .expect("a header");
        let key = secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        builder.webhook_key(&key).expect("a key");
    });
    let shown = format!(
        "{credentials:?} {:?}",
        credentials.with_address("http://h/")
    );
    assert!(shown.contains("x-api-key"), "{shown}");
    assert!(
        !shown.contains("t0ken") && !shown.contains("MfKQ9"),
        "{shown}"
    );
    assert!(credentials.sign());
}

#[test]
fn credentials_of_other_secrets_are_others() {
    let key = |key: &str| built(|b| b.webhook_key(&secret(key)).expect("a key"));
    let [old, new] = ["b2xk", "bmV3"].map(|text| format!("whsec_{}", text.repeat(8)));
    assert_eq!(key(&old), key(&old));
    assert_ne!(key(&old), key(&new));
    assert_ne!(key(&old), Credentials::default());
    assert_ne!(key(&old), key(&old).with_address("http://h/"));
    let header =
        |name: &str, value: &str| built(|b| b.header(name, &secret(value)).expect("a header"));
    assert_ne!(header("x-a", "bc"), header("x-ab", "c"));
    assert_eq!(bearer(), header("authorization", "Bearer t0ken"));
}
