//! `credentials = { … }`: what the host adds to requests after the adapter is done, by the names of
//! secrets. Whether these can be used so is found out when they are read.

use super::secrets::Reference;
use super::section::{Entry, Section};
use super::{Place, Placed};

pub(super) const KEYS: &[&str] = &[
    "for",
    "authorization",
    "headers",
    "client-certificate",
    "authorities",
    "authorities-only",
    "webhook-signature",
];
pub(super) const AUTHORIZATION_KEYS: &[&str] = &["bearer", "basic"];
pub(super) const BASIC_KEYS: &[&str] = &["user", "password"];
pub(super) const CERTIFICATE_KEYS: &[&str] = &["certificate", "key"];
pub(super) const SIGNATURE_KEYS: &[&str] = &["keys"];

/// What is added to the requests of one transport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Credentials {
    /// The dotted key of the table, and where that is.
    pub(crate) key: String,
    pub(crate) place: Place,
    /// URLs besides the port's own address, as written.
    pub(crate) urls: Vec<Placed<String>>,
    pub(crate) authorization: Option<Authorization>,
    /// Names of headers and what they hold.
    pub(crate) headers: Vec<(String, Reference)>,
    pub(crate) client_certificate: Option<ClientCertificate>,
    pub(crate) authorities: Option<Authorities>,
    /// Of the webhook signature; none when nothing is signed.
    pub(crate) webhook_keys: Vec<Reference>,
}

/// The header `Authorization`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Authorization {
    Bearer(Reference),
    Basic { user: String, password: Reference },
}

/// What is shown to servers that ask for a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClientCertificate {
    /// A secret, or else a file.
    pub(crate) certificate: Reference,
    pub(crate) key: Reference,
}

/// Whom servers may be certified by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Authorities {
    /// A file, as written.
    pub(crate) file: Reference,
    /// Nobody else, also not whom the system trusts.
    pub(crate) only: bool,
}

impl Credentials {
    /// The secrets it names. The certificate is none of them: it may be a file.
    pub(super) fn secrets(&self) -> Vec<&Reference> {
        let authorization = self.authorization.as_ref().map(|header| match header {
            Authorization::Bearer(token) => token,
            Authorization::Basic { password, .. } => password,
        });
        let headers = self.headers.iter().map(|(_, value)| value);
        let key = self.client_certificate.as_ref().map(|shown| &shown.key);
        let all = authorization.into_iter().chain(headers).chain(key);
        all.chain(&self.webhook_keys).collect()
    }
}

/// The table `credentials` of a section. `has_address` is whether there is an address that they are for.
pub(super) fn credentials(entry: Option<Entry<'_>>, has_address: bool) -> Option<Credentials> {
    let entry = entry?;
    let section = entry.section()?;
    section.refuse_others(KEYS);
    let urls = section.get("for").and_then(|entry| entry.texts());
    if !has_address && section.get("for").is_none() {
        entry.name_mistake(
            "a dynamic port has no address that they would be for: name the URLs, for = [\"https://…/\"]",
        );
    }
    let credentials = Credentials {
        key: entry.path.clone(),
        place: entry.name_place,
        urls: urls.unwrap_or_default(),
        authorization: section.get("authorization").and_then(authorization),
        headers: section.get("headers").map(headers).unwrap_or_default(),
        client_certificate: section.get("client-certificate").and_then(certificate),
        authorities: authorities(&section),
        webhook_keys: section
            .get("webhook-signature")
            .map(keys)
            .unwrap_or_default(),
    };
    if KEYS
        .iter()
        .all(|key| matches!(*key, "for" | "authorities-only") || section.get(key).is_none())
    {
        entry.name_mistake(
            "holds no credential; name one, such as authorization = { bearer = \"…\" }",
        );
    }
    Some(credentials)
}

fn authorization(entry: Entry<'_>) -> Option<Authorization> {
    let section = entry.section()?;
    section.refuse_others(AUTHORIZATION_KEYS);
    match (section.get("bearer"), section.get("basic")) {
        (Some(token), None) => Reference::read(&token).map(Authorization::Bearer),
        (None, Some(basic)) => {
            let basic = basic.section()?;
            basic.refuse_others(BASIC_KEYS);
            let user = basic.require("user", "say who: user = \"…\"");
            let password = basic.require("password", NAME_A_SECRET);
            Some(Authorization::Basic {
                user: user?.text()?.to_owned(),
                password: Reference::read(&password?)?,
            })
        }
        (Some(_), Some(basic)) => {
            basic.name_mistake("there is one Authorization header: remove it, or 'bearer'");
            None
        }
        (None, None) => {
            entry.mistake(
                "says nothing; write { bearer = \"…\" } or { basic = { user = \"…\", password = \"…\" } }",
            );
            None
        }
    }
}

/// For a key that is missing.
const NAME_A_SECRET: &str = "name a secret, of a table [secrets.…]";

fn headers(entry: Entry<'_>) -> Vec<(String, Reference)> {
    let Some(section) = entry.section() else {
        return Vec::new();
    };
    let entries = section.entries();
    let header = |entry: &Entry<'_>| Some((entry.name.to_owned(), Reference::read(entry)?));
    entries.iter().filter_map(header).collect()
}

fn certificate(entry: Entry<'_>) -> Option<ClientCertificate> {
    let section = entry.section()?;
    section.refuse_others(CERTIFICATE_KEYS);
    let certificate = section.require("certificate", "name a secret, or a file in PEM");
    let key = section.require("key", NAME_A_SECRET);
    Some(ClientCertificate {
        certificate: Reference::read(&certificate?)?,
        key: Reference::read(&key?)?,
    })
}

fn authorities(section: &Section<'_>) -> Option<Authorities> {
    let only = section.boolean_or("authorities-only", false);
    let Some(file) = section.get("authorities") else {
        let problem =
            "there are no authorities to trust only: name their file, authorities = \"….pem\"";
        section.refuse(&["authorities-only"], problem);
        return None;
    };
    Some(Authorities {
        file: Reference::read(&file)?,
        only,
    })
}

fn keys(entry: Entry<'_>) -> Vec<Reference> {
    let Some(section) = entry.section() else {
        return Vec::new();
    };
    section.refuse_others(SIGNATURE_KEYS);
    let Some(keys) = section.require("keys", "name the secrets to sign with: keys = [\"…\"]")
    else {
        return Vec::new();
    };
    let Some(names) = keys.texts() else {
        return Vec::new();
    };
    if names.is_empty() {
        keys.mistake("names no key; leave 'webhook-signature' out to sign nothing");
    }
    let names = names.into_iter();
    names
        .map(|name| Reference::of_list(&keys.path, name))
        .collect()
}
