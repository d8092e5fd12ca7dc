//! Settings against the schema that an adapter declares for them.

use std::time::Duration;

use adapter_runtime::{ConfigurationKey, ValueKind};

use crate::config::{Mistake, Settings, duration, quoted, suggest};

/// Everything that is wrong with the settings. Keys that the schema does not name are refused, unless
/// they are allowed.
pub(crate) fn check(
    keys: &[ConfigurationKey],
    settings: &Settings,
    allow_unknown: bool,
) -> Vec<Mistake> {
    let missing = keys
        .iter()
        .filter(|key| key.required && !settings.list.iter().any(|s| s.name == key.name));
    let missing = missing.map(|key| Mistake {
        place: settings.place,
        key: format!("{}.{}", settings.path, key.name),
        problem: format!("missing; the adapter needs it: {}", key.description),
    });
    let wrong = settings.list.iter().filter_map(|setting| {
        let (place, problem) = match find(keys, &setting.name) {
            Some(key) => (setting.value_place, wrong_value(&key.kind, &setting.value)?),
            None if allow_unknown => return None,
            None => (setting.name_place, unknown(keys, &setting.name)),
        };
        Some(Mistake {
            place,
            key: format!("{}.{}", settings.path, setting.name),
            problem,
        })
    });
    missing.chain(wrong).collect()
}

fn find<'a>(keys: &'a [ConfigurationKey], name: &str) -> Option<&'a ConfigurationKey> {
    let exact = keys.iter().find(|key| key.name == name);
    exact.or_else(|| keys.iter().find(|key| covers(&key.name, name)))
}

fn unknown(keys: &[ConfigurationKey], name: &str) -> String {
    if keys.is_empty() {
        return "unknown key; the adapter has no settings here".to_owned();
    }
    let hint = suggest(name, keys.iter().map(|key| key.name.as_str()));
    format!("unknown key{hint}")
}

/// A key such as `header.*` stands for every name that begins like it.
fn covers(key: &str, name: &str) -> bool {
    let rest = key
        .strip_suffix('*')
        .and_then(|prefix| name.strip_prefix(prefix));
    rest.is_some_and(|rest| !rest.is_empty())
}

fn wrong_value(kind: &ValueKind, value: &str) -> Option<String> {
    match kind {
        ValueKind::Text => None,
        ValueKind::Number if value.parse::<u64>().is_ok() => None,
        ValueKind::Number => Some(format!("'{value}' is not a whole number")),
        ValueKind::Boolean if matches!(value, "true" | "false") => None,
        ValueKind::Boolean => Some(format!("'{value}' is neither true nor false")),
        ValueKind::Duration => duration(value, Duration::ZERO..=Duration::MAX).err(),
        ValueKind::OneOf(texts) if texts.iter().any(|text| text == value) => None,
        ValueKind::OneOf(texts) => {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            Some(format!("'{value}' is not one of {}", quoted(&texts)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Place, Setting};

    fn key(name: &str, kind: ValueKind, required: bool) -> ConfigurationKey {
        ConfigurationKey {
            name: name.to_owned(),
            description: format!("what {name} does"),
            kind,
            required,
            default: None,
        }
    }

    fn problems(settings: &[(&str, &str)]) -> Vec<String> {
        complaints(settings, false)
    }

    fn complaints(settings: &[(&str, &str)], allow_unknown: bool) -> Vec<String> {
        let copy_modes = ["create-new", "append"].map(str::to_owned).to_vec();
        let keys = [
            key("method", ValueKind::Text, true),
            key("limit", ValueKind::Number, false),
            key("strict", ValueKind::Boolean, false),
            key("timeout", ValueKind::Duration, false),
            key("copy-mode", ValueKind::OneOf(copy_modes), false),
            key("header.*", ValueKind::Text, false),
        ];
        let at = |line| Place { line, column: 1 };
        let settings: Vec<_> = settings
            .iter()
            .map(|(name, value)| Setting {
                name: (*name).to_owned(),
                value: (*value).to_owned(),
                name_place: at(2),
                value_place: at(3),
            })
            .collect();
        let settings = Settings {
            path: "ports.a.config".to_owned(),
            place: at(1),
            list: settings,
        };
        let mistakes = check(&keys, &settings, allow_unknown);
        let text = |mistake: Mistake| {
            format!(
                "{}: {}: {}",
                mistake.place.line, mistake.key, mistake.problem
            )
        };
        mistakes.into_iter().map(text).collect()
    }

    #[test]
    fn what_fits_is_no_mistake() {
        let settings = [
            ("method", "POST"),
            ("limit", "7"),
            ("strict", "true"),
            ("timeout", "1m 30s"),
            ("copy-mode", "append"),
            ("header.x-key", "k"),
        ];
        assert_eq!(problems(&settings), Vec::<String>::new());
    }

    #[test]
    fn an_adapter_with_unknown_keys_still_gets_values_that_fit() {
        let settings = [("method", "POST"), ("x-own", "1"), ("limit", "many")];
        assert_eq!(
            complaints(&settings, true),
            ["3: ports.a.config.limit: 'many' is not a whole number"]
        );
    }

    #[test]
    fn what_does_not_fit_is_told_with_place_and_key() {
        assert_eq!(
            problems(&[]),
            ["1: ports.a.config.method: missing; the adapter needs it: what method does"]
        );
        let cases = [
            (
                ("timout", "1s"),
                "2: ports.a.config.timout: unknown key; did you mean 'timeout'?",
            ),
            (
                ("header.", "k"),
                "2: ports.a.config.header.: unknown key; did you mean 'header.*'?",
            ),
            (
                ("limit", "-1"),
                "3: ports.a.config.limit: '-1' is not a whole number",
            ),
            (
                ("strict", "yes"),
                "3: ports.a.config.strict: 'yes' is neither true nor false",
            ),
            (
                ("timeout", "5"),
                "3: ports.a.config.timeout: '5' is not a length of time: \
                 write for example '500ms', '30s' or '5m'",
            ),
            (
                ("copy-mode", "apend"),
                "3: ports.a.config.copy-mode: 'apend' is not one of 'create-new', 'append'",
            ),
        ];
        for (setting, expected) in cases {
            assert_eq!(problems(&[("method", "POST"), setting]), [expected]);
        }
    }
}
