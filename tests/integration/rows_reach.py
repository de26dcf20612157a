# SPDX-License-Identifier: PostgreSQL
"""Parity rows: several hosts, addresses and ports, Unix sockets, session attributes, servers that are not there."""
from fake_server import Behaviour
from parity import Nobody, Pg, row

MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


def reach():
    for mode in MODES:
        yield row("refused-%s" % mode, Nobody(), "refused", sslmode=mode)
        yield row("refused-nohost-%s" % mode, Nobody(), "refused", sslmode=mode, host="127.0.0.1", hostaddr=None)
    for addr in ("localhost", "127.0.0.1.1", "::1::", "300.1.1.1", "[::1]", " 127.0.0.1"):
        yield row("hostaddr-%s" % addr.strip(), Nobody(), "bad-hostaddr", hostaddr=addr)
    for host in ("nowhere.invalid", "x..y", "-", "a" * 300):
        yield row("lookup-%s" % host[:20], Nobody(), "no-host", host=host, hostaddr=None)
    for host, addr, port in (("a,b", "127.0.0.1", "1"), ("a", "127.0.0.1,127.0.0.1", "1"), ("a,b,c", "1,2", "1"),
                             ("a,", "127.0.0.1", "1"), ("a", "127.0.0.1,", "1")):
        yield row("count-addr-%s-%s" % (host, addr), Nobody(), "count-hostaddr", host=host, hostaddr=addr, port="{port}")
    for host, port in (("127.0.0.1,127.0.0.1", "1,2,3"), ("127.0.0.1", "1,2"), ("127.0.0.1,127.0.0.1,127.0.0.1", "1,2")):
        yield row("count-port-%s-%s" % (host, port), Nobody(), "count-port", host=host, hostaddr=None, port=port)


def hosts():
    two = dict(host="127.0.0.1,127.0.0.1", hostaddr=None, port="{closed},{port}")
    back = dict(two, port="{port},{closed}")
    for mode in ("disable", "prefer", "require"):
        ok = "plain" if mode == "disable" else "tls"
        yield row("hosts-second-%s" % mode, Pg(), ok, sslmode=mode, **two)
        yield row("hosts-first-%s" % mode, Pg(), ok, sslmode=mode, **back)
        yield row("hosts-none-%s" % mode, Nobody(), ("refused", "refused"), sslmode=mode, **two)
        # what is no connect() error does not move on, except 57P03
        for script, want in (("reject", "server"), ("unknown", "auth-unknown"), ("starting", "server"),
                             ("eof", "closed")):
            yield row("hosts-stop-%s-%s" % (script, mode), Behaviour(auth=script),
                      "ssl-eof" if script == "eof" and mode != "disable" else want, sslmode=mode,
                      **dict(back, port="{port},{port}") if script == "starting" else back)
        yield row("hosts-wrongpw-%s" % mode, Pg(hba="mixed"), "server", sslmode=mode, user="badpw", password="wrong",
                  **back)
    yield row("hosts-lookup", Pg(), "plain", sslmode="disable", host="nowhere.invalid,127.0.0.1", hostaddr=None,
              port="{port}")
    yield row("hosts-name-first", Pg(), "name", sslmode="verify-full", root="good", host="a.test,{host}",
              hostaddr="127.0.0.1,127.0.0.1", port="{port}")
    yield row("hosts-name-second", Pg(), "verified", sslmode="verify-full", root="good", host="a.test,{host}",
              hostaddr="127.0.0.1,127.0.0.1", port="{closed},{port}")
    yield row("hosts-badroot", Pg(), "verify-failed", sslmode="verify-ca", root="other",
              host="{host},{host}", hostaddr="127.0.0.1,127.0.0.1", port="{port}")


ATTRS = {"any": "plain", "read-write": "plain", "read-only": "read-write", "primary": "plain",
         "standby": "not-standby", "prefer-standby": "plain"}


# what the fake server's sessions mean: primary, standby, read-only primary
TOLD = {"any": ("plain",) * 3, "read-write": ("plain", "read-only", "read-only"),
        "read-only": ("read-write", "plain", "plain"), "primary": ("plain", "in-standby", "plain"),
        "standby": ("not-standby", "plain", "not-standby"), "prefer-standby": ("plain",) * 3}


