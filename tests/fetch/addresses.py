#!/usr/bin/env python3
"""Prints the edges of every special range with what Python's ipaddress module says of them.

Usage: tests/fetch/addresses.py > tests/fetch/addresses.txt

The list of ranges is written down here a second time, from the IANA registries, so that a range that is missing in
src/assets/fetch/address.rs shows.
"""
import ipaddress
import platform

RANGES = """
0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24
192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 255.255.255.255/32
168.63.129.16/32 1.0.0.0/8 8.0.0.0/8
::/128 ::1/128 ::/96 ::ffff:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/23 2001::/32 2001:db8::/32 2002::/16
2000::/3 2600::/12 3fff::/20 5f00::/16 fc00::/7 fd00::/8 fe80::/10 fec0::/10 ff00::/8
""".split()

print(f"# Written by tests/fetch/addresses.py with Python {platform.python_version()}: do not edit.")
seen = set()
for text in RANGES:
    network = ipaddress.ip_network(text)
    first, last = int(network.network_address), int(network.broadcast_address)
    middle = (first + last) // 2
    for number in (first - 1, first, first + 1, middle, last - 1, last, last + 1):
        if not 0 <= number < 2**network.max_prefixlen:
            continue
        address = type(network.network_address)(number)
        if address not in seen:
            seen.add(address)
            print(address, "global" if address.is_global else "special")
