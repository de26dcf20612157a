# SPDX-License-Identifier: PostgreSQL
"""Parity rows: authentication, SCRAM, channel binding, require_auth, honest and hostile."""
from fake_server import Behaviour
from parity import Pg, row

NEW = "libpq 15 does not know the parameter"
HBA = dict(hba="mixed")

# SCRAM script of the fake server -> message without TLS, with TLS (a pair where they differ)
SCRAM = {
    "scram": (None, None), "scram-noplus": (None, None),
    "scram-plusonly": ("cb-plain", None), "scram-plusplain": ("cb-plain", None),
    "scram-nomech": "sasl-none", "scram-emptylist": "sasl-none",
    "scram-nonce": "scram-nonce", "scram-shortnonce": "scram-nonce",
    "scram-iter0": "scram-iter", "scram-iterneg": "scram-iter", "scram-itertext": "scram-iter",
    "scram-itertail": "scram-iter", "scram-nosalt": "scram-attr", "scram-badsalt": "scram-salt",
    "scram-noiter": "scram-attr", "scram-noequals": "scram-equals",
    # said only if something else goes wrong later
    "scram-extra": (None, None), "scram-extrasig": ("scram-tail", "scram-tail"), "scram-finaltail": (None, None),
    "scram-finaltailsig": ("scram-finaltail", "scram-finaltail"),
    "scram-mext": "scram-attr", "scram-firsterror": "scram-attr", "scram-nul": "scram-length",
    "scram-empty": "scram-empty", "scram-sig": "scram-signature", "scram-sigshort": "scram-badsig",
    "scram-sigbase64": "scram-badsig", "scram-finalerror": "scram-said", "scram-finalother": "scram-attr", "scram-finalempty": "scram-empty",
    "scram-noproof": (None, None), "scram-twofinal": "scram-state", "scram-continueagain": "scram-attr",
    "scram-restart": "sasl-twice", "scram-thencleartext": (None, None), "scram-dup": "sasl-twice",
    "scram-abandon": (None, None), "scram-earlyfinal": "sasl-early", "scram-earlysignature": "scram-attr",
    "scram-badlist": "sasl-request", "saslcontinue": "sasl-request", "saslfinal": "sasl-request",
}


def scram():
    for script, wants in SCRAM.items():
        for mode in ("disable", "require"):
            want = wants if isinstance(wants, str) else wants[mode == "require"]
            yield row("%s-%s" % (script, mode), Behaviour(auth=script),
                      want or ("plain" if mode == "disable" else "tls"), sslmode=mode, password="secret")
    for script, want in (("gss", "auth-gss"), ("gsscont", "auth-gss"), ("sspi", "auth-sspi"),
                         ("scram-oauth", "oauth-unset")):
        for mode in ("disable", "require"):
            yield row("without-%s-%s" % (script, mode), Behaviour(auth=script), want, sslmode=mode, only=18,
                      because="Debian's libpq is built with GSS and does not know OAuth")
    for mode in ("disable", "allow", "prefer", "require"):
        tls = mode in ("prefer", "require")
        ok = "tls" if tls else "plain"
        for script in ("cleartext", "md5", "scram"):
            yield row("password-right-%s-%s" % (script, mode), Behaviour(auth=script), ok, sslmode=mode,
                      password="secret")
            yield row("password-wrong-%s-%s" % (script, mode), Behaviour(auth=script), "server", sslmode=mode,
                      password="wrong")
            yield row("password-none-%s-%s" % (script, mode), Behaviour(auth=script), "no-password", sslmode=mode)
            yield row("password-empty-%s-%s" % (script, mode), Behaviour(auth=script), "no-password", sslmode=mode,
                      password="")
        for user in ("scramuser", "md5user", "pwuser"):
            yield row("pg-right-%s-%s" % (user, mode), Pg(**HBA), ok, sslmode=mode, user=user, password="secret")
            yield row("pg-wrong-%s-%s" % (user, mode), Pg(**HBA), "server", sslmode=mode, user=user, password="wrong")
            yield row("pg-none-%s-%s" % (user, mode), Pg(**HBA), "no-password", sslmode=mode, user=user)
        yield row("pg-nodb-%s" % mode, Pg(**HBA), "server", sslmode=mode, dbname="nowhere")
        yield row("pg-nouser-%s" % mode, Pg(**HBA), "server", sslmode=mode, user="nouser")
        yield row("pg-noentry-%s" % mode, Pg(**HBA), "server", sslmode=mode, user="stranger")
        yield row("pg-badoption-%s" % mode, Pg(**HBA), "server", sslmode=mode, options="-c no_such_setting=1")
        yield row("pg18-right-%s" % mode, Pg(18, **HBA), ok, sslmode=mode, user="scramuser", password="secret")


BINDING = ("disable", "prefer", "require")
# script -> outcome for channel_binding=require without TLS, with TLS
REQUIRED = {
    "trust": ("cb-without", "cb-without"), "cleartext": ("cb-request", "cb-request"),
    "md5": ("cb-request", "cb-request"), "scram": ("cb-nossl", None), "scram-noplus": ("cb-nossl", "cb-nomech"),
    "scram-plusonly": ("cb-nossl", None), "scram-plusplain": ("cb-nossl", None),
    "scram-noproof": ("cb-nossl", "cb-without"), "scram-abandon": ("cb-nossl", "cb-nomech"),
    "scram-sig": ("cb-nossl", "scram-signature"), "reject": ("server", "server"),
    "unknown": ("cb-request", "cb-request"), "gss": ("cb-request", "cb-request"),
}


