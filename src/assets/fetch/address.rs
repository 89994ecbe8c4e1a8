//! Which addresses the internet routes to anybody: everything else is refused, or admitted on demand.
//!
//! The table follows the IANA registries of special-purpose addresses (RFC 6890 and its successors):
//! <https://www.iana.org/assignments/iana-ipv4-special-registry>,
//! <https://www.iana.org/assignments/iana-ipv6-special-registry>. Stricter than they are where an address only
//! leads to another one (IPv4 in IPv6, NAT64, 6to4, Teredo) or where clouds answer with credentials.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Who an address belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Anybody: a host of the public internet.
    Global,
    /// This machine or its network: admitted where the guard is lifted.
    Private(&'static str),
    /// Nobody that serves a photo: refused even where the guard is lifted.
    Never(&'static str),
}

const LOOPBACK: Reach = Reach::Private("this machine");
const PRIVATE: Reach = Reach::Private("a private network");
const SHARED: Reach = Reach::Private("a provider's inner network");
const METADATA: Reach = Reach::Never("a cloud's metadata service");
const UNSPECIFIED: Reach = Reach::Never("no host");
const LINK_LOCAL: Reach = Reach::Never("link-local");
const SPECIAL: Reach = Reach::Never("set apart for protocols");
const DOCUMENTATION: Reach = Reach::Never("set apart for documentation");
const BENCHMARKING: Reach = Reach::Never("set apart for measurements");
const MULTICAST: Reach = Reach::Never("multicast");
const RESERVED: Reach = Reach::Never("reserved");
const EMBEDDED: Reach = Reach::Never("an IPv4 address inside IPv6");

/// Network, length of its prefix, who it belongs to. The first that holds an address counts.
const IPV4: &[([u8; 4], u8, Reach)] = &[
    // Alibaba Cloud and Azure: both outside the link-local range that others use.
    ([100, 100, 100, 200], 32, METADATA),
    ([168, 63, 129, 16], 32, METADATA),
    ([0, 0, 0, 0], 8, UNSPECIFIED),
    ([10, 0, 0, 0], 8, PRIVATE),
    ([100, 64, 0, 0], 10, SHARED),
    ([127, 0, 0, 0], 8, LOOPBACK),
    ([169, 254, 0, 0], 16, LINK_LOCAL),
    ([172, 16, 0, 0], 12, PRIVATE),
    ([192, 0, 0, 0], 24, SPECIAL),
    ([192, 0, 2, 0], 24, DOCUMENTATION),
    ([192, 88, 99, 0], 24, SPECIAL),
    ([192, 168, 0, 0], 16, PRIVATE),
    ([198, 18, 0, 0], 15, BENCHMARKING),
    ([198, 51, 100, 0], 24, DOCUMENTATION),
    ([203, 0, 113, 0], 24, DOCUMENTATION),
    ([224, 0, 0, 0], 4, MULTICAST),
    // The broadcast address included.
    ([240, 0, 0, 0], 4, RESERVED),
];

const IPV6: &[([u16; 8], u8, Reach)] = &[
    // Amazon's, inside the private range.
    ([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0], 32, METADATA),
    ([0, 0, 0, 0, 0, 0, 0, 0], 128, UNSPECIFIED),
    ([0, 0, 0, 0, 0, 0, 0, 1], 128, LOOPBACK),
    // IPv4-compatible, IPv4-mapped, IPv4-translated.
    ([0, 0, 0, 0, 0, 0, 0, 0], 96, EMBEDDED),
    ([0, 0, 0, 0, 0, 0xffff, 0, 0], 96, EMBEDDED),
    ([0, 0, 0, 0, 0xffff, 0, 0, 0], 96, EMBEDDED),
    // NAT64, well-known and local.
    ([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96, EMBEDDED),
    ([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48, EMBEDDED),
    ([0x100, 0, 0, 0, 0, 0, 0, 0], 64, SPECIAL),
    // Teredo.
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 32, EMBEDDED),
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, SPECIAL),
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32, DOCUMENTATION),
    // 6to4.
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, EMBEDDED),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, DOCUMENTATION),
    ([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16, SPECIAL),
    ([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, PRIVATE),
    ([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10, LINK_LOCAL),
    // Site-local, as private addresses were called before 2004.
    ([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10, PRIVATE),
    ([0xff00, 0, 0, 0, 0, 0, 0, 0], 8, MULTICAST),
];

/// All that is given out as global unicast: <https://www.iana.org/assignments/ipv6-unicast-address-assignments>.
const IPV6_GLOBAL: ([u16; 8], u8) = ([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// Who an address belongs to.
pub fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(address) => {
            let bits = u32::from(address);
            let within = |(network, length, _): &&([u8; 4], u8, Reach)| {
                shares_prefix(bits.into(), u32::from(Ipv4Addr::from(*network)).into(), *length, 32)
            };
            IPV4.iter().find(within).map_or(Reach::Global, |(_, _, reach)| *reach)
        }
        IpAddr::V6(address) => {
            let bits = u128::from(address);
            let holds =
                |network: [u16; 8], length| shares_prefix(bits, u128::from(Ipv6Addr::from(network)), length, 128);
            match IPV6.iter().find(|(network, length, _)| holds(*network, *length)) {
                Some((_, _, reach)) => *reach,
                None if holds(IPV6_GLOBAL.0, IPV6_GLOBAL.1) => Reach::Global,
                None => RESERVED,
            }
        }
    }
}

fn shares_prefix(address: u128, network: u128, length: u8, width: u8) -> bool {
    let rest = u32::from(width - length);
    address.checked_shr(rest) == network.checked_shr(rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Edges of every range with what Python's `ipaddress` says of them: see the file's head.
    const PYTHON: &str = include_str!("../../../tests/fetch/addresses.txt");

    fn is_global(address: &str) -> bool {
        reach(address.parse().unwrap_or_else(|_| panic!("{address}"))) == Reach::Global
    }

    /// Where we are stricter than Python 3.11, and why.
    fn is_known_difference(address: IpAddr) -> bool {
        let within = |network: &str, length: u8| {
            let IpAddr::V6(network) = network.parse().unwrap() else { panic!("{network}") };
            let IpAddr::V6(address) = address else { return false };
            shares_prefix(address.into(), network.into(), length, 128)
        };
        match address {
            // The relays of 6to4 (withdrawn by RFC 7526), Azure's metadata, and multicast, which Python calls
            // global where it is not administratively scoped.
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                (a, b, c) == (192, 88, 99)
                    || address == Ipv4Addr::new(168, 63, 129, 16)
                    || address.is_multicast()
                    // Two anycast addresses inside 192.0.0.0/24.
                    || (a, b, c) == (192, 0, 0)
            }
            IpAddr::V6(_) => {
                // Unassigned space; forms of IPv4; newer registrations than Python's table.
                !within("2000::", 3) || within("2001::", 23) || within("2002::", 16) || within("3fff::", 20)
            }
        }
    }

    #[test]
    fn the_table_agrees_with_pythons() {
        let mut count = 0;
        for line in PYTHON.lines().filter(|line| !line.starts_with('#')) {
            let (address, python) = line.split_once(' ').unwrap();
            let parsed: IpAddr = address.parse().unwrap();
            match (is_global(address), python == "global") {
                (false, true) => assert!(is_known_difference(parsed), "{address} is global to Python"),
                (true, false) => panic!("{address} is global to us and not to Python"),
                _ => {}
            }
            count += 1;
        }
        assert!(count > 120, "{count} addresses");
    }

    #[test]
    fn hosts_of_the_internet_are_global() {
        for address in ["1.1.1.1", "8.8.8.8", "93.184.216.34", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1"]
        {
            assert!(is_global(address), "{address}");
        }
        for address in ["2606:4700::6810:84e5", "2a00:1450:4001:81b::200e", "2001:4860:4860::8888"] {
            assert!(is_global(address), "{address}");
        }
    }

    #[test]
    fn metadata_services_are_refused_even_where_the_guard_is_lifted() {
        for address in ["169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254"] {
            assert!(matches!(reach(address.parse().unwrap()), Reach::Never(_)), "{address}");
        }
        assert!(matches!(reach("127.0.0.1".parse().unwrap()), Reach::Private(_)));
        assert!(matches!(reach("fd12::1".parse().unwrap()), Reach::Private(_)));
    }

    proptest! {
        #[test]
        fn every_address_of_a_range_is_refused(index in 0..IPV4.len(), low in any::<u32>()) {
            let (network, length, _) = IPV4[index];
            let mask = u32::MAX.checked_shr(length.into()).unwrap_or(0);
            let address = Ipv4Addr::from(u32::from(Ipv4Addr::from(network)) & !mask | low & mask);
            prop_assert_ne!(reach(address.into()), Reach::Global);
            // In whatever form of IPv6 it comes.
            for prefix in [[0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0xffff], [0x64, 0xff9b, 0, 0, 0, 0]] {
                let [a, b, c, d] = address.octets();
                let [p, q, r, s, t, u] = prefix;
                let v6 = Ipv6Addr::new(p, q, r, s, t, u, u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
                prop_assert_ne!(reach(v6.into()), Reach::Global);
            }
            let [a, b, c, d] = address.octets();
            let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
            prop_assert_ne!(reach(Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1).into()), Reach::Global);
        }

        #[test]
        fn every_ipv6_address_of_a_range_is_refused(index in 0..IPV6.len(), low in any::<u128>()) {
            let (network, length, _) = IPV6[index];
            let mask = u128::MAX.checked_shr(length.into()).unwrap_or(0);
            let address = Ipv6Addr::from(u128::from(Ipv6Addr::from(network)) & !mask | low & mask);
            prop_assert_ne!(reach(address.into()), Reach::Global);
        }

        #[test]
        fn nothing_outside_the_global_range_is_global(bits in any::<u128>()) {
            let address = Ipv6Addr::from(bits);
            prop_assert!(bits >> 125 == 1 || reach(address.into()) != Reach::Global);
        }
    }
}
