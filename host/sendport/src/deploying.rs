//! `sendport adapter deploy`, `rollback`, `promote` and `canary`.

use adapter_runtime::signature_beside;
use admin::{CanaryReport, Deployed, SIGNATURE_HEADER, VersionReport};
use anyhow::{Context as _, bail};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use serde::Serialize;

use crate::cli::{DeployArguments, PortArguments, WhichArguments};
use crate::client::{Client, Target, understood, with_query};
use crate::config::written;
use crate::table::Table;
use crate::{output, swaps};

/// What the request's query says.
#[derive(Debug, Default, Serialize)]
struct Query {
    adapter: Option<String>,
    deadline: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    accept: bool,
    canary: Option<u8>,
    canary_first: Option<u64>,
}

impl Query {
    fn of(which: &WhichArguments) -> Self {
        Self {
            adapter: which.adapter.clone(),
            deadline: written(which.deadline),
            ..Self::default()
        }
    }
}

pub(crate) async fn deploy(arguments: DeployArguments) -> anyhow::Result<()> {
    let DeployArguments {
        which,
        component: file,
        accept,
        canary,
        canary_first,
    } = arguments;
    let component = std::fs::read(&file);
    let component = component.with_context(|| format!("cannot read {}", file.display()))?;
    let client = host(&which.common).await?;
    let query = Query {
        accept,
        canary,
        canary_first,
        ..Query::of(&which)
    };
    let path = with_query(&format!("/v1/ports/{}/adapter", which.port), &query)?;
    let mut request = client.request("POST", &path);
    request = request.header("content-type", "application/wasm");
    if let Some(signature) = signature(&file)? {
        request = request.header(SIGNATURE_HEADER, signature);
    }
    let body = Full::from(Bytes::from(component)).map_err(|never| match never {});
    let answer = client.send(request.body(body.boxed_unsync())?).await?;
    tell(&understood(&answer)?, which.common.json)?;
    if canary.is_some() && !which.common.json {
        let port = &which.port;
        output::complain(&format!(
            "watch it with 'sendport adapter canary {port}'; then 'sendport adapter promote {port}' or 'rollback'"
        ));
    }
    Ok(())
}

pub(crate) async fn roll_back(which: WhichArguments) -> anyhow::Result<()> {
    ask(which, "rollback").await
}

pub(crate) async fn promote(which: WhichArguments) -> anyhow::Result<()> {
    ask(which, "promote").await
}

async fn ask(which: WhichArguments, verb: &str) -> anyhow::Result<()> {
    let client = host(&which.common).await?;
    let path = format!("/v1/ports/{}/adapter/{verb}", which.port);
    let path = with_query(&path, &Query::of(&which))?;
    let deployed: Deployed = client.ask("POST", &path).await?;
    tell(&deployed, which.common.json)
}

pub(crate) async fn canary(arguments: PortArguments) -> anyhow::Result<()> {
    let PortArguments { name, common } = arguments;
    let client = host(&common).await?;
    let path = format!("/v1/ports/{name}/adapter/canary");
    let report: CanaryReport = client.ask("GET", &path).await?;
    if common.json {
        return output::print_json(&report);
    }
    let mut table = Table::new(&[
        "",
        "version",
        "delivered",
        "failed",
        "instances lost",
        "median",
    ]);
    for (name, version) in [("old", &report.old), ("new", &report.new)] {
        table.row(row(name, version));
    }
    output::print(&format!(
        "{} gets {}\n{}",
        report.port,
        report.share,
        table.render()
    ))
}

fn row(name: &str, version: &VersionReport) -> [String; 6] {
    let median = version
        .median_us
        .map_or("-".to_owned(), swaps::milliseconds);
    [
        name.to_owned(),
        version.version.clone(),
        version.delivered.to_string(),
        version.failed.to_string(),
        version.traps.to_string(),
        median,
    ]
}

fn tell(deployed: &Deployed, json: bool) -> anyhow::Result<()> {
    if json {
        return output::print_json(deployed);
    }
    output::print(&swaps::describe(&deployed.swap))?;
    if deployed.waits_for_start {
        output::complain("the port is terminated: the new version serves it when it is started");
    }
    Ok(())
}

/// The running host; nothing of this makes sense without one.
pub(crate) async fn host(common: &crate::cli::Common) -> anyhow::Result<Client> {
    match Target::find(&common.host).await? {
        Target::Host(client) => Ok(client),
        Target::Nobody(config) => bail!(
            "no host answers at {}: change the configuration file instead, and start it",
            config.host.url()
        ),
    }
}

/// The signature beside a component, as a header takes it.
fn signature(component: &std::path::Path) -> anyhow::Result<Option<String>> {
    let file = signature_beside(component);
    match std::fs::read_to_string(&file) {
        Ok(text) => Ok(Some(text.split_whitespace().collect())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| {
            format!(
                "cannot read the signature {}; it has to be base64",
                file.display()
            )
        }),
    }
}
