//! What kind of network an IP address belongs to, which decides whether an adapter may dial it unasked.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The kinds of addresses. Only [`Public`](Self::Public) ones are dialled without being named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressClass {
    /// Of the internet.
    Public,
    /// This machine.
    Loopback,
    /// This machine's cable.
    LinkLocal,
    /// Of somebody's own network: RFC 1918, unique local IPv6, a carrier's NAT, benchmarking.
    Private,
    /// Where a cloud hands out its machines' credentials to whoever asks.
    Metadata,
    /// Nobody's: multicast, documentation, kept for later, or a tunnel that nobody should use.
    Reserved,
}

/// Credential and metadata services of clouds. They lie in ranges of other classes, and only a grant that
/// names them reaches them.
const METADATA_V4: [Ipv4Addr; 8] = [
    // Amazon, Google, Microsoft, OpenStack, DigitalOcean and others.
    Ipv4Addr::new(169, 254, 169, 254),
    // Amazon: credentials of containers (ECS) and of pods (EKS).
    Ipv4Addr::new(169, 254, 170, 2),
    Ipv4Addr::new(169, 254, 170, 23),
    // Tencent.
    Ipv4Addr::new(169, 254, 0, 23),
    // Scaleway.
    Ipv4Addr::new(169, 254, 42, 42),
    // Alibaba.
    Ipv4Addr::new(100, 100, 100, 200),
    // Microsoft: the platform's wire server.
    Ipv4Addr::new(168, 63, 129, 16),
    // Oracle.
    Ipv4Addr::new(192, 0, 0, 192),
];

const METADATA_V6: [Ipv6Addr; 5] = [
    // Amazon, and its pods.
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
    // Google.
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
    // Scaleway.
    Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42),
    // OpenStack.
    Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0xa9fe, 0xa9fe),
];

impl AddressClass {
    /// The class of an address; of one that stands for an IPv4 address, that of the latter.
    pub(crate) fn of(address: IpAddr) -> Self {
        match effective(address) {
            IpAddr::V4(address) => of_v4(address),
            IpAddr::V6(address) => of_v6(address),
        }
    }
}

/// The address that is reached: the IPv4 address inside a mapped, translated, NAT64 or 6to4 one.
pub(crate) fn effective(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => embedded(v6).map_or(address, IpAddr::V4),
    }
}

fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        Some(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        // Unspecified and loopback look like the deprecated IPv4-compatible ones.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        // IPv4-compatible, IPv4-mapped, IPv4-translated.
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0, 0, 0, 0, 0xffff, 0, high, low] => {
            of(high, low)
        }
        // NAT64.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => of(high, low),
        // 6to4.
        [0x2002, high, low, ..] => of(high, low),
        _ => None,
    }
}

fn of_v4(address: Ipv4Addr) -> AddressClass {
    use AddressClass::{LinkLocal, Loopback, Metadata, Private, Public, Reserved};
    if METADATA_V4.contains(&address) {
        return Metadata;
    }
    match address.octets() {
        // "This host" is what a connection to 0.0.0.0 reaches on Linux.
        [127, ..] | [0, 0, 0, 0] => Loopback,
        [169, 254, ..] => LinkLocal,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Private,
        // A carrier's NAT (RFC 6598), benchmarking (RFC 2544).
        [100, 64..=127, ..] | [198, 18..=19, ..] => Private,
        // This network, IETF, documentation, old 6to4 relays, multicast and beyond.
        [0, ..]
        | [192, 0, 0 | 2, _]
        | [198, 51, 100, _]
        | [203, 0, 113, _]
        | [192, 88, 99, _]
        | [224..=255, ..] => Reserved,
        _ => Public,
    }
}

fn of_v6(address: Ipv6Addr) -> AddressClass {
    use AddressClass::{LinkLocal, Loopback, Metadata, Private, Public, Reserved};
    if METADATA_V6.contains(&address) {
        return Metadata;
    }
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => Loopback,
        [0xfe80..=0xfebf, ..] => LinkLocal,
        // Unique local, the old site-local, and a network's own NAT64 prefix (RFC 8215).
        [0xfc00..=0xfdff | 0xfec0..=0xfeff, ..] | [0x64, 0xff9b, 1, ..] => Private,
        // IETF (Teredo and ORCHID among it), documentation.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Reserved,
        // All that has been given out so far.
        [0x2000..=0x3fff, ..] => Public,
        _ => Reserved,
    }
}

