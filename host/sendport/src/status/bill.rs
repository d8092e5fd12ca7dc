//! `sendport status --bill`: what deliveries have cost since the start of the host.

use std::time::Duration;

use admin::{Bill, Status};
use bytesize::ByteSize;

use crate::table::Table;

/// One line for each way out, then one for each adapter.
pub(super) fn as_text(status: &Status) -> String {
    let mut ports = Table::new(&heading(&["port", "transport", "adapter"]));
    for port in &status.ports {
        for transport in port.running.iter().flat_map(|running| &running.transports) {
            let names = [&port.port, &transport.slot, &transport.adapter];
            ports.row(names.into_iter().cloned().chain(cells(&transport.bill)));
        }
    }
    let mut adapters = Table::new(&heading(&["adapter"]));
    for adapter in &status.adapters {
        adapters.row(
            [adapter.version.clone()]
                .into_iter()
                .chain(cells(&adapter.bill)),
        );
    }
    format!("{}\n{}", ports.render(), adapters.render())
}

fn heading(names: &[&'static str]) -> Vec<&'static str> {
    let cells = [
        "deliveries",
        "CPU",
        "CPU each",
        "time each",
        "peak memory",
        "in",
        "out",
    ];
    names.iter().copied().chain(cells).collect()
}

fn cells(bill: &Bill) -> [String; 7] {
    [
        bill.deliveries.to_string(),
        shown(Some(bill.cpu_us)),
        shown(bill.cpu_us.checked_div(bill.deliveries)),
        shown(bill.wall_us.checked_div(bill.deliveries)),
        ByteSize(bill.peak_memory).to_string(),
        ByteSize(bill.bytes_in).to_string(),
        ByteSize(bill.bytes_out).to_string(),
    ]
}

/// `12.3ms`; nothing where there is no average.
fn shown(microseconds: Option<u64>) -> String {
    microseconds.map_or_else(String::new, |us| {
        format!("{:.1?}", Duration::from_micros(us))
    })
}

#[cfg(test)]
mod tests {
    use admin::{AdapterBill, Audit, PortReport, Running, Stored};

    use super::super::trouble::tests::running;
    use super::*;

    #[test]
    fn the_bill_for_people() {
        let bill = Bill {
            deliveries: 2,
            cpu_us: 3_000,
            wall_us: 5_000_000,
            peak_memory: 1 << 20,
            bytes_in: 2048,
            bytes_out: 0,
        };
        let mut running: Running = running();
        running.transports[0].bill = bill;
        let status = Status {
            version: "1".to_owned(),
            box_id: "2a".to_owned(),
            ports: vec![PortReport {
                port: "orders".to_owned(),
                enlistment: "started".to_owned(),
                running: Some(running),
                stored: Stored::default(),
            }],
            adapters: vec![
                AdapterBill {
                    version: "HTTP 1.0 sha256:0123".to_owned(),
                    bill,
                },
                AdapterBill {
                    version: "idle 1.0 sha256:4567".to_owned(),
                    bill: Bill::default(),
                },
            ],
            audit: Audit {
                accepted: 0,
                delivered: 0,
                routed: 0,
                terminated: 0,
                suspended: 0,
                pending: 0,
                holds: true,
            },
        };
        let expected = "\
port    transport  adapter  deliveries  CPU    CPU each  time each  peak memory  in       out
orders  primary    http              2  3.0ms  1.5ms     2.5s       1.0 MiB      2.0 KiB  0 B

adapter               deliveries  CPU    CPU each  time each  peak memory  in       out
HTTP 1.0 sha256:0123           2  3.0ms  1.5ms     2.5s       1.0 MiB      2.0 KiB  0 B
idle 1.0 sha256:4567           0  0.0ns                       0 B          0 B      0 B
";
        assert_eq!(as_text(&status), expected);
    }
}
