//! Which header names and values may be sent (RFC 9110 §5).

/// A header that cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not a token.
    #[error("is not a header name: use letters, digits and !#$%&'*+-.^_`|~")]
    Name,
    /// Line breaks and other control characters.
    #[error("has a value that no header can carry: control characters are not allowed")]
    Value,
    /// What frames the request.
    #[error("is set by the host and cannot be chosen")]
    Hosts,
}

/// Decided by whoever holds the connection.
const OF_THE_HOST: [&str; 10] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Checks a header's name.
pub fn check_name(name: &str) -> Result<(), NameError> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(token) {
        return Err(NameError::Name);
    }
    if OF_THE_HOST
        .iter()
        .any(|&host| host.eq_ignore_ascii_case(name))
    {
        return Err(NameError::Hosts);
    }
    Ok(())
}

/// Checks a header's value: visible characters, blanks, tabs, and bytes above ASCII as they are.
pub fn check_value(value: &str) -> Result<(), NameError> {
    let allowed = |byte: u8| byte == b'\t' || (byte >= b' ' && byte != 0x7f);
    if value.bytes().all(allowed) {
        Ok(())
    } else {
        Err(NameError::Value)
    }
}
