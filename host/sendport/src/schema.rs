//! Settings against the schema that an adapter declares for them.

use std::time::Duration;

use adapter_runtime::{ConfigurationKey, ValueKind};

use crate::config::{Mistake, Place, Setting, duration, quoted, suggest};

/// Everything that is wrong with the settings in the table `path`, which is at `place`.
pub(crate) fn check(
    keys: &[ConfigurationKey],
    settings: &[Setting],
    path: &str,
    place: Place,
) -> Vec<Mistake> {
    let missing = keys
        .iter()
        .filter(|key| key.required && !settings.iter().any(|setting| setting.name == key.name));
    let missing = missing.map(|key| Mistake {
        place,
        key: format!("{path}.{}", key.name),
        problem: format!("missing; the adapter needs it: {}", key.description),
    });
    let wrong = settings.iter().filter_map(|setting| {
        let (place, problem) = wrong(keys, setting)?;
        Some(Mistake {
            place,
            key: format!("{path}.{}", setting.name),
            problem,
        })
    });
    missing.chain(wrong).collect()
}

fn wrong(keys: &[ConfigurationKey], setting: &Setting) -> Option<(Place, String)> {
    let exact = keys.iter().find(|key| key.name == setting.name);
    let Some(key) = exact.or_else(|| keys.iter().find(|key| covers(&key.name, &setting.name)))
    else {
        let problem = if keys.is_empty() {
            "unknown key; the adapter has no settings here".to_owned()
        } else {
            let hint = suggest(&setting.name, keys.iter().map(|key| key.name.as_str()));
            format!("unknown key{hint}")
        };
        return Some((setting.name_place, problem));
    };
    let problem = wrong_value(&key.kind, &setting.value)?;
    Some((setting.value_place, problem))
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
        let mistakes = check(&keys, &settings, "ports.a.config", at(1));
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
