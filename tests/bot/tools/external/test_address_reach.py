"""Which addresses are whose, and which spellings of a host are one."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tools.external.reach import Reach, host_problem, reach


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.215.14", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_public(address: str) -> None:
    assert reach(address) is Reach.PUBLIC


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",
        "::1",
        "fc00::1",
        "fd00:ec2::254",
        "::ffff:127.0.0.1",
        "::ffff:10.1.2.3",
    ],
)
def test_private(address: str) -> None:
    assert reach(address) is Reach.PRIVATE


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "0.0.0.0",  # noqa: S104
        "0.1.2.3",
        "224.0.0.1",
        "239.255.255.255",
        "255.255.255.255",
        "240.0.0.1",
        "192.0.0.8",
        "192.0.2.1",
        "198.18.0.1",
        "192.88.99.1",
        "::",
        "::7f00:1",
        "fe80::1",
        "fe80::1%eth0",
        "ff02::1",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
        "2001:db8::1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "::ffff:169.254.169.254",
        "fec0::1",
        "nonsense",
        "",
        "127.1",
        "2130706433",
    ],
)
def test_never(address: str) -> None:
    assert reach(address) is Reach.NEVER


def test_networks_with_only_ipv6_reach_the_public_ones_behind_their_gateway() -> None:
    assert reach("64:ff9b::101:101") is Reach.PUBLIC


@given(st.ip_addresses())
def test_what_is_public_is_so_for_python_as_well(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if reach(str(address)) is Reach.PUBLIC:
        inside = getattr(address, "ipv4_mapped", None) or address
        assert inside.is_global
        assert not inside.is_multicast
        assert not inside.is_reserved or inside in ipaddress.ip_network("64:ff9b::/96")


@pytest.mark.parametrize(
    "host", ["example.com", "a-b.example", "localhost", "127.0.0.1", "::1", "xn--mnchen-3ya.de"]
)
def test_hosts(host: str) -> None:
    assert host_problem(host) is None


@pytest.mark.parametrize(
    "host",
    [
        "",
        "example.com.",
        "localhost.",
        "a..b",
        "-a.com",
        "a_b.com",
        "münchen.de",
        "a b",
        "a@b",
        "a/b",
        "a%2eb",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "127.1",
        "017700000001",
        "0177.0.0.1",
        "127.0.0.1.",
        "fe80::1%1",
        "①②⑦.0.0.1",
        "a" * 64 + ".com",
        "1.2.3.4.5",
    ],
)
def test_no_hosts(host: str) -> None:
    assert host_problem(host)
