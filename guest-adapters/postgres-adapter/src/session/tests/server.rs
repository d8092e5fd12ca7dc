//! What a server sends, as bytes.

/// A message of this kind.
pub(crate) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind];
    bytes.extend_from_slice(&u32::try_from(body.len() + 4).unwrap().to_be_bytes());
    bytes.extend_from_slice(body);
    bytes
}

/// An authentication message.
pub(crate) fn auth(kind: u32, body: &[u8]) -> Vec<u8> {
    message(b'R', &[&kind.to_be_bytes(), body].concat())
}

/// The end of a login.
pub(crate) fn welcome() -> Vec<u8> {
    let key = [0, 0, 0, 42, 1, 2, 3, 4];
    [
        auth(0, b""),
        message(b'S', b"server_version\x0015.18\0"),
        message(b'K', &key),
        ready(b'I'),
    ]
    .concat()
}

/// Ready for the next exchange, in this state.
pub(crate) fn ready(status: u8) -> Vec<u8> {
    message(b'Z', &[status])
}

/// A command was carried out.
pub(crate) fn command(tag: &str) -> Vec<u8> {
    message(b'C', format!("{tag}\0").as_bytes())
}

/// The server's answer to an unnamed command of a pipeline: parsed, bound, no rows, carried out.
pub(crate) fn step(tag: &str) -> Vec<u8> {
    [message(b'1', b""), message(b'2', b""), command(tag)].concat()
}

/// A statement was closed, and another prepared.
pub(crate) fn closed_statement() -> Vec<u8> {
    [message(b'3', b""), message(b'1', b"")].concat()
}

/// The types of a prepared statement's parameters, which returns nothing.
pub(crate) fn parameter_types(types: &[u32]) -> Vec<u8> {
    let count = u16::try_from(types.len()).unwrap();
    let types: Vec<u8> = types.iter().flat_map(|kind| kind.to_be_bytes()).collect();
    let types = message(b't', &[&count.to_be_bytes()[..], &types].concat());
    [types, message(b'n', b"")].concat()
}

/// A row of text.
pub(crate) fn row(columns: &[Option<&str>]) -> Vec<u8> {
    let mut body = u16::try_from(columns.len()).unwrap().to_be_bytes().to_vec();
    for column in columns {
        let length = column.map_or(-1, |text| i32::try_from(text.len()).unwrap());
        body.extend_from_slice(&length.to_be_bytes());
        body.extend_from_slice(column.unwrap_or_default().as_bytes());
    }
    message(b'D', &body)
}

/// An error or a notice with these fields.
pub(crate) fn report(kind: u8, fields: &[(u8, &str)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (field, text) in fields {
        body.push(*field);
        body.extend_from_slice(text.as_bytes());
        body.push(0);
    }
    body.push(0);
    message(kind, &body)
}

/// An error after which the server goes on.
pub(crate) fn error(sqlstate: &str, text: &str) -> Vec<u8> {
    report(b'E', &[(b'V', "ERROR"), (b'C', sqlstate), (b'M', text)])
}

/// An error after which the server hangs up.
pub(crate) fn fatal(sqlstate: &str, text: &str) -> Vec<u8> {
    report(b'E', &[(b'V', "FATAL"), (b'C', sqlstate), (b'M', text)])
}

pub(crate) fn notice(text: &str) -> Vec<u8> {
    report(b'N', &[(b'V', "WARNING"), (b'C', "01000"), (b'M', text)])
}
