"""Where an IP address lies: on the internet, in this network, or where no tool should go. Pure."""

from __future__ import annotations

import ipaddress
import re
from enum import Enum, auto


class Reach(Enum):
    """PRIVATE: this machine and the networks it is in; only hosts that are named for it. NEVER: neither
    public nor private, such as 169.254.169.254, where clouds keep the keys of a machine."""

    PUBLIC = auto()
    PRIVATE = auto()
    NEVER = auto()


_PRIVATE_V4 = [
    ipaddress.IPv4Network(network)
    for network in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
]
_NEVER_V4 = [
    ipaddress.IPv4Network(network)
    # "is_global" of Python 3.11 still has some of these for public.
    for network in ("0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.88.99.0/24", "224.0.0.0/3")
]
_PRIVATE_V6 = [ipaddress.IPv6Network("::1/128"), ipaddress.IPv6Network("fc00::/7")]
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")  # the only part of IPv6 that the internet routes


def reach(address: str) -> Reach:
    """Of an address as the resolver writes it; what is none is NEVER. One with a zone (``fe80::1%eth0``) is
    bound to a link and NEVER too."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return Reach.NEVER
    if isinstance(parsed, ipaddress.IPv6Address):
        return _reach_v6(parsed)
    return _reach_v4(parsed)


def _reach_v4(address: ipaddress.IPv4Address) -> Reach:
    if any(address in network for network in _PRIVATE_V4):
        return Reach.PRIVATE
    if any(address in network for network in _NEVER_V4) or not address.is_global:
        return Reach.NEVER
    return Reach.PUBLIC


def _reach_v6(address: ipaddress.IPv6Address) -> Reach:
    if address.scope_id is not None:
        return Reach.NEVER
    if address.ipv4_mapped is not None:  # the system connects to the IPv4 address inside
        return _reach_v4(address.ipv4_mapped)
    if address in _NAT64:  # what IPv6-only networks see of IPv4
        inside = _reach_v4(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
        return inside if inside is Reach.PUBLIC else Reach.NEVER
    if any(address in network for network in _PRIVATE_V6):
        return Reach.PRIVATE
    tunnelled = address.sixtofour is not None or address.teredo is not None  # to an IPv4 address of any kind
    if tunnelled or address not in _GLOBAL_UNICAST or not address.is_global:
        return Reach.NEVER
    return Reach.PUBLIC


_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")


def host_problem(host: str) -> str | None:
    """Why `host` (lower case, IPv6 without brackets) cannot be named in the file; None: it can.

    Systems read ``2130706433``, ``0x7f.1`` and ``127.1`` as 127.0.0.1, and ``localhost.`` as ``localhost``;
    one host has one spelling here, so that what is allowed can be compared.
    """
    try:
        ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return "must have no zone" if "%" in host else None
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        return "is not a host name (international names in their xn-- form, no dot at the end)"
    if labels[-1].isdigit() or labels[-1].startswith("0x"):
        return "is neither a host name nor an IP address in its usual form"
    return None
