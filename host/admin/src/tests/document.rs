//! The document against the answers: every reference leads somewhere, and what is answered has exactly
//! the members that are described.

use model::ErrorInfo;
use serde_json::{Value, json};

use super::fixture::{Host, port, transport};
use crate::openapi;

fn document() -> Value {
    serde_json::from_str(openapi::DOCUMENT).unwrap()
}

/// What a schema or response is, wherever it is written.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        None => value,
        Some(reference) => {
            let path = reference.strip_prefix('#').unwrap();
            let found = document.pointer(path);
            resolved(document, found.unwrap_or_else(|| panic!("{reference}")))
        }
    }
}

/// The value has the members that the schema requires, and no others than it names.
fn check(document: &Value, schema: &Value, value: &Value, place: &str) {
    let schema = resolved(document, schema);
    if let Some(choices) = schema["oneOf"].as_array() {
        let is_null = |choice: &&Value| choice["type"] == "null";
        if value.is_null() {
            assert!(choices.iter().any(|choice| is_null(&choice)), "{place}");
        } else {
            let choice = choices.iter().find(|choice| !is_null(choice));
            check(document, choice.unwrap(), value, place);
        }
        return;
    }
    if let (Some(properties), Some(members)) = (schema["properties"].as_object(), value.as_object())
    {
        for name in schema["required"].as_array().into_iter().flatten() {
            let name = name.as_str().unwrap();
            assert!(members.contains_key(name), "{place} has no {name}");
        }
        for (name, member) in members {
            let schema = properties.get(name);
            let schema = schema.unwrap_or_else(|| panic!("{place} has {name}"));
            check(document, schema, member, &format!("{place}.{name}"));
        }
    }
    for (nth, item) in value.as_array().into_iter().flatten().enumerate() {
        check(document, &schema["items"], item, &format!("{place}[{nth}]"));
    }
    if let Some(words) = schema["enum"].as_array() {
        assert!(words.contains(value), "{place} is {value}");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk(document: &Value, value: &Value) {
        resolved(document, value);
        for member in value.as_object().into_iter().flat_map(|map| map.values()) {
            walk(document, member);
        }
        for item in value.as_array().into_iter().flatten() {
            walk(document, item);
        }
    }
    let document = document();
    walk(&document, &document);
}

#[tokio::test]
async fn answers_are_as_they_are_described() {
    let document = document();
    let mut orders = port("orders");
    orders.backup = Some(transport("test://backup"));
    let mut host = Host::serving(vec![orders]);
    let one = host.suspended("one", ErrorInfo::new("x", "y")).await;
    let two = host.suspended("two", ErrorInfo::new("x", "y")).await;
    let set = Some(json!({"set": {"a": "1"}}));
    let ids = Some(json!({"ids": [one.to_string(), one.to_string()]}));
    for (method, path, body, described) in [
        ("GET", "/v1/status", None, "/v1/status"),
        (
            "GET",
            "/v1/messages/suspended",
            None,
            "/v1/messages/suspended",
        ),
        (
            "PATCH",
            &format!("/v1/messages/{two}"),
            set,
            "/v1/messages/{id}",
        ),
        (
            "GET",
            &format!("/v1/messages/{two}"),
            None,
            "/v1/messages/{id}",
        ),
        (
            "GET",
            &format!("/v1/messages/{two}/original"),
            None,
            "/v1/messages/{id}/original",
        ),
        (
            "POST",
            "/v1/messages/suspended/resume",
            ids.clone(),
            "/v1/messages/suspended/resume",
        ),
        (
            "POST",
            "/v1/messages/suspended/terminate",
            ids,
            "/v1/messages/suspended/terminate",
        ),
        (
            "POST",
            &format!("/v1/messages/{two}/resume"),
            None,
            "/v1/messages/{id}/resume",
        ),
        (
            "POST",
            "/v1/ports/orders/stop",
            None,
            "/v1/ports/{port}/stop",
        ),
        (
            "POST",
            "/v1/ports/orders/terminate?deadline=0s",
            None,
            "/v1/ports/{port}/terminate",
        ),
    ] {
        let answer = host.ask(method, path, body).await;
        let operation = &document["paths"][described][method.to_lowercase()];
        let response = &operation["responses"][answer.status.as_str()];
        let content = &resolved(&document, response)["content"];
        let schema = &content["application/json"]["schema"];
        assert!(schema.is_object(), "{path} answers {}", answer.status);
        check(&document, schema, &answer.json, path);
    }
    let refused = host.post(&[("sendport-priority", "0")], "x").await;
    assert_ne!(refused.json, Value::Null);
    let problem = &document["components"]["schemas"]["Problem"];
    check(&document, problem, &refused.json, "problem");
}
