//! `sendport swap show`: the record of hot swaps.

use admin::{SwapReport, Switched};

use crate::cli::SwapArguments;
use crate::client::{Target, with_query};
use crate::{output, storage};

/// Ids are printed up to this many.
const IDS_SHOWN: usize = 20;

pub(crate) async fn show(arguments: SwapArguments) -> anyhow::Result<()> {
    let SwapArguments {
        port,
        limit,
        common,
    } = arguments;
    let swaps = match Target::find(&common.host).await? {
        Target::Host(client) => {
            let mut query = vec![("limit", limit.to_string())];
            query.extend(port.map(|port| ("port", port.to_string())));
            client.ask("GET", &with_query("/v1/swaps", &query)?).await?
        }
        Target::Nobody(config) => {
            let message_box = storage::open_existing(&config)?;
            let swaps = message_box.swaps(port.as_ref(), limit.into()).await?;
            message_box.close().await?;
            swaps.into_iter().map(SwapReport::from).collect::<Vec<_>>()
        }
    };
    if common.json {
        return output::print_json(&swaps);
    }
    if swaps.is_empty() {
        return output::print("nothing was swapped\n");
    }
    let texts: Vec<_> = swaps.iter().map(describe).collect();
    output::print(&texts.join("\n"))
}

/// One swap, over several lines.
pub(crate) fn describe(swap: &SwapReport) -> String {
    let mut lines = vec![
        format!("{} {} {}", swap.began, swap.port, swap.kind),
        format!("  from          {}", swap.from),
        format!("  to            {}", swap.to),
    ];
    lines.extend(
        swap.changes
            .iter()
            .map(|change| format!("  changed       {change}")),
    );
    if let Some(reason) = &swap.failed {
        lines.push(format!("  failed        {reason}"));
        lines.push("  the old version goes on".to_owned());
    }
    if let Some(switched) = &swap.switched {
        lines.extend(proof(switched));
    }
    lines.join("\n") + "\n"
}

fn proof(switched: &Switched) -> Vec<String> {
    let Switched {
        in_flight,
        settled,
        handed_over,
        lost,
        perhaps_sent,
        interrupted,
        longest_pause_us,
    } = switched;
    let interrupted = if *interrupted { ", ended by force" } else { "" };
    let mut lines = vec![
        format!(
            "  in flight     {in_flight} at the switch: {settled} settled by the old version{interrupted}, {handed_over} handed to the new"
        ),
        format!("  lost          {lost}"),
        format!(
            "  pause         {} at the most",
            milliseconds(*longest_pause_us)
        ),
    ];
    if !perhaps_sent.is_empty() {
        lines.push(format!("  perhaps sent twice: {}", perhaps_sent.len()));
        let shown = perhaps_sent.iter().take(IDS_SHOWN);
        lines.extend(shown.map(|id| format!("    {id}")));
        if perhaps_sent.len() > IDS_SHOWN {
            lines.push(format!("    and {} more", perhaps_sent.len() - IDS_SHOWN));
        }
    }
    lines
}

/// Microseconds as milliseconds.
pub(crate) fn milliseconds(microseconds: u64) -> String {
    format!("{}.{} ms", microseconds / 1000, microseconds % 1000 / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_swap_is_told_with_its_proof_and_a_failure_with_its_reason() {
        let swap = SwapReport {
            port: "orders".to_owned(),
            kind: "deploy".to_owned(),
            began: "2026-01-31T18:00:00Z".to_owned(),
            ended: "2026-01-31T18:00:01Z".to_owned(),
            from: "HTTP 1.0 sha256:aa".to_owned(),
            to: "HTTP 1.1 sha256:bb".to_owned(),
            changes: vec!["+ can open TCP connections".to_owned()],
            switched: Some(Switched {
                in_flight: 12,
                settled: 9,
                handed_over: 3,
                lost: 0,
                perhaps_sent: vec!["id".to_owned()],
                interrupted: true,
                longest_pause_us: 4321,
            }),
            failed: None,
        };
        let text = describe(&swap);
        for part in [
            "orders deploy",
            "12 at the switch: 9 settled by the old version, ended by force, 3 handed to the new",
            "lost          0",
            "4.3 ms",
            "perhaps sent twice: 1\n    id",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let failed = SwapReport {
            switched: None,
            failed: Some("initialize failed".to_owned()),
            ..swap
        };
        assert!(
            describe(&failed)
                .contains("failed        initialize failed\n  the old version goes on")
        );
    }
}
