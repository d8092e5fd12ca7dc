//! `sendport port start`, `stop`, `unenlist` and `terminate`, `sendport adapter terminate`.

use std::time::Duration;

use admin::{Drained, DrainedPort, Enlisted};
use anyhow::{Context as _, bail};
use dispatcher::{DrainReport, PortDrain};
use model::{Enlistment, IdError, MessageId, PortName};

use crate::cli::{PortArguments, PortCommand, TerminateArguments};
use crate::client::{Target, segment, with_query};
use crate::config::written;
use crate::{output, storage};

pub(crate) async fn port(command: PortCommand) -> anyhow::Result<()> {
    match command {
        PortCommand::Start(port) => set(port, Enlistment::Started).await,
        PortCommand::Stop(port) => set(port, Enlistment::Stopped).await,
        PortCommand::Unenlist(port) => set(port, Enlistment::Unenlisted).await,
        PortCommand::Terminate(port) => terminate("ports", port).await,
    }
}

/// Drains all ports that use an adapter.
pub(crate) async fn terminate_adapter(adapter: TerminateArguments) -> anyhow::Result<()> {
    terminate("adapters", adapter).await
}

async fn set(arguments: PortArguments, to: Enlistment) -> anyhow::Result<()> {
    let PortArguments { name, common } = arguments;
    let enlisted = match Target::find(&common.host).await? {
        Target::Host(client) => {
            let verb = match to {
                Enlistment::Started => "start",
                Enlistment::Stopped => "stop",
                Enlistment::Unenlisted => "unenlist",
            };
            let path = format!("/v1/ports/{name}/{verb}");
            client.ask("POST", &path).await?
        }
        Target::Nobody(config) => {
            let port = &config.port(name.as_str())?.name;
            let message_box = storage::open_without_host(&config)?;
            message_box.set_enlistment(port, to).await?;
            message_box.close().await?;
            output::complain("no host is running: the port will be so when it runs");
            Enlisted {
                port: port.to_string(),
                enlistment: to.to_string(),
            }
        }
    };
    if common.json {
        return output::print_json(&enlisted);
    }
    output::print(&format!("{} is {}\n", enlisted.port, enlisted.enlistment))
}

async fn terminate(kind: &str, arguments: TerminateArguments) -> anyhow::Result<()> {
    let TerminateArguments {
        name,
        deadline,
        common,
    } = arguments;
    let client = match Target::find(&common.host).await? {
        Target::Host(client) => client,
        Target::Nobody(config) => bail!(
            "no host answers at {}: there is nothing to drain",
            config.host.url()
        ),
    };
    let path = format!("/v1/{kind}/{}/terminate", segment(&name));
    let path = with_query(&path, &[("deadline", written(deadline))])?;
    let drained: Drained = client.ask("POST", &path).await?;
    if common.json {
        return output::print_json(&drained);
    }
    output::print(&format!("{}\n", report(drained)?))
}

/// The report as the host itself has it, to be printed as `run` prints it at its end.
fn report(drained: Drained) -> anyhow::Result<DrainReport> {
    let ids = |texts: Vec<String>| -> Result<Vec<MessageId>, IdError> {
        texts.iter().map(|text| text.parse()).collect()
    };
    let port = |port: DrainedPort| -> anyhow::Result<PortDrain> {
        Ok(PortDrain {
            port: PortName::new(&port.port)?,
            in_flight: port.in_flight,
            settled: port.settled,
            handed_back: ids(port.handed_back)?,
            perhaps_sent: ids(port.perhaps_sent)?,
            interrupted: port.interrupted,
        })
    };
    let ports = drained.ports.into_iter().map(port);
    Ok(DrainReport {
        ports: ports
            .collect::<Result<_, _>>()
            .context("the host's answer is not understood")?,
        took: Duration::from_millis(drained.took_ms),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_is_the_one_that_run_prints() {
        let id = "00000000-0001-8000-8000-00000000002a".to_owned();
        let drained = Drained {
            ports: vec![DrainedPort {
                port: "orders".to_owned(),
                in_flight: 3,
                settled: 2,
                handed_back: vec![id.clone()],
                perhaps_sent: vec![id],
                interrupted: true,
            }],
            took_ms: 1240,
        };
        let text = report(drained.clone()).unwrap().to_string();
        assert!(
            text.contains("orders          3        2            1  interrupted"),
            "{text}"
        );
        assert!(text.contains("00000000-0001-8000-8000-00000000002a"));
        assert!(text.ends_with("took 1.2 s"), "{text}");
        let mut wrong = drained;
        wrong.ports[0].handed_back = vec!["42".to_owned()];
        assert!(report(wrong).is_err());
    }
}
