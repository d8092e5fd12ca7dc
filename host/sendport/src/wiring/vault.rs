//! The secrets of a configuration, read, and the credentials of its ports made of them.
//!
//! Opened when the host starts and again for every new configuration: values are read each time.

use std::collections::BTreeMap;
use std::fs;

use adapter_runtime::{
    CredentialError, CredentialsBuilder, GrantedSecrets, HttpGrant, Secret, SecretSource, Secrets,
};
use futures::future::join_all;

use crate::config::{
    Authorization, ClientCertificate, Config, Credentials, Mistake, Port, Reference,
};

/// What was read. Nothing of it is shown.
#[derive(Debug)]
pub(super) struct Vault {
    secrets: Secrets,
    /// By the dotted keys of their tables.
    credentials: BTreeMap<String, adapter_runtime::Credentials>,
    notes: Vec<String>,
}

impl Vault {
    /// Reads every secret anew, running the commands of those that have one, and tells all mistakes.
    pub(super) async fn open(config: &Config) -> (Self, Vec<Mistake>) {
        let (secrets, mut mistakes) = read(config).await;
        let mut credentials = BTreeMap::new();
        let ports = config.ports.iter();
        for (_, table) in ports.flat_map(|port| port.destination.credentials()) {
            let mut preparation = Preparation::new(config, &secrets);
            preparation.take(table);
            mistakes.extend(preparation.mistakes);
            credentials.insert(table.key.clone(), preparation.builder.build());
        }
        let vault = Self {
            secrets,
            credentials,
            notes: notes(config),
        };
        (vault, mistakes)
    }

    /// What was made of a table.
    pub(super) fn credentials(&self, table: Option<&Credentials>) -> adapter_runtime::Credentials {
        let prepared = table.and_then(|table| self.credentials.get(&table.key));
        prepared.cloned().unwrap_or_default()
    }

    /// What the adapters of a port may read.
    pub(super) fn granted(&self, port: &Port) -> GrantedSecrets {
        let names = port.grants.secrets.iter();
        self.secrets.grant(names.map(|secret| secret.name.as_str()))
    }

    /// What an operator should know about where the secrets come from, one line each.
    pub(super) fn notes(&self) -> &[String] {
        &self.notes
    }
}

async fn read(config: &Config) -> (Secrets, Vec<Mistake>) {
    let all = config.secrets.iter();
    let read = join_all(all.map(async |secret| (secret, secret.source.read().await))).await;
    let (mut secrets, mut mistakes) = (Vec::new(), Vec::new());
    for (secret, value) in read {
        match value {
            Ok(value) => secrets.push((secret.name.clone(), value)),
            Err(error) => mistakes.push(Mistake {
                place: secret.place,
                key: secret.key.clone(),
                problem: format!("the secret cannot be read: {error}"),
            }),
        }
    }
    (secrets.into_iter().collect(), mistakes)
}

fn notes(config: &Config) -> Vec<String> {
    let note = |secret: &crate::config::Secret| {
        let name = &secret.name;
        match &secret.source {
            SecretSource::Command(line) => {
                let program = line.first().map(String::as_str).unwrap_or_default();
                Some(format!("secret {name}: its command, {program}, was run"))
            }
            source => Some(format!("secret {name}: {}", source.warning()?)),
        }
    };
    config.secrets.iter().filter_map(note).collect()
}

/// Credentials in the making.
struct Preparation<'a> {
    config: &'a Config,
    secrets: &'a Secrets,
    builder: CredentialsBuilder,
    mistakes: Vec<Mistake>,
}

impl<'a> Preparation<'a> {
    fn new(config: &'a Config, secrets: &'a Secrets) -> Self {
        Self {
            config,
            secrets,
            builder: CredentialsBuilder::default(),
            mistakes: Vec::new(),
        }
    }

    fn take(&mut self, table: &Credentials) {
        for url in &table.urls {
            // One that is no URL is told where grants are checked.
            if let Ok(url) = HttpGrant::parse(&url.value) {
                self.builder.cover(url);
            }
        }
        match &table.authorization {
            Some(Authorization::Bearer(token)) => self.with(token, CredentialsBuilder::bearer),
            Some(Authorization::Basic { user, password }) => {
                self.with(password, |builder, secret| builder.basic(user, secret));
            }
            None => {}
        }
        for (name, value) in &table.headers {
            self.with(value, |builder, secret| builder.header(name, secret));
        }
        if let Some(certificate) = &table.client_certificate {
            self.show(certificate);
        }
        if let Some(authorities) = &table.authorities
            && let Some(pem) = self.file(&authorities.file, "")
        {
            let only = authorities.only;
            self.try_at(&authorities.file, |b| b.authorities(&pem, only));
        }
        for key in &table.webhook_keys {
            self.with(key, CredentialsBuilder::webhook_key);
        }
    }

    fn show(&mut self, shown: &ClientCertificate) {
        let certificate = match self.secrets.get(&shown.certificate.name) {
            Some(secret) => Some(secret.clone()),
            None => {
                let pem = self.file(&shown.certificate, "there is no such secret, and ");
                pem.map(Secret::new)
            }
        };
        let key = self.secrets.get(&shown.key.name);
        if let Some((certificate, key)) = certificate.zip(key) {
            let show = |b: &mut CredentialsBuilder| b.client_certificate(certificate.expose(), key);
            self.try_at(&shown.certificate, show);
        }
    }

    /// One that could not be read has been told.
    fn with(
        &mut self,
        secret: &Reference,
        set: impl FnOnce(&mut CredentialsBuilder, &Secret) -> Result<(), CredentialError>,
    ) {
        if let Some(value) = self.secrets.get(&secret.name) {
            let problem = |error| format!("the secret '{}' cannot be used: {error}", secret.name);
            if let Err(error) = set(&mut self.builder, value) {
                self.mistakes.push(secret.mistake(problem(error)));
            }
        }
    }

    fn try_at(
        &mut self,
        place: &Reference,
        set: impl FnOnce(&mut CredentialsBuilder) -> Result<(), CredentialError>,
    ) {
        if let Err(error) = set(&mut self.builder) {
            self.mistakes.push(place.mistake(error.to_string()));
        }
    }

    fn file(&mut self, file: &Reference, otherwise: &str) -> Option<String> {
        let path = self.config.beside(&file.name);
        match fs::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(error) => {
                let path = path.display();
                let problem = format!("{otherwise}the file {path} cannot be read: {error}");
                self.mistakes.push(file.mistake(problem));
                None
            }
        }
    }
}

#[cfg(test)]
mod tests;
