# SPDX-License-Identifier: PostgreSQL
"""Parity rows: negotiation, TLS versions, broken handshakes and malformed answers, mostly on the fake server."""
import fake_auth
from fake_server import Behaviour
from parity import Nobody, Pg, row

MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
TLS_MODES = MODES[2:]
NEW = "libpq 15 does not know the parameter"


def root_for(mode):
    return {"root": "good"} if mode.startswith("verify") else {}


def success(mode):
    return "verified" if mode.startswith("verify") else "tls"


ANSWERS = {"E": "ssl-error", "E-text": "ssl-error", "X": "ssl-answer", "eof": "closed", "stuffed": "ssl-stuffed"}


def answers():
    for mode in MODES:
        more = dict(sslmode=mode, **root_for(mode))
        for answer, want in ANSWERS.items():
            plain = mode in ("disable", "allow")
            yield row("answer-%s-%s" % (answer, mode), Behaviour(answer=answer), "plain" if plain else want, **more)
            if mode == "allow":
                yield row("answer-%s-allow-second" % answer, Behaviour(answer=answer, auth_plain="reject"),
                          ("server", want), **more)
        yield row("answer-N-%s" % mode, Behaviour(answer="N"), "plain" if mode in MODES[:3] else "no-ssl", **more)
        yield row("answer-N-reject-%s" % mode, Behaviour(answer="N", auth_plain="reject"),
                  ("server", "no-ssl") if mode == "allow" else "server" if mode in MODES[:3] else "no-ssl",
                  **dict(more, **(dict(only=18, because="libpq 15 tries plaintext once more under allow")
                                  if mode == "allow" else {})))
        yield row("answer-S-%s" % mode, Behaviour(), "plain" if mode in MODES[:2] else success(mode), **more)
        yield row("answer-drip-%s" % mode, Behaviour(drip=True, auth="scram"),
                  "plain" if mode in MODES[:2] else success(mode), password="secret", **more)
    # behind the stuffed bytes nobody does TLS: libpq, which looks at them after the handshake, sees that fail
    for mode in ("prefer", "require"):
        yield row("answer-stuffedend-%s" % mode, Behaviour(answer="stuffed-end"),
                  "plain" if mode == "prefer" else "ssl-eof", sslmode=mode)
    for answer in ("N", "S", "X"):
        yield row("answer-%s-hang" % answer, Behaviour(answer=answer, auth="silent"),
                  "ssl-answer" if answer == "X" else "timeout", sslmode="prefer", connect_timeout="2")
    yield row("answer-silent", Behaviour(answer="silent"), "timeout", sslmode="require", connect_timeout="2")
    yield row("handshake-silent", Behaviour(handshake="silent"), "timeout", sslmode="require", connect_timeout="2")


HANDSHAKES = {"garbage": "ssl-reason", "plain": "ssl-reason", "alert": "ssl-reason", "alert-internal": "ssl-reason",
              "eof": "ssl-eof", "rst": "ssl-syscall"}


def handshakes():
    for kind, want in HANDSHAKES.items():
        for mode in MODES:
            yield row("handshake-%s-%s" % (kind, mode), Behaviour(handshake=kind),
                      "plain" if mode in MODES[:3] else want, sslmode=mode, **root_for(mode))
    for end, wants in ENDS.items():
        for mode in MODES:
            for version in ("TLSv1_2", "TLSv1_3"):
                tls = mode not in MODES[:2]
                if tls or version == "TLSv1_2":
                    yield row("end-%s-%s-%s" % (end, mode, version), Behaviour(auth=end, tls_max=version),
                              wants[tls], sslmode=mode, cls="handshake" if tls else "reach", **root_for(mode))


# how the server ends after the StartupMessage -> message without TLS, with TLS
ENDS = {"eof": ("closed", "ssl-eof"), "notify": ("closed", "ssl-closed"), "rst": ("closed", "closed")}
VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
SERVERS = {"only10": (0, 0), "only11": (1, 1), "only12": (2, 2), "only13": (3, 3), "from12": (2, 3), "to12": (0, 2)}


def versions():
    for name, (low, high) in SERVERS.items():
        server = Behaviour(tls_min=VERSIONS[low].replace(".", "_"), tls_max=VERSIONS[high].replace(".", "_"))
        for least in (None, 0, 1, 2, 3, "empty"):
            for most in (None, 0, 1, 2, 3):
                if least in (0, "empty") and most not in (None, 2):
                    continue
                bottom = 2 if least is None else 0 if least == "empty" else least
                top = 3 if most is None else most
                # a version in common may still be below security level 2, which begins with TLS 1.2
                common = range(max(bottom, low), min(top, high) + 1)
                want = "version-range" if most is not None and least != "empty" and bottom > top \
                    else "tls" if 2 in common or 3 in common else "ssl-reason" if common \
                    else ("ssl-reason", "version-hint")
                given = {}
                if least is not None:
                    given["ssl_min_protocol_version"] = "" if least == "empty" else VERSIONS[least]
                if most is not None:
                    given["ssl_max_protocol_version"] = VERSIONS[most]
                yield row("version-%s-%s-%s" % (name, least, most), server, want, sslmode="require",
                          cls="version" if want == "ssl-reason" else "", **given)
    for value in ("TLSv1.4", "SSLv3", "tls1.2", "1.2", "TLSv1.2 ", "TLS1.3"):
        for which in ("min", "max"):
            yield row("version-bad-%s-%s" % (which, value.strip()), Nobody(), "bad-version",
                      **{"ssl_%s_protocol_version" % which: value})
    for value in ("tlsv1.2", "TLSV1.3"):
        yield row("version-case-%s" % value, Behaviour(), "tls", sslmode="require", ssl_min_protocol_version=value)


