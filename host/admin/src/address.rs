//! Addresses as they may be shown: passwords are not for everybody who may see the status.

/// What stands for a password.
const HIDDEN: &str = "***";

/// The address without its password: `user:***@` in the authority of a URL, `password=***` anywhere.
pub(crate) fn shown(address: &str) -> String {
    hide_parameter(&hide_user_information(address))
}

/// RFC 3986 §3.2: the authority goes from `//` to the next `/`, `?` or `#`.
fn hide_user_information(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else {
        return address.to_owned();
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    // Passwords that nobody encoded may hold an @ as well: the last one ends them.
    match authority.rsplit_once('@').map(|(user, host)| {
        let (user, has_password) = match user.split_once(':') {
            Some((user, _)) => (user, true),
            None => (user, false),
        };
        (user, has_password, host)
    }) {
        Some((user, true, host)) => format!("{scheme}://{user}:{HIDDEN}@{host}{path}"),
        _ => address.to_owned(),
    }
}

/// Databases take their passwords as parameters, too.
fn hide_parameter(address: &str) -> String {
    const NAME: &str = "password=";
    let Some(start) = address.to_ascii_lowercase().find(NAME) else {
        return address.to_owned();
    };
    let (before, value) = address.split_at(start + NAME.len());
    let end = value.find(['&', ';', ' ', '#']).unwrap_or(value.len());
    format!("{before}{HIDDEN}{}", &value[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_passwords_are_hidden() {
        for (address, expected) in [
            ("http://host/path?a=b", "http://host/path?a=b"),
            ("https://me:secret@host/x", "https://me:***@host/x"),
            ("https://me:se@cr:et@host:1/x", "https://me:***@host:1/x"),
            ("smtp://me@host", "smtp://me@host"),
            ("smtp://:secret@host", "smtp://:***@host"),
            ("http://host/a:b@c", "http://host/a:b@c"),
            (
                "postgres://h/db?user=me&Password=secret&sslmode=require",
                "postgres://h/db?user=me&Password=***&sslmode=require",
            ),
            ("host=h password=secret", "host=h password=***"),
            ("/srv/out/%MessageID%.xml", "/srv/out/%MessageID%.xml"),
            ("mailto:a@b", "mailto:a@b"),
            ("", ""),
        ] {
            assert_eq!(shown(address), expected);
        }
    }
}
