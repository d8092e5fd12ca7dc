//! `sendport check`: everything that `run` would find wrong, without opening the message box.

use std::fmt::Write as _;
use std::path::Path;

use crate::config::{Config, Port, written};
use crate::output;
use crate::table::Table;
use crate::wiring::Adapters;

pub(crate) fn check(file: &Path) -> anyhow::Result<()> {
    let config = Config::load(file)?;
    let adapters = Adapters::load(&config)?;
    output::print(&report(&config, &adapters))
}

fn report(config: &Config, adapters: &Adapters) -> String {
    let mut table = Table::new(&["port", "address", "adapter", "world", "retry", "instances"]);
    for port in &config.ports {
        let (adapter, world) = match adapters.describe(&port.adapter) {
            Some((name, version, world)) => (format!("{name} {version}"), world.to_string()),
            None => (port.adapter.clone(), String::new()),
        };
        table.row([
            port.name.to_string(),
            port.address.to_string(),
            adapter,
            world,
            retry(port),
            port.instances.to_string(),
        ]);
    }
    let mut report = table.render();
    let host = &config.host;
    write!(
        report,
        "\nmessage box {}, listening on {}\n{} is in order\n",
        host.data_directory.display(),
        host.listen,
        config.file.display()
    )
    .expect("a String takes everything");
    if !host.listen.ip().is_loopback() {
        report.push_str(
            "note: everybody who reaches that address may publish; sendport does not ask who it is\n",
        );
    }
    report
}

fn retry(port: &Port) -> String {
    match port.retry.count {
        0 => "never".to_owned(),
        count => format!("{count} times, {}", written(port.retry.interval)),
    }
}