def binding():
    for script, wants in REQUIRED.items():
        for mode in ("disable", "prefer", "require"):
            want = wants[mode != "disable"]
            yield row("binding-require-%s-%s" % (script, mode), Behaviour(auth=script),
                      want or "tls", sslmode=mode, channel_binding="require", password="secret")
    for value in ("disable", "prefer"):
        for script in ("scram", "scram-noplus", "cleartext", "trust"):
            for mode in ("disable", "require"):
                yield row("binding-%s-%s-%s" % (value, script, mode), Behaviour(auth=script),
                          "plain" if mode == "disable" else "tls", sslmode=mode, channel_binding=value,
                          password="secret")
        yield row("binding-%s-plusplain" % value, Behaviour(auth="scram-plusplain"), "cb-plain", sslmode="disable",
                  channel_binding=value, password="secret")
    # tls-server-end-point for every kind of certificate, on servers that check it
    for cert in ("good", "ec", "edkey", "sha384", "sha512", "rsapss", "sha1", "ed25519"):
        for value in BINDING:
            for major in (15, 18):
                if major == 18 and cert == "rsapss":
                    continue  # its OpenSSL 1.1.1 cannot name the digest, see test_known_servers
                want = "cb-nid" if cert == "ed25519" and value != "disable" else "tls"
                yield row("binding-cert-%s-%s-pg%d" % (cert, value, major), Pg(major, cert=cert, **HBA), want,
                          sslmode="require", user="scramuser", password="secret", channel_binding=value)
    for user in ("md5user", "pwuser", "anyuser"):
        yield row("binding-pg-%s" % user, Pg(**HBA), "cb-without" if user == "anyuser" else "cb-request",
                  sslmode="require", user=user, password="secret", channel_binding="require")
    yield row("binding-pg-plain", Pg(**HBA), "cb-nossl", sslmode="disable", user="scramuser", password="secret",
              channel_binding="require")


METHODS = ("password", "md5", "scram-sha-256", "gss", "sspi", "none", "oauth")
OFFERS = {"trust": "none", "cleartext": "password", "md5": "md5", "scram": "scram-sha-256", "scram-noproof": "",
          "scram-abandon": "", "unknown": "", "gss": "gss", "sspi": "sspi"}


def requirements():
    limits = dict(only=18, because=NEW)
    values = list(METHODS) + ["!" + m for m in METHODS]
    values += ["password,md5", "scram-sha-256,none", "!password,!md5", "!none,!password", "md5,scram-sha-256,gss"]
    for value in values:
        listed = {m.lstrip("!") for m in value.split(",")}
        for script, method in OFFERS.items():
            allowed = (method not in listed) if value[0] == "!" else (method in listed)
            if script == "unknown":
                want = "require"
            elif script in ("gss", "sspi"):
                want = "auth-" + script if allowed else "require"
            elif script in ("scram-noproof", "scram-abandon"):
                # the exchange begins if SCRAM is allowed; that it never ends is "none"
                begins = ("scram-sha-256" not in listed) if value[0] == "!" else ("scram-sha-256" in listed)
                ends = ("none" not in listed) if value[0] == "!" else ("none" in listed)
                want = "tls" if begins and ends else "require"
            else:
                want = "tls" if allowed else "require"
            yield row("require-%s-%s" % (value, script), Behaviour(auth=script), want, sslmode="require",
                      require_auth=value, password="secret", **limits)
    for value, want in (("", "require"), ("scram-sha-256", "tls"), ("!none", "tls"), ("none", "require"),
                        ("password", "require")):
        for major in (15, 18):
            yield row("require-pg%d-%s" % (major, value or "empty"), Pg(major, **HBA), want, sslmode="require",
                      user="scramuser", password="secret", require_auth=value, **limits)
    for value, want in (("md5,md5", "auth-twice"), ("!md5,!md5", "auth-twice"), ("none,none", "auth-twice"),
                        ("!none,!none", "auth-twice"), ("password,gss,password", "auth-twice"),
                        ("md5,!gss", "auth-mixneg"), ("none,!gss", "auth-mixneg"), ("password,!none", "auth-mixneg"),
                        ("!md5,gss", "auth-mixpos"), ("!md5,none", "auth-mixpos"), ("!none,md5", "auth-mixpos"),
                        ("foo", "bad-value"), ("!foo", "bad-value"), ("md5,", "bad-value"), (",md5", "bad-value"),
                        ("!", "bad-value"), ("MD5", "bad-value"), ("md5, gss", "bad-value"), ("!!md5", "bad-value"),
                        ("scram-sha-256-plus", "bad-value"), ("cert", "bad-value")):
        yield row("require-bad-%s" % value, Behaviour(), want, require_auth=value, **limits)
    # a client's refusal never leads to another attempt
    for mode in ("allow", "prefer"):
        yield row("require-noretry-%s" % mode, Behaviour(auth="cleartext"), "require", sslmode=mode,
                  require_auth="scram-sha-256", password="secret", **limits)


def rows():
    yield from scram()
    yield from binding()
    yield from requirements()
