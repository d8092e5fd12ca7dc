//! Many ports that have nothing to do: each with an instance that is ready, and what they cost.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::host::Host;
use crate::measure::Report;

const PORTS: usize = 1000;

/// How long they are watched.
const WATCHED: Duration = Duration::from_secs(10);

pub(crate) fn run(components: &Path, report: &mut Report) -> Result<()> {
    let component = components.canonicalize()?.join("http-adapter.wasm");
    let (mut memory, mut each, mut cpu) = (vec![], vec![], vec![]);
    for _ in 0..report.runs.min(3) {
        let few = Host::start(|url| ports(&component, &url, 1))?;
        std::thread::sleep(Duration::from_secs(1));
        let least = few.resident();
        drop(few);
        let many = Host::start(|url| ports(&component, &url, PORTS))?;
        // Until all instances are there: the memory grows no more.
        let mut before = 0.0;
        while many.resident() > before {
            before = many.resident();
            std::thread::sleep(Duration::from_secs(2));
        }
        memory.push(many.resident());
        each.push((many.resident() - least) * 1024.0 / PORTS as f64);
        let used = many.cpu();
        std::thread::sleep(WATCHED);
        cpu.push((many.cpu() - used) * 100.0 / WATCHED.as_secs_f64());
    }
    report.add(&format!("{PORTS} ports, resident"), "MiB", memory);
    report.add("each port with its instance", "KiB", each);
    report.add(&format!("{PORTS} idle ports, CPU"), "% of a core", cpu);
    Ok(())
}

fn ports(component: &Path, url: &str, count: usize) -> String {
    let mut text = format!("[adapters.http]\ncomponent = {component:?}\neager = true\n");
    for nth in 0..count {
        write!(
            text,
            "[ports.port-{nth}]\nadapter = \"http\"\naddress = \"{url}{nth}\"\ninstances = 1\n"
        )
        .expect("a String takes everything");
    }
    text
}