impl fmt::Display for AddressClass {
    /// What an address is: "a private address".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "a public address",
            Self::Loopback => "a loopback address",
            Self::LinkLocal => "a link-local address",
            Self::Private => "a private address",
            Self::Metadata => "the address of a cloud's metadata service",
            Self::Reserved => "a reserved address",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::AddressClass::{LinkLocal, Loopback, Metadata, Private, Public, Reserved};
    use super::*;

    #[test]
    fn every_address_has_the_class_of_what_it_reaches() {
        let table = [
            (
                Public,
                "1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255",
            ),
            (
                Public,
                "128.0.0.0 172.15.255.255 172.32.0.0 169.253.255.255 169.255.0.0 198.20.0.0",
            ),
            (
                Public,
                "192.0.1.0 192.167.255.255 192.169.0.0 198.17.255.255 203.0.114.0 223.255.255.255",
            ),
            (Loopback, "127.0.0.0 127.0.0.1 127.255.255.255 0.0.0.0"),
            (LinkLocal, "169.254.0.0 169.254.169.253 169.254.255.255"),
            (
                Private,
                "10.0.0.0 10.255.255.255 172.16.0.0 172.31.255.255 192.168.0.0 192.168.255.255",
            ),
            (
                Private,
                "100.64.0.0 100.127.255.255 198.18.0.0 198.19.255.255",
            ),
            (
                Reserved,
                "0.0.0.1 0.255.255.255 192.0.0.1 192.0.2.1 198.51.100.1 203.0.113.255",
            ),
            (
                Reserved,
                "192.88.99.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255",
            ),
            (
                Metadata,
                "169.254.169.254 169.254.170.2 169.254.170.23 169.254.0.23 169.254.42.42",
            ),
            (Metadata, "100.100.100.200 168.63.129.16 192.0.0.192"),
            (
                Public,
                "2000:: 2606:4700:4700::1111 2001:200:: 2003:: 3ffe:: 3fff:1000::",
            ),
            (Loopback, "::1 ::"),
            (LinkLocal, "fe80:: fe80::1 febf:ffff::1"),
            (
                Private,
                "fc00:: fd12:3456::1 fdff:ffff::1 fec0::1 feff::1 64:ff9b:1::a00:1",
            ),
            (
                Reserved,
                "ff02::1 2001:db8::1 2001::1 2001:1ff::1 3fff::1 100::1 4000::1 5f00::1 ::2:0:0:1",
            ),
            (
                Metadata,
                "fd00:ec2::254 fd00:ec2::23 fd20:ce::254 fd00:42::42 fe80::a9fe:a9fe",
            ),
            // Mapped, compatible, translated, NAT64, 6to4: what is inside counts.
            (
                Public,
                "::ffff:1.1.1.1 ::1.1.1.1 ::ffff:0:1.1.1.1 64:ff9b::1.1.1.1 2002:101:101::1",
            ),
            (
                Loopback,
                "::ffff:127.0.0.1 ::127.0.0.1 ::ffff:0:127.0.0.1 64:ff9b::7f00:1 2002:7f00:1::",
            ),
            (Loopback, "::ffff:0.0.0.0"),
            (Private, "::ffff:10.1.2.3 64:ff9b::c0a8:1 2002:a00:1::1"),
            (LinkLocal, "::ffff:169.254.1.1"),
            (
                Metadata,
                "::ffff:169.254.169.254 64:ff9b::a9fe:a9fe 2002:a9fe:a9fe::1",
            ),
            (Metadata, "::169.254.169.254 ::ffff:100.100.100.200"),
            (Reserved, "::ffff:224.0.0.1 64:ff9b::e000:1"),
        ];
        for (class, addresses) in table {
            for address in addresses.split(' ') {
                let parsed = address.parse().expect(address);
                assert_eq!(AddressClass::of(parsed), class, "{address}");
            }
        }
    }
}
