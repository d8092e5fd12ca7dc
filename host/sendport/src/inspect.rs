//! `sendport adapter inspect`: what a component is and what it could do; on a port, what it may do; beside
//! another one, what is new.

mod component;
mod difference;
mod on_port;

use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::cli::InspectArguments;
use crate::config::{Config, DEFAULT_PATH};
use crate::{output, wiring};

use difference::Difference;

pub(crate) async fn inspect(arguments: &InspectArguments) -> anyhow::Result<()> {
    let InspectArguments {
        component,
        against,
        port,
        config,
        json,
    } = arguments;
    let said = match (port, component) {
        (Some(port), component) => {
            let file = config.as_deref().unwrap_or(Path::new(DEFAULT_PATH));
            let config = Config::load(file)?;
            on_port::inspect(&config, port.as_str(), component.as_deref()).await?
        }
        (None, Some(component)) => {
            let config = config.as_deref().map(Config::load).transpose()?;
            of_component(component, against.as_deref(), config.as_ref())?
        }
        // The command line demands one of them.
        (None, None) => anyhow::bail!("name a component, or a port with --port"),
    };
    let text = match json {
        true => format!("{:#}\n", said.json),
        false => said.text,
    };
    output::print(&text)
}

/// One answer in two forms.
struct Said {
    text: String,
    json: Value,
}

fn of_component(
    component: &Path,
    against: Option<&Path>,
    config: Option<&Config>,
) -> anyhow::Result<Said> {
    let inspection = wiring::inspect(component, config)?;
    let mut text = component::as_text(&inspection);
    let mut json = component::as_json(&inspection);
    if let Some(file) = against {
        let other = wiring::inspect(file, config)
            .with_context(|| format!("nothing to compare with: {}", file.display()))?;
        let difference = Difference::between(&other, &inspection);
        text.push_str(&difference.as_text(&file.display().to_string()));
        json["against"] = json!({ "digest": other.digest });
        json["difference"] = difference.as_json();
    }
    Ok(Said { text, json })
}

/// A line, ended, without spaces before its end. What an adapter says about itself may be anything.
fn line(text: &mut String, line: &str) {
    text.push_str(&output::visible(line.trim_end()));
    text.push('\n');
}

/// A heading and lines below it; nothing when there are none.
fn list<'a>(text: &mut String, heading: &str, items: impl IntoIterator<Item = &'a str>) {
    for (nth, item) in items.into_iter().enumerate() {
        if nth == 0 {
            line(text, heading);
        }
        line(text, &format!("  {item}"));
    }
}