def direct():
    limits = dict(only=18, because=NEW)
    for mode in MODES:
        more = dict(sslmode=mode, sslnegotiation="direct", **root_for(mode), **limits)
        weak = mode in MODES[:3]
        yield row("direct-fake-%s" % mode, Behaviour(), "weak-direct" if weak else success(mode), **more)
        yield row("direct-noalpn-%s" % mode, Behaviour(alpn=()), "weak-direct" if weak else "no-alpn", **more)
        yield row("direct-otheralpn-%s" % mode, Behaviour(alpn=("http/1.1",)), "weak-direct" if weak else "no-alpn",
                  **more)
        yield row("direct-refused-%s" % mode, Behaviour(direct=False), "weak-direct" if weak else "ssl-eof", **more)
        yield row("direct-pg15-%s" % mode, Pg(15), "weak-direct" if weak else "ssl-eof", **more)
        for major in (17, 18):
            yield row("direct-pg%d-%s" % (major, mode), Pg(major), "weak-direct" if weak else success(mode), **more)
            yield row("direct-pg%d-off-%s" % (major, mode), Pg(major, cert=""),
                      "weak-direct" if weak else "ssl-eof", **more)
        yield row("direct-badroot-%s" % mode, Pg(18), "weak-direct" if weak else "verify-failed",
                  **dict(more, root="other"))
        for negotiation in ("postgres",):
            yield row("negotiation-%s-%s" % (negotiation, mode), Pg(18),
                      "plain" if mode in MODES[:2] else success(mode), **dict(more, sslnegotiation=negotiation))
    for mode in TLS_MODES:
        for alpn in ((), ("http/1.1",), ("http/1.1", "postgresql")):
            yield row("alpn-%s-%s" % ("+".join(alpn).replace("/", "") or "none", mode), Behaviour(alpn=alpn),
                      success(mode), sslmode=mode, **root_for(mode))


# script of the fake server -> message, without and with TLS the same
STARTUP = {
    "reject": "server", "full": "server", "detail": "server", "starting": "server", "krb5": "auth-krb5", "crypt": "auth-crypt",
    "scm": "auth-unknown", "unknown": "auth-unknown",
    "type-Z": "not-auth", "type-S": "not-auth", "type-K": "not-auth", "type-T": "not-auth", "type-1": "not-auth",
    "type-z": "not-auth", "type-G": "not-auth", "http": "not-auth", "zerotype": "not-auth",
    "authshort": "bad-auth", "authempty": "bad-auth", "authlong": "bad-auth", "authhuge": "bad-auth",
    "cleartextmore": "no-password",
    "errorold": "server", "errorlong": "server-old", "errorhuge": "server-old", "errorshort": "server-old",
    "errorempty": "server-old", "errornoend": "bad-error", "noticethenreject": "not-auth", "type-N": "not-auth",
}
SINCE_16 = "libpq 15 says less when the server's answer is malformed"


def startup():
    for script, want in STARTUP.items():
        assert script in fake_auth.SCRIPTS
        limits = dict(only=18, because=SINCE_16) if want in ("bad-auth", "bad-error") else {}
        for mode in ("disable", "allow", "prefer", "require", "verify-full"):
            yield row("startup-%s-%s" % (script, mode), Behaviour(auth=script), want, sslmode=mode,
                      **root_for(mode), **limits)


# script -> message when 3.0 was asked for, when more was
NPV = {"v-same": ("bad-npv", "tls"), "v-older": ("bad-npv", "bad-npv"), "v-newer": ("bad-npv", "bad-npv"),
       "v-option": ("bad-npv", "bad-npv"), "v-option2": ("bad-npv", "bad-npv"), "v-count": ("bad-npv", "bad-npv"),
       "v-short": ("bad-npv0", "bad-npv0"), "v-empty": ("bad-npv0", "bad-npv0"),
       "v-twice": ("bad-npv", "twice-npv"), "v-long": ("bad-npv", "not-auth")}


def protocol():
    limits = dict(only=18, because="libpq up to 17 barely reads NegotiateProtocolVersion")
    for script, want in NPV.items():
        for asked in (None, "3.2", "latest"):
            more = {"max_protocol_version": asked} if asked else {}
            yield row("npv-%s-%s" % (script, asked), Behaviour(auth=script), want[asked is not None], sslmode="require",
                      **more, **limits)
    for minor in (0, 2):
        for asked in (None, "3.0", "3.2", "latest"):
            for least in (None, "3.0", "3.2"):
                more = {}
                if asked:
                    more["max_protocol_version"] = asked
                if least:
                    more["min_protocol_version"] = least
                top = {None: 0, "3.0": 0}.get(asked, 2)
                if asked is None and least == "3.2":
                    top = 2
                bottom = 2 if least == "3.2" else 0
                want = "protocol-range" if bottom > top else "too-new" if bottom > minor else "tls"
                name = "protocol-%d-%s-%s" % (minor, asked, least)
                yield row(name, Behaviour(auth="v-honest", minor=minor), want, sslmode="require", **more, **limits)
                for major in (15, 18):
                    if (major == 18) == (minor == 2):
                        yield row("%s-pg%d" % (name, major), Pg(major), want, sslmode="require", **more, **limits)


def rows():
    yield from answers()
    yield from handshakes()
    yield from versions()
    yield from direct()
    yield from startup()
    yield from protocol()
