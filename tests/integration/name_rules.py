# SPDX-License-Identifier: PostgreSQL
"""libpq's rules for names (fe-secure-common.c, fe-secure-openssl.c) told a third time, to say what a row expects."""
import ipaddress
import socket

from cryptography import x509
from pki import HOST


def _packed(host):
    """(family bytes or None): inet_aton's and inet_pton's idea of an address."""
    try:
        return socket.inet_aton(host)
    except OSError:
        pass
    try:
        return socket.inet_pton(socket.AF_INET6, host)
    except OSError:
        return None


def _matches(pattern, host):
    pattern, host = pattern.lower(), host.lower()
    if pattern == host:
        return True
    if not pattern.startswith("*.") or len(pattern) < 3 or len(pattern) > len(host):
        return False
    suffix = pattern[1:]
    return host.endswith(suffix) and "." not in host[:-len(suffix)]


def expected(spec, host):
    """The message key (or "verified") for a certificate of pki.LEAVES and a host, under verify-full."""
    address = _packed(host)
    if "san_der" in spec:
        return "name-length"
    examined, use_cn = 0, True
    for san in spec.get("san", [x509.DNSName(HOST)]) or []:
        if isinstance(san, x509.DNSName):
            use_cn = use_cn and address is not None
            examined += 1
            if "\0" in san.value:
                return "name-null"
            if _matches(san.value, host):
                return "verified"
        elif isinstance(san, x509.IPAddress):
            use_cn = use_cn and address is None
            examined += 1
            packed = san.value.packed if isinstance(san.value, (ipaddress.IPv4Address, ipaddress.IPv6Address)) else b""
            if packed == address:
                return "verified"
    cn = spec.get("cn", "db1")
    cn = cn if isinstance(cn, str) else (cn or [None])[0]
    if use_cn and cn is not None:
        examined += 1
        if "\0" in cn or "cn_type" in spec:
            return "name-null"
        if _matches(cn, host):
            return "verified"
    return {0: "name-none", 1: "name", 2: "name-one"}.get(examined, "name-more")
