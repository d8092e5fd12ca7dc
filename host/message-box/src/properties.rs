//! Message properties as JSON text, in the publisher's order.

use std::borrow::Cow;
use std::fmt;

use model::Properties;
use rusqlite::Row;
use rusqlite::types::Type;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::ser::Serializer;

const EMPTY: &str = "{}";

/// The properties as a JSON object of texts.
pub(crate) fn to_json(properties: &Properties) -> Cow<'static, str> {
    if properties.is_empty() {
        return Cow::Borrowed(EMPTY);
    }
    let mut json = Vec::with_capacity(128);
    serde_json::Serializer::new(&mut json)
        .collect_map(properties.iter())
        .expect("texts always serialise, and a vector never fails to grow");
    Cow::Owned(String::from_utf8(json).expect("JSON is UTF-8"))
}

/// Reads what [`to_json`] wrote.
pub(crate) fn from_json(json: &str) -> Result<Properties, serde_json::Error> {
    if json == EMPTY {
        return Ok(Properties::default());
    }
    serde_json::Deserializer::from_str(json).deserialize_map(InOrder)
}

/// The properties in a column of a row; none when it is NULL.
pub(crate) fn from_column(row: &Row<'_>, column: usize) -> rusqlite::Result<Properties> {
    let Some(json) = row.get_ref(column)?.as_str_or_null()? else {
        return Ok(Properties::default());
    };
    from_json(json).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
    })
}

/// A map type would sort the names; visiting the object keeps their order.
struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Properties;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Properties, A::Error> {
        let mut properties = Properties::default();
        while let Some((name, value)) = map.next_entry::<String, String>()? {
            properties.set(name, value);
        }
        Ok(properties)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_read_back_in_order() {
        let properties: Properties = [("z", "1"), ("a", "\"quoted\"\n"), ("ü", "")]
            .into_iter()
            .collect();
        let json = to_json(&properties);
        assert_eq!(json, r#"{"z":"1","a":"\"quoted\"\n","ü":""}"#);
        assert_eq!(from_json(&json).unwrap(), properties);
        assert_eq!(
            from_json(&to_json(&Properties::default())).unwrap(),
            Properties::default()
        );
        assert!(from_json("[1]").is_err());
    }
}
