//! What is made of a configuration's secrets, and what is said when they cannot be used.

use std::fs;

use tempfile::TempDir;

use super::*;

/// A configuration in a directory with these files beside it.
struct Site {
    directory: TempDir,
}

impl Site {
    fn new(files: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        for (name, content) in files {
            fs::write(directory.path().join(name), content).expect("the file is written");
        }
        Self { directory }
    }

    fn config(&self, text: &str) -> Config {
        let text = format!(
            "[adapters.http]\ncomponent = \"http.wasm\"\n\
             [ports.orders]\nadapter = \"http\"\naddress = \"https://h/\"\n{text}"
        );
        let file = self.directory.path().join("sendport.toml");
        Config::parse(&file, &text).unwrap_or_else(|error| panic!("{error}"))
    }

    /// What is wrong, by key.
    async fn mistakes(&self, text: &str) -> Vec<String> {
        let (vault, mistakes) = Vault::open(&self.config(text)).await;
        assert!(!format!("{vault:?}").contains("t0ken"), "{vault:?}");
        let directory = self.directory.path().display().to_string();
        let line = |mistake: &Mistake| {
            let problem = mistake.problem.replace(&directory, "DIR");
            format!("{}: {}: {problem}", mistake.place.line, mistake.key)
        };
        mistakes.iter().map(line).collect()
    }
}

const TOKEN: &str = "[secrets.token]\nfile = \"token\"\n";

#[tokio::test]
async fn secrets_are_read_each_time_and_granted_by_name() {
    let site = Site::new(&[("token", "t0ken\n")]);
    let config = site.config(&format!("grants = {{ secrets = [\"token\"] }}\n{TOKEN}"));
    let read = async || {
        let (vault, mistakes) = Vault::open(&config).await;
        assert_eq!(mistakes, []);
        let secret = vault.secrets.get("token").expect("the secret").clone();
        (secret.expose().to_owned(), vault.granted(&config.ports[0]))
    };
    let (first, granted) = read().await;
    assert_eq!(first, "t0ken");
    assert_eq!(granted.names().collect::<Vec<_>>(), ["token"]);
    fs::write(site.directory.path().join("token"), "rotated").expect("the file is written");
    let (second, rotated) = read().await;
    assert_eq!(second, "rotated");
    assert_ne!(granted, rotated);
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_is_told_once_and_at_its_line() {
    let site = Site::new(&[]);
    let credentials = "credentials = { authorization = { bearer = \"token\" }, \
                       headers = { x-a = \"token\" } }\n";
    assert_eq!(
        site.mistakes(&format!("{credentials}{TOKEN}")).await,
        [
            "8: secrets.token.file: the secret cannot be read: cannot read the file DIR/token: \
             No such file or directory (os error 2)"
        ]
    );
}

#[tokio::test]
async fn a_secret_that_is_not_what_it_is_named_for_is_told_where_it_is_named() {
    let site = Site::new(&[("token", "t0ken"), ("lines", "t0ken\nt0ken")]);
    let secrets = format!("{TOKEN}[secrets.lines]\nfile = \"lines\"\n");
    let cases = [
        (
            "authorization = { bearer = \"lines\" }",
            "authorization.bearer: the secret 'lines' cannot be used: it holds a character that no header can",
        ),
        (
            "authorization = { basic = { user = \"a:b\", password = \"token\" } }",
            "authorization.basic.password: the secret 'token' cannot be used: a user name with ':'",
        ),
        (
            "headers = { content-length = \"token\" }",
            "headers.content-length: the secret 'token' cannot be used: content-length frames the request",
        ),
        (
            "webhook-signature = { keys = [\"token\"] }",
            "webhook-signature.keys: the secret 'token' cannot be used: it is not a webhook key",
        ),
        (
            "client-certificate = { certificate = \"token\", key = \"token\" }",
            "client-certificate.certificate: there is no certificate in PEM",
        ),
        (
            "client-certificate = { certificate = \"tokn\", key = \"token\" }",
            "client-certificate.certificate: there is no such secret, and the file DIR/tokn cannot be read: ",
        ),
        (
            "authorities = \"nowhere.pem\"",
            "authorities: the file DIR/nowhere.pem cannot be read: ",
        ),
        (
            "authorities = \"token\"",
            "authorities: there is no certificate in PEM",
        ),
    ];
    for (credentials, expected) in cases {
        let text = format!("credentials = {{ {credentials} }}\n{secrets}");
        let mistakes = site.mistakes(&text).await;
        let expected = format!("6: ports.orders.credentials.{expected}");
        assert!(
            mistakes.len() == 1 && mistakes[0].starts_with(&expected),
            "{expected}\n{mistakes:?}"
        );
        assert!(!mistakes[0].contains("t0ken"), "{mistakes:?}");
    }
}

#[tokio::test]
async fn an_operator_is_told_of_commands_that_were_run() {
    let site = Site::new(&[]);
    let config = site.config("[secrets.token]\ncommand = [\"echo\", \"t0ken\"]\n");
    let (vault, mistakes) = Vault::open(&config).await;
    assert_eq!(mistakes, []);
    assert_eq!(vault.notes(), ["secret token: its command, echo, was run"]);
}
