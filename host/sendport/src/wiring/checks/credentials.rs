//! Whether a port's credentials would ever be used: for URLs that it reaches, over TLS where they are
//! about TLS.

use adapter_runtime::HttpGrant;

use super::Check;
use crate::config::{Credentials, Mistake};

impl Check<'_> {
    pub(super) fn credentials(&mut self) {
        let port = self.port;
        for (address, credentials) in port.destination.credentials() {
            let own = HttpGrant::parse(address).ok();
            self.reached(credentials, own.as_ref());
            self.used(credentials, own.as_ref(), address);
        }
    }

    /// Every URL that they are for is one that the port reaches.
    fn reached(&mut self, credentials: &Credentials, own: Option<&HttpGrant>) {
        let granted = self.port.grants.http.iter();
        let granted = granted.filter_map(|grant| HttpGrant::parse(&grant.value).ok());
        let reached: Vec<_> = own.into_iter().cloned().chain(granted).collect();
        for url in &credentials.urls {
            let problem = match (HttpGrant::parse(&url.value), url.value.parse()) {
                (Ok(_), Ok(uri)) if reached.iter().any(|grant| grant.allows(&uri)) => continue,
                (Ok(_), _) => format!(
                    "the port does not reach {}; add it to the port's grants.http",
                    url.value
                ),
                (Err(error), _) => error.to_string(),
            };
            self.mistakes.push(Mistake {
                place: url.place,
                key: format!("{}.for", credentials.key),
                problem,
            });
        }
    }

    fn used(&mut self, credentials: &Credentials, own: Option<&HttpGrant>, address: &str) {
        if own.is_none() && credentials.urls.is_empty() && !self.port.is_dynamic() {
            self.without_effect(
                credentials,
                "the address is no http or https URL, and no others are named: for = [\"https://…/\"]",
            );
        }
        let urls = credentials.urls.iter().map(|url| url.value.as_str());
        let is_encrypted = |url: &str| url.to_ascii_lowercase().starts_with("https://");
        let about_tls =
            credentials.client_certificate.is_some() || credentials.authorities.is_some();
        if about_tls && own.is_some() && !std::iter::once(address).chain(urls).any(is_encrypted) {
            self.without_effect(
                credentials,
                "certificates and authorities are for https, and none of the addresses is",
            );
        }
    }

    fn without_effect(&mut self, credentials: &Credentials, why: &str) {
        self.mistakes.push(Mistake {
            place: credentials.place,
            key: credentials.key.clone(),
            problem: format!("has no effect: {why}"),
        });
    }
}
