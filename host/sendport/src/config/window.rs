//! `window = { … }`: the hours in which a transport may be used.

use model::{ServiceWindow, WindowError};

use super::section::{Entry, Section};

const ZONE: &str = "UTC";

pub(super) const KEYS: &[&str] = &["from", "to", "days", "zone"];

/// A service window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) hours: ServiceWindow,
    /// As it is written, for people.
    pub(crate) text: String,
}

pub(super) fn window(entry: Option<Entry<'_>>) -> Option<Window> {
    let section = entry?.section()?;
    section.refuse_others(KEYS);
    let from = section.require("from", "say when it opens: from = \"22:00\"");
    let to = section.require("to", "say when it closes: to = \"06:00\"");
    let (opens, closes) = (from?.text()?, to?.text()?);
    let days: Option<Vec<String>> = match section.get("days") {
        Some(days) => Some(days.texts()?.into_iter().map(|day| day.value).collect()),
        None => None,
    };
    let zone = match section.get("zone") {
        Some(zone) => zone.text()?,
        None => ZONE,
    };
    match ServiceWindow::parse(opens, closes, days.as_deref(), zone) {
        Ok(hours) => Some(Window {
            hours,
            text: written(opens, closes, days.as_deref(), zone),
        }),
        Err(error) => {
            complain(&section, opens, &error);
            None
        }
    }
}

/// Notes the mistake where it is.
fn complain(section: &Section<'_>, opens: &str, error: &WindowError) {
    let problem = error.to_string();
    let key = match error {
        WindowError::Time(time) if time == opens => "from",
        WindowError::Time(_) | WindowError::Empty(_) => "to",
        WindowError::Day(_) | WindowError::NoDay => "days",
        WindowError::Zone(_) => "zone",
    };
    // Every key that can be wrong is there: the default zone is a zone.
    let Some(entry) = section.get(key) else {
        return;
    };
    let wrong = match error {
        WindowError::Day(wrong) => entry
            .texts()
            .into_iter()
            .flatten()
            .find(|day| day.value == *wrong),
        _ => None,
    };
    match wrong {
        Some(day) => entry.item_mistake(day.place, problem),
        None => entry.mistake(problem),
    }
}

fn written(opens: &str, closes: &str, days: Option<&[String]>, zone: &str) -> String {
    let days = days.map_or("every day".to_owned(), |days| days.join(" "));
    format!("{opens} to {closes}, {days}, {zone}")
}
