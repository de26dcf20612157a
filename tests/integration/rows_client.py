# SPDX-License-Identifier: PostgreSQL
"""Parity rows: client certificates and keys, good and bad, on PostgreSQL 15 and 18."""
from fake_server import Behaviour
from parity import Pg, row

NEW = "libpq 15 does not know the parameter"
ASKS = dict(hba="cert", client_ca="clientroot")
TLS12 = (("ssl_max_protocol_version", "TLSv1.2"),)

# certificate -> accepted by the server as certuser's
CERTS = {"client": True, "clientrsa": True, "clientany": False, "clientexpired": False, "clientfuture": False,
         "clientrevoked": False, "clientforeign": False, "clientserver": False, "clientself": False}
ALERTS = ("clientexpired", "clientfuture", "clientrevoked", "clientforeign", "clientserver", "clientself")

# variants of the good pair -> message (None: works)
FILES = {
    "key-der": None, "key-encrypted": None, "key-encryptedold": None, "key-other": "key-load", "key-text": "key-load",
    "key-empty": "key-load", "key-public": "key-load", "key-missing": "key-missing",
    "key-directory": "key-irregular", "key-notdir": "key-stat", "key-loop": "key-stat", "cert-missing": "server", "cert-notdir": "server", "cert-text": "cert-read",
    "cert-empty": "cert-read", "cert-directory": "cert-read", "cert-loop": "cert-open", "cert-der": "cert-read",
    "mode-644": "key-access", "mode-660": "key-access", "mode-604": "key-access", "mode-400": None,
}


def certificates():
    for name, good in CERTS.items():
        for major in (15, 18):
            for settings in ((), TLS12):
                tag = "%s-pg%d-%s" % (name, major, "12" if settings else "13")
                server = Pg(major, settings=settings, **ASKS)
                want = "tls" if good else "ssl-reason" if name in ALERTS else "server"
                yield row("cert-%s" % tag, server, want, cls="" if good else "clientcert", sslmode="require",
                          user="certuser", client=name)
                if major == 15:
                    # clientcert=verify-ca: any certificate of that authority will do
                    want = "ssl-reason" if name in ALERTS else "tls"
                    yield row("cert-any-%s" % tag, server, want, cls="clientcert" if name in ALERTS else "",
                              sslmode="require", user="anyuser", client=name)
        # the server's verdict comes in the handshake (TLS 1.2) or after it (1.3): only the first falls back
        for settings in ((), TLS12):
            tag = "%s-%s" % (name, "12" if settings else "13")
            want = "tls" if name not in ALERTS else "plain" if settings else "ssl-reason"
            yield row("cert-prefer-%s" % tag, Pg(settings=settings, **ASKS), want,
                      cls="clientcert" if want == "ssl-reason" else "", sslmode="prefer", user="ssluser", client=name)
        yield row("cert-unasked-%s" % name, Pg(), "tls", sslmode="require", client=name)
    for mode in ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"):
        strict = {"root": "good"} if mode.startswith("verify") else {}
        yield row("cert-none-%s" % mode, Pg(**ASKS), "server", sslmode=mode, user="certuser", **strict)
        yield row("cert-good-%s" % mode, Pg(**ASKS),
                  "server" if mode == "disable" else "verified" if strict else "tls", sslmode=mode, user="certuser",
                  client="client", **strict)
    yield row("cert-noca", Pg(hba="trust"), "tls", sslmode="require", user="certuser", client="client")
    yield row("cert-full-scram", Pg(**ASKS), "server", sslmode="require", user="scramuser", password="secret",
              client="client")


def files():
    for name, want in FILES.items():
        more = {"sslpassword": "sesame"} if "encrypted" in name else {}
        for mode in ("prefer", "require", "verify-full"):
            strict = {"root": "good"} if mode == "verify-full" else {}
            ok = "verified" if strict else "tls"
            if want is None:
                expected = ok
            elif mode == "prefer" and want != "server":
                expected = "server"  # plaintext, where certuser is refused
            else:
                expected = want
            yield row("clientfile-%s-%s" % (name, mode), Pg(**ASKS), expected, sslmode=mode, user="certuser",
                      client=name, **dict(more, **strict))
        # a bad file is fatal even when nobody asks for a certificate
        yield row("clientfile-%s-unasked" % name, Behaviour(), "tls" if want in (None, "server") else want,
                  sslmode="require", client=name, **more)
    for key in ("key-encrypted", "key-encryptedold"):
        for password in ("wrong", "s", "x" * 1024, "x" * 1100):
            yield row("clientfile-%s-password-%d" % (key, len(password)), Behaviour(), "key-load", sslmode="require",
                      client=key, sslpassword=password)
    yield row("clientfile-password-unneeded", Behaviour(), "tls", sslmode="require", client="client",
              sslpassword="unneeded")
    yield row("clientfile-engine", Behaviour(), "engine-load", sslmode="require", sslcert="{cert:client}",
              sslkey="nosuchengine:key")
    for which in ("sslcert", "sslkey"):
        yield row("clientfile-only-%s" % which, Behaviour(), "key-missing" if which == "sslcert" else "tls",
                  sslmode="require", **{which: "{cert:client}" if which == "sslcert" else "{key:client}"})
    # the defaults of the home directory
    both = [("{home}/.postgresql/postgresql.crt", "{certtext:client}", 0o644),
            ("{home}/.postgresql/postgresql.key", "{keytext:client}", 0o600)]
    open_key = [both[0], (both[1][0], both[1][1], 0o644)]
    for name, made, want in (("both", both, "tls"), ("certonly", both[:1], "key-missing"),
                             ("keyonly", both[1:], "server"), ("openkey", open_key, "key-access")):
        yield row("clienthome-%s" % name, Pg(**ASKS), want, sslmode="require", user="certuser", files=made)
        yield row("clienthome-%s-env" % name, Pg(**ASKS), "tls", sslmode="require", user="certuser",
                  env={"PGSSLCERT": "{cert:client}", "PGSSLKEY": "{key:client}"}, files=made)


CERTMODES = ("disable", "allow", "require")


def certmode():
    limits = dict(only=18, because=NEW)
    for mode in CERTMODES:
        for client in ("client", "cert-missing", "cert-text"):
            for asks in (True, False):
                if mode != "disable" and client == "cert-text":
                    want = "cert-read"
                elif mode == "require" and (not asks or client != "client"):
                    want = "cert-unsent" if asks else "cert-unasked"
                else:
                    want = "tls"
                yield row("certmode-%s-%s-%s" % (mode, client, asks), Pg(18, client_ca="clientroot" if asks else ""),
                          want, sslmode="require", sslcertmode=mode, client=client, **limits)
        yield row("certmode-%s-plain" % mode, Pg(18), "cert-unasked" if mode == "require" else "plain",
                  sslmode="disable", sslcertmode=mode, **limits)
        yield row("certmode-%s-certuser" % mode, Pg(18, **ASKS), "server" if mode == "disable" else "tls",
                  sslmode="require", sslcertmode=mode, client="client", user="certuser", **limits)
        yield row("certmode-%s-foreign" % mode, Pg(18, **ASKS), "server" if mode == "disable" else "ssl-reason",
                  cls="clientcert", sslmode="require", sslcertmode=mode, client="clientforeign", user="certuser",
                  **limits)
    for value in ("", "Require", "yes", "prefer"):
        yield row("certmode-bad-%s" % value, Pg(18), "bad-value", sslcertmode=value, **limits)


def rows():
    yield from certificates()
    yield from files()
    yield from certmode()