def attributes():
    for value, want in ATTRS.items():
        for mode in ("disable", "require"):
            expected = "tls" if want == "plain" and mode == "require" else want
            for major in (15, 18):
                yield row("attrs-%s-%s-pg%d" % (value, mode, major), Pg(major), expected, sslmode=mode,
                          target_session_attrs=value)
            yield row("attrs-two-%s-%s" % (value, mode), Pg(), expected, sslmode=mode, target_session_attrs=value,
                      host="{host},{host}", hostaddr="127.0.0.1,127.0.0.1")
        readonly = (("default_transaction_read_only", "on"),)
        expected = {"read-write": "read-only", "read-only": "plain"}.get(value, want)
        yield row("attrs-readonly-%s" % value, Pg(settings=readonly), expected, sslmode="disable",
                  target_session_attrs=value)
    for value, wants in TOLD.items():
        for version in ("15.18", "13.5", "9.6.24"):
            for session, want in zip(("", "standby", "readonly"), wants):
                yield row("attrs-told-%s-%s-%s" % (value, version, session or "primary"),
                          Behaviour(version=version, session=session), want, sslmode="disable",
                          target_session_attrs=value)
    for value in ("disable", "random"):
        yield row("balance-%s" % value, Pg(), "plain", sslmode="disable", load_balance_hosts=value, only=18,
                  because="libpq 15 does not know the parameter")


def sockets():
    for mode in MODES:
        for major in (15, 18):
            there = dict(sslmode=mode, host="{socket:%d}" % major, hostaddr=None, port="{pgport:%d}" % major)
            yield row("socket-%s-pg%d" % (mode, major), Pg(major, hba="mixed"), "plain", **there)
            yield row("socket-refused-%s-pg%d" % (mode, major), Pg(major, hba="mixed"), "server",
                      **dict(there, user="ssluser"))
        yield row("socket-missing-%s" % mode, Nobody(), "no-socket", sslmode=mode, host="{home}", hostaddr=None)
    yield row("socket-long", Nobody(), "socket-long", host="/" + "x" * 110, hostaddr=None)
    yield row("socket-root", Pg(hba="mixed"), "plain", sslmode="verify-full", root="missing", host="{socket:15}",
              hostaddr=None)
    yield row("socket-scram", Pg(hba="mixed"), "plain", user="scramuser", password="secret", host="{socket:15}",
              hostaddr=None)
    yield row("socket-binding", Pg(hba="mixed"), "cb-nossl", user="scramuser", password="secret",
              host="{socket:15}", hostaddr=None, channel_binding="require")
    yield row("socket-then-tcp", Pg(hba="mixed"), "tls", sslmode="require", host="{home},127.0.0.1", hostaddr=None)
    for peer, want in (("postgres", "plain"), ("nobody-like-this", "peer")):
        yield row("socket-peer-%s" % peer, Pg(hba="mixed"), want, host="{socket:15}", hostaddr=None, requirepeer=peer)
    yield row("socket-direct", Pg(18, hba="mixed"), "plain", sslmode="require", sslnegotiation="direct",
              host="{socket:18}", hostaddr=None, only=18, because="libpq 15 does not know the parameter")
    yield row("socket-certmode", Pg(18, hba="mixed"), "cert-unasked", sslmode="require", sslcertmode="require",
              host="{socket:18}", hostaddr=None, only=18, because="libpq 15 does not know the parameter")


def sni():
    # the host name must not be too long for SNI, and is sent or not without changing the verdict
    for value in ("0", "1", "", "x"):
        yield row("sni-%s" % value, Pg(), "verified", sslmode="verify-full", root="good", sslsni=value)
    for length in (254, 255, 256, 300):
        host = ("a" * 50 + ".") * 10
        host = host[:length - 1] + "z"
        yield row("sni-length-%d" % length, Pg(), "tls" if length < 256 else "set-sni", sslmode="require", host=host)


def rows():
    yield from reach()
    yield from hosts()
    yield from attributes()
    yield from sockets()
    yield from sni()
