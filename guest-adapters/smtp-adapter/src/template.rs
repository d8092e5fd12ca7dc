//! Texts with macros, for the subject and the attachment's name, and what they make of one message.
//!
//! Pure. Whatever a publisher puts into a property, no text made here has a control character in it, so
//! none can begin a header of its own.

use std::fmt;

const MESSAGE_ID: &str = "MessageID";
const PROPERTY: &str = "property:";

/// What a text is made from.
pub(crate) struct Facts<'a> {
    /// The message's id.
    pub(crate) message_id: &'a str,
    /// Reads a property of the message.
    pub(crate) property: &'a dyn Fn(&str) -> Option<String>,
}

/// A text with macros, as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    MessageId,
    Property(String),
}

/// A template that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TemplateError {
    #[error("{0:?} has a `%` without a partner; write `%%` for a percent sign")]
    Unpaired(String),
    #[error(
        "{template:?} has the macro `%{name}%`, which does not exist; there are `%{MESSAGE_ID}%` and \
         `%{PROPERTY}NAME%`"
    )]
    Unknown { template: String, name: String },
    #[error("{0:?} has a control character, such as the end of a line")]
    Control(String),
}

/// A message that the template makes no text for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FillError {
    #[error("needs the property `{0}`, which the message does not have")]
    NoValue(String),
    #[error("would have a control character, such as the end of a line, from the property `{0}`")]
    Control(String),
}

impl Template {
    /// Reads a template: text, macros between percent signs, `%%` for a percent sign.
    pub(crate) fn parse(text: &str) -> Result<Self, TemplateError> {
        if text.contains(char::is_control) {
            return Err(TemplateError::Control(text.to_owned()));
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((literal, after)) = rest.split_once('%') {
            push_literal(&mut parts, literal);
            let (name, after) = after
                .split_once('%')
                .ok_or_else(|| TemplateError::Unpaired(text.to_owned()))?;
            match (name, name.strip_prefix(PROPERTY)) {
                ("", _) => push_literal(&mut parts, "%"),
                (MESSAGE_ID, _) => parts.push(Part::MessageId),
                (_, Some(property)) if !property.is_empty() => {
                    parts.push(Part::Property(property.to_owned()));
                }
                _ => {
                    return Err(TemplateError::Unknown {
                        template: text.to_owned(),
                        name: name.to_owned(),
                    });
                }
            }
            rest = after;
        }
        push_literal(&mut parts, rest);
        Ok(Self(parts))
    }

    /// The text for one message.
    pub(crate) fn fill(&self, facts: &Facts<'_>) -> Result<String, FillError> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::MessageId => text.push_str(facts.message_id),
                Part::Property(name) => {
                    let value = (facts.property)(name);
                    let value = value.ok_or_else(|| FillError::NoValue(name.clone()))?;
                    if value.contains(char::is_control) {
                        return Err(FillError::Control(name.clone()));
                    }
                    text.push_str(&value);
                }
            }
        }
        Ok(text)
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.0 {
            match part {
                Part::Literal(text) => f.write_str(&text.replace('%', "%%"))?,
                Part::MessageId => write!(f, "%{MESSAGE_ID}%")?,
                Part::Property(name) => write!(f, "%{PROPERTY}{name}%")?,
            }
        }
        Ok(())
    }
}

fn push_literal(parts: &mut Vec<Part>, text: &str) {
    match parts.last_mut() {
        _ if text.is_empty() => {}
        Some(Part::Literal(before)) => before.push_str(text),
        _ => parts.push(Part::Literal(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(template: &str, properties: &[(&str, &str)]) -> Result<String, FillError> {
        let property = |name: &str| {
            let found = properties.iter().find(|(n, _)| *n == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let facts = Facts {
            message_id: "0190a5c3",
            property: &property,
        };
        let template = Template::parse(template).unwrap();
        assert_eq!(
            Template::parse(&template.to_string()).as_ref(),
            Ok(&template)
        );
        template.fill(&facts)
    }

    #[test]
    fn macros_have_the_message_values() {
        let properties = [("order", "4711"), ("party", "Bäckerei 100%")];
        let table = [
            ("", ""),
            ("Order", "Order"),
            (
                "Order %property:order% of %property:party%",
                "Order 4711 of Bäckerei 100%",
            ),
            ("%MessageID%.xml", "0190a5c3.xml"),
            ("100%% %property:order%%%", "100% 4711%"),
        ];
        for (template, expected) in table {
            assert_eq!(
                fill(template, &properties).as_deref(),
                Ok(expected),
                "{template}"
            );
        }
    }

    #[test]
    fn a_template_with_an_unknown_macro_is_refused() {
        for text in ["%MessageId%", "%order%", "%property:%", "%datetime%"] {
            let error = Template::parse(text).expect_err(text);
            assert!(matches!(error, TemplateError::Unknown { .. }), "{error}");
            assert!(error.to_string().contains("%MessageID%"), "{error}");
        }
        assert!(matches!(
            Template::parse("50%"),
            Err(TemplateError::Unpaired(_))
        ));
        assert!(matches!(
            Template::parse("a\nb"),
            Err(TemplateError::Control(_))
        ));
    }

    #[test]
    fn no_property_begins_a_header() {
        for value in ["x\r\nBcc: eve@x.de", "x\ny", "x\ry", "x\0", "x\u{85}y"] {
            let filled = fill("Order %property:order%", &[("order", value)]);
            assert_eq!(
                filled,
                Err(FillError::Control("order".to_owned())),
                "{value:?}"
            );
        }
    }

    #[test]
    fn a_message_without_the_property_is_named() {
        let error = fill("%property:order%", &[]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "needs the property `order`, which the message does not have"
        );
    }
}
