//! Which interfaces make which capability possible.

use super::Capability;

/// What an interface, named without its version, makes possible; nothing when the host does not know it.
///
/// Interfaces that only define types, or that do nothing without another one, make nothing possible: a
/// descriptor of `filesystem/types`, say, comes from nowhere but from `filesystem/preopens`.
pub(super) fn capabilities(interface: &str) -> Option<&'static [Capability]> {
    if let Some(name) = interface.strip_prefix("sendport:adapter/") {
        return contract(name);
    }
    wasi(interface.strip_prefix("wasi:")?)
}

fn contract(name: &str) -> Option<&'static [Capability]> {
    Some(match name {
        "types" => &[],
        "transport-proxy" | "sync-transport-proxy" => &[Capability::Log],
        "http-client" => &[Capability::Http],
        "secrets" => &[Capability::Secrets],
        _ => return None,
    })
}

/// Of WASI 0.2 and 0.3 alike.
fn wasi(name: &str) -> Option<&'static [Capability]> {
    Some(match name {
        "http/outgoing-handler" | "http/client" => &[Capability::Http],
        "sockets/tcp-create-socket" => &[Capability::Tcp],
        "sockets/udp-create-socket" => &[Capability::Udp],
        // 0.3 has both kinds of socket in one interface.
        "sockets/types" => &[Capability::Tcp, Capability::Udp],
        "sockets/ip-name-lookup" => &[Capability::NameLookup],
        "filesystem/preopens" => &[Capability::Files],
        "cli/environment" => &[Capability::Environment],
        "cli/stdout" | "cli/stderr" => &[Capability::Log],
        "clocks/wall-clock" | "clocks/system-clock" => &[Capability::Date],
        "clocks/monotonic-clock" => &[Capability::Timer],
        "random/random" | "random/insecure" | "random/insecure-seed" => &[Capability::Random],
        // Types, handles that come from elsewhere, waiting for those, the end of the instance, a standard
        // input with nothing in it, terminals that are none.
        "http/types"
        | "sockets/network"
        | "sockets/instance-network"
        | "sockets/tcp"
        | "sockets/udp"
        | "filesystem/types"
        | "cli/exit"
        | "cli/types"
        | "cli/stdin"
        | "cli/terminal-input"
        | "cli/terminal-output"
        | "cli/terminal-stdin"
        | "cli/terminal-stdout"
        | "cli/terminal-stderr"
        | "clocks/types"
        | "clocks/timezone"
        | "io/error"
        | "io/poll"
        | "io/streams" => &[],
        _ => return None,
    })
}
