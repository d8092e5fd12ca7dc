//! What the host adds to a port's requests, in the names of secrets.

use crate::config::{Authorization, Credentials, Reference, quoted};

/// One line.
pub(crate) fn credentials(credentials: &Credentials) -> String {
    let Credentials {
        urls,
        authorization,
        headers,
        client_certificate,
        authorities,
        webhook_keys,
        ..
    } = credentials;
    let mut added = Vec::new();
    added.extend(authorization.as_ref().map(|header| match header {
        Authorization::Bearer(token) => format!("the bearer token '{}'", token.name),
        Authorization::Basic { user, password } => {
            format!("the user {user} with the password '{}'", password.name)
        }
    }));
    for (name, value) in headers {
        added.push(format!("the header {name} from '{}'", value.name));
    }
    if let Some(shown) = client_certificate {
        let (certificate, key) = (&shown.certificate.name, &shown.key.name);
        added.push(format!(
            "the client certificate '{certificate}' with the key '{key}'"
        ));
    }
    if let Some(authorities) = authorities {
        let only = if authorities.only { " only" } else { "" };
        added.push(format!(
            "trust in the authorities of {}{only}",
            authorities.file.name
        ));
    }
    if !webhook_keys.is_empty() {
        added.push(format!("webhook signatures by {}", names(webhook_keys)));
    }
    let urls: Vec<_> = urls.iter().map(|url| url.value.as_str()).collect();
    if !urls.is_empty() {
        added.push(format!("also for {}", urls.join(", ")));
    }
    added.join(", ")
}

fn names(secrets: &[Reference]) -> String {
    let names: Vec<_> = secrets.iter().map(|secret| secret.name.as_str()).collect();
    quoted(&names)
}
