//! Addresses as `std` has them and as `wasi:sockets` wants them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::raw::wasi::sockets::{
    IpAddress, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress,
};

/// The address that a host's name is, if it is one. Looking it up would need a resolver for nothing.
pub(super) fn literal(host: &str) -> Option<IpAddr> {
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    match bare {
        Some(bare) => bare.parse().map(IpAddr::V6).ok(),
        None => host.parse().ok(),
    }
}

pub(super) fn family(address: SocketAddr) -> IpAddressFamily {
    match address {
        SocketAddr::V4(_) => IpAddressFamily::Ipv4,
        SocketAddr::V6(_) => IpAddressFamily::Ipv6,
    }
}

impl From<IpAddress> for IpAddr {
    fn from(address: IpAddress) -> Self {
        match address {
            IpAddress::Ipv4((a, b, c, d)) => Ipv4Addr::new(a, b, c, d).into(),
            IpAddress::Ipv6((a, b, c, d, e, f, g, h)) => {
                Ipv6Addr::new(a, b, c, d, e, f, g, h).into()
            }
        }
    }
}

impl From<SocketAddr> for IpSocketAddress {
    fn from(address: SocketAddr) -> Self {
        match address {
            SocketAddr::V4(v4) => Self::Ipv4(Ipv4SocketAddress {
                port: v4.port(),
                address: v4.ip().octets().into(),
            }),
            SocketAddr::V6(v6) => Self::Ipv6(Ipv6SocketAddress {
                port: v6.port(),
                flow_info: v6.flowinfo(),
                address: v6.ip().segments().into(),
                scope_id: v6.scope_id(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ip_address_is_not_looked_up() {
        let table = [
            ("10.0.0.7", Some("10.0.0.7")),
            ("::1", Some("::1")),
            ("[2001:db8::5]", Some("2001:db8::5")),
            ("[10.0.0.7]", None),
            ("db.internal", None),
            ("", None),
            ("[::1", None),
        ];
        for (host, expected) in table {
            let expected = expected.map(|text| text.parse().unwrap());
            assert_eq!(literal(host), expected, "{host}");
        }
    }

    #[test]
    fn an_address_keeps_its_parts_in_their_order() {
        let v4 = IpSocketAddress::from("1.2.3.4:25".parse::<SocketAddr>().unwrap());
        assert!(
            matches!(v4, IpSocketAddress::Ipv4(a) if a.address == (1, 2, 3, 4) && a.port == 25)
        );
        let v6 = IpSocketAddress::from("[1:2:3:4:5:6:7:8]:25".parse::<SocketAddr>().unwrap());
        let segments = (1, 2, 3, 4, 5, 6, 7, 8);
        assert!(matches!(v6, IpSocketAddress::Ipv6(a) if a.address == segments && a.port == 25));
        let back = IpAddr::from(IpAddress::Ipv6(segments));
        assert_eq!(back.to_string(), "1:2:3:4:5:6:7:8");
    }
}
