//! One message as the values of the statement's parameters.

use postgres_protocol::Oid;

use crate::session::Value;
use crate::statement::Source;

/// The type of `bytea`, the one that takes bytes as they are.
const BYTEA: Oid = 17;

/// What a row is made from.
pub(crate) struct Facts<'a> {
    pub(crate) id: &'a str,
    pub(crate) port: &'a str,
    pub(crate) attempt: u32,
    /// Reads a property of the message.
    pub(crate) property: &'a dyn Fn(&str) -> Option<String>,
    /// Reads the body; asked for only where a parameter wants it.
    pub(crate) body: &'a dyn Fn() -> Vec<u8>,
}

/// Why a message makes no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RowError {
    #[error(
        "the body is not UTF-8 (wrong at byte {0}), which the type of $body in the statement needs; \
         a column of type bytea, or $body::bytea, takes any bytes"
    )]
    NotUtf8(usize),
}

/// The values of a message, one for each parameter. `types` are the server's, in the same order.
pub(crate) fn values(
    sources: &[Source],
    types: &[Oid],
    facts: &Facts<'_>,
) -> Result<Vec<Value>, RowError> {
    let typed = sources.iter().zip(types);
    typed
        .map(|(source, kind)| value(source, *kind, facts))
        .collect()
}

fn value(source: &Source, kind: Oid, facts: &Facts<'_>) -> Result<Value, RowError> {
    let bytes = match source {
        Source::Id => facts.id.as_bytes().to_vec(),
        Source::Port => facts.port.as_bytes().to_vec(),
        Source::Attempt => facts.attempt.to_string().into_bytes(),
        Source::Property(name) => match (facts.property)(name) {
            Some(value) => value.into_bytes(),
            None => return Ok(Value::Null),
        },
        Source::Body => {
            let body = (facts.body)();
            // The server would refuse it as well, but only after it has travelled.
            if kind != BYTEA
                && let Err(error) = std::str::from_utf8(&body)
            {
                return Err(RowError::NotUtf8(error.valid_up_to()));
            }
            body
        }
    };
    // Text is understood for every type but this one, where it would be taken apart at its backslashes.
    Ok(match kind {
        BYTEA => Value::Binary(bytes),
        _ => Value::Text(bytes),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSONB: Oid = 3802;

    fn read(source: Source, kind: Oid, body: &[u8]) -> Result<Value, RowError> {
        let facts = Facts {
            id: "018f",
            port: "orders",
            attempt: 3,
            property: &|name| (name == "customer").then(|| "7".to_owned()),
            body: &|| body.to_vec(),
        };
        let mut values = values(&[source], &[kind], &facts)?;
        assert_eq!(values.len(), 1);
        Ok(values.remove(0))
    }

    fn text(text: &str) -> Value {
        Value::Text(text.as_bytes().to_vec())
    }

    #[test]
    fn every_source_has_its_value() {
        let property = |name: &str| Source::Property(name.to_owned());
        let table = [
            (Source::Id, text("018f")),
            (Source::Port, text("orders")),
            (Source::Attempt, text("3")),
            (property("customer"), text("7")),
            (property("Customer"), Value::Null),
            (Source::Body, text("{}")),
        ];
        for (source, expected) in table {
            assert_eq!(read(source, JSONB, b"{}"), Ok(expected));
        }
    }

    #[test]
    fn bytes_go_into_a_bytea_as_they_are() {
        let body = b"\\x00 \xff\0";
        let value = read(Source::Body, BYTEA, body);
        assert_eq!(value, Ok(Value::Binary(body.to_vec())));
        let value = read(Source::Id, BYTEA, body);
        assert_eq!(value, Ok(Value::Binary(b"018f".to_vec())));
    }

    #[test]
    fn a_body_that_is_no_text_is_none_for_any_other_type() {
        let error = read(Source::Body, JSONB, b"ab\xff").unwrap_err();
        assert_eq!(error, RowError::NotUtf8(2));
        assert!(error.to_string().contains("$body::bytea"), "{error}");
    }
}
