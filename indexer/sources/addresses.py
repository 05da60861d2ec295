"""Which addresses of the internet are anyone's: the others may be our own machine, our network, or a cloud's own."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

# Prefixes behind which an IPv4 address stands: RFC 6052 (NAT64, 2.1), RFC 2765, RFC 4291 (2.5.5.1).
_EMBEDDING = tuple(IPv6Network(prefix) for prefix in ("64:ff9b::/96", "::ffff:0:0:0/96", "::/96"))

_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")  # RFC 8215: a network's own, whatever stands behind it


def is_public(address: str) -> bool:
    """Whether an address is anyone's on the internet. An IPv6 address is only as public as the IPv4 address inside it.

    `is_public("64:ff9b::a9fe:a9fe") == is_public("169.254.169.254") == False`
    """
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        inner = _embedded(found)
        if inner is not None:
            return is_public(str(inner))
        if found.is_site_local or found.teredo is not None or found in _LOCAL_NAT64:
            return False
    return found.is_global and not (found.is_multicast or found.is_reserved or found.is_unspecified)


def _embedded(address: IPv6Address) -> IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if any(address in prefix for prefix in _EMBEDDING):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None
