# SPDX-License-Identifier: PostgreSQL
"""Parity rows: values and strings that are refused, and where settings come from."""
from fake_server import Behaviour
from parity import Nobody, Pg, row

NEW = "libpq 15 does not know the parameter"
GSS = "Debian's libpq is built with GSS"

BAD = {  # parameter -> values refused everywhere
    "sslmode": ("", "on", "true", "Require", "verify_full", "verify-full ", "none", "required"),
    "channel_binding": ("", "on", "Prefer", "required", "prefer "),
    "gssencmode": ("", "on", "Disable", "disable "),
    "target_session_attrs": ("", "rw", "Any", "read_write", "any "),
}
BAD_18 = {
    "sslnegotiation": ("", "Direct", "requiredirect", "direct ", "postgresql"),
    "load_balance_hosts": ("", "on", "Random", "random "),
    "min_protocol_version": ("", "3", "3.1", "2.0", "Latest", "3.02"),
    "max_protocol_version": ("", "3", "3.1", "4.0", "Latest", "3.2 "),
}
INTEGERS = ("connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count",
            "tcp_user_timeout")


def values():
    for parameter, bad in BAD.items():
        for value in bad:
            yield row("bad-%s-%s" % (parameter, value.replace(" ", "_")), Nobody(), "bad-value", **{parameter: value})
            yield row("bad-env-%s-%s" % (parameter, value.replace(" ", "_")), Nobody(), "bad-value",
                      env={ENV[parameter]: value})
    for parameter, bad in BAD_18.items():
        for value in bad:
            yield row("bad-%s-%s" % (parameter, value.replace(" ", "_")), Nobody(), "bad-value", only=18, because=NEW,
                      **{parameter: value})
    for parameter in INTEGERS:
        for value in ("", "x", "1x", "0x10", "99999999999", "--1", "1.5", "1 2"):
            yield row("bad-%s-%s" % (parameter, value), Behaviour(), "bad-integer", sslmode="disable",
                      **{parameter: value})
        for value in (" 1 ", "+1", "-1", "0", "10"):
            if parameter == "connect_timeout" or value in ("-1", "0", "10"):
                refused = value in ("0", "-1") and parameter.startswith("keepalives_")
                yield row("good-%s-%s" % (parameter, value.replace(" ", "_")), Behaviour(),
                          "setsockopt" if refused else "plain", sslmode="disable", **{parameter: value})
    for port in ("0", "65536", "-1", "x", "5432x", "99999999999"):
        integer = port in ("x", "5432x", "99999999999")
        yield row("port-%s" % port, Nobody(), "bad-integer" if integer else "bad-port", port=port)
    yield row("gssencmode-require", Behaviour(), "no-gss-build", gssencmode="require", only=18, because=GSS)
    yield row("gssencmode-prefer", Behaviour(), "plain", sslmode="disable", gssencmode="disable")
    for mode in ("disable", "allow", "prefer", "require", "verify-ca"):
        yield row("system-weak-%s" % mode, Nobody(), "weak-system", sslmode=mode, sslrootcert="system", only=18,
                  because="libpq 15 takes system for a file name")
        yield row("system-weak-env-%s" % mode, Nobody(), "weak-system", only=18,
                  because="libpq 15 takes system for a file name", env={"PGSSLMODE": mode, "PGSSLROOTCERT": "system"})
    for more in ({}, {"sslmode": "verify-full"}):
        yield row("system-%d" % len(more), Pg(), "verify-failed", sslrootcert="system", only=18,
                  because="libpq 15 takes system for a file name", **more)
        yield row("system-file-%d" % len(more), Pg(), "verified", sslrootcert="system", only=18,
                  because="libpq 15 takes system for a file name", env={"SSL_CERT_FILE": "{root:good}"}, **more)
    yield row("system-requiressl", Nobody(), "weak-system", sslrootcert="system", env={"PGREQUIRESSL": "1"}, only=18,
              because="libpq 15 takes system for a file name")


ENV = {"sslmode": "PGSSLMODE", "channel_binding": "PGCHANNELBINDING", "gssencmode": "PGGSSENCMODE",
       "target_session_attrs": "PGTARGETSESSIONATTRS"}

STRINGS = {
    "host=x port": "no-equals", "host= x sslmode": "no-equals", "x y=z": "no-equals",
    "host='x": "no-quote", "host='x\\'": "no-quote", "password='a''b'": "no-equals", "host=x password='": "no-quote",
    "nosuch=1": "no-option", "ssl=true": "no-option", "Host=x": "no-option", "sslMode=require": "no-option",
    "=x": "no-option", "servicefile=x": "no-option", "tty=x authtype=y": "no-option", "ssl_mode=require": "no-option",
    "postgresql://[::1": "uri-bracket", "postgresql://[::1/db": "uri-bracket", "postgres://[abc": "uri-bracket",
    "postgresql://[]/db": "uri-empty6", "postgresql://[]:1/": "uri-empty6",
    "postgresql://[::1]x/db": "uri-char", "postgresql://[::1]5432": "uri-char", "postgresql://[1]]/": "uri-char",
    "postgresql:///?sslmode": "uri-noequals", "postgresql:///?a&b=c": "uri-noequals",
    "postgresql:///?sslmode=a=b": "uri-equals",
    "postgresql:///?sslmode==": "uri-equals", "postgresql:///%": "uri-percent", "postgresql:///%zz": "uri-percent",
    "postgresql://%4/": "uri-percent", "postgresql:///?host=%g1": "uri-percent", "postgresql:///a%00b": "uri-nul",
    "postgresql://u%00@h/": "uri-nul", "postgresql:///?dbname=%00": "uri-nul",
    "postgresql:///?nosuch=1": "uri-param", "postgresql:///?ssl=1": "uri-param", "postgresql:///?ssl=TRUE": "uri-param",
    "postgresql:///?Host=x": "uri-param", "postgres://h/db?sslmode=disable&tty=1": "uri-param",
    "postgresql://a:b:c@127.0.0.1:{port}/": "refused", "postgresql://h:x/": "bad-integer", "postgresql://h:99999/": "bad-port",
}
STRINGS_18 = {"postgresql://a b@h/": "uri-spaces", "postgresql://h/a b": "uri-spaces",
              "postgresql:///?host=a b": "uri-spaces"}


def strings():
    for i, (text, want) in enumerate(STRINGS.items()):
        yield row("string-%d" % i, Nobody(), want, text=text)
    for i, (text, want) in enumerate(STRINGS_18.items()):
        yield row("string18-%d" % i, Nobody(), want, text=text, only=18, because="reworked in 17")
    user = "user=anyuser dbname=postgres"
    good = ("host=127.0.0.1 port={port} " + user, "host = 127.0.0.1   port = '{port}' " + user,
            "postgresql://anyuser@127.0.0.1:{port}/postgres", "postgres://anyuser:x@127.0.0.1:{port}/postgres?",
            "postgresql://127.0.0.1:{port}/postgres?user=anyuser", "postgresql:///postgres?host=127.0.0.1&port={port}"
            "&user=anyuser", "postgresql://%61nyuser@127.0.0.1:{port}/postgres?application_name=a%20b",
            "host=h hostaddr=127.0.0.1 port={port} host=127.0.0.1 " + user,
            "postgresql://anyuser@h:{port}/postgres?hostaddr=127.0.0.1",
            "host=127.0.0.1 port={port} application_name='it''s' options='-c geqo=off' " + user,
            r"host=127.0.0.1 port={port} application_name=a\ b\\ " + user)
    for i, text in enumerate(good):
        bad = "''" in text
        yield row("string-good-%d" % i, Pg(cert=""), "no-equals" if bad else "plain", text=text)
    for value, want in (("true", "tls"),):
        yield row("uri-ssl-%s" % value, Pg(), want, text="postgresql://anyuser@127.0.0.1:{port}/postgres?ssl=" + value)


def service(content, mode=0o644):
    return [("{home}/.pg_service.conf", content, mode)]


GOOD = "[good]\nhost=127.0.0.1\nport={port}\nuser=anyuser\ndbname=postgres\n"


def services():
    gone = dict(host=None, hostaddr=None, port=None, user=None, dbname=None)
    for name, content, want in (
            ("good", GOOD + "sslmode=require\n", "tls"), ("disable", GOOD + "sslmode=disable\n", "plain"),
            ("comment", "# x\n\n  [good]  \n" + GOOD[7:], "plain"), ("blanks", GOOD.replace("=", " = "), "service-syntax"),
            ("noequals", GOOD + "sslmode\n", "service-syntax"), ("unknown", GOOD + "nosuch=1\n", "service-syntax"),
            ("nested", GOOD + "service=other\n", "service-nested"), ("other", "[else]\nhost=x\n", "service-none"),
            ("empty", "", "service-none"), ("long", GOOD + "options=" + "x" * 1100 + "\n", "service-long"),
            ("twice", GOOD + "sslmode=disable\nsslmode=require\n", "plain"),
            ("second", "[x]\nnosuch=1\n" + GOOD, "plain"), ("case", "[Good]\nhost=x\n", "service-none"),
            ("badmode", GOOD + "sslmode=x\n", "bad-value")):
        server = Pg() if name == "good" else Pg(cert="")
        yield row("service-%s" % name, server, want, service="good", files=service(content), **gone)
        yield row("service-env-%s" % name, server, want, env={"PGSERVICE": "good"}, files=service(content), **gone)
        if want.startswith("service"):
            yield row("service-uri-%s" % name, server, want, text="postgresql:///?service=good",
                      files=service(content))
    yield row("service-wins", Pg(), "plain", service="good", env={"PGSSLMODE": "require"},
              files=service(GOOD + "sslmode=disable\n"), **gone)
    yield row("service-loses", Pg(), "tls", service="good", sslmode="require",
              files=service(GOOD + "sslmode=disable\n"), **gone)
    for mode in ("none", "named"):
        env = {"PGSERVICEFILE": "{home}/nowhere.conf"} if mode == "named" else {}
        yield row("service-nofile-%s" % mode, Nobody(), "service-nofile" if env else "service-none", service="good",
                  env=env, **gone)
    yield row("service-file-named", Pg(cert=""), "plain", service="good", env={"PGSERVICEFILE": "{home}/s.conf"},
              files=[("{home}/s.conf", GOOD, 0o644)], **gone)
    yield row("service-sysconf", Pg(cert=""), "plain", service="good", env={"PGSYSCONFDIR": "{home}/etc"},
              files=[("{home}/etc/pg_service.conf", GOOD, 0o644)], **gone)


def passfiles():
    def passfile(line, mode=0o600):
        return [("{home}/.pgpass", line + "\n", mode)]
    host = "db1.*"  # not a pattern: * is only one as a whole field
    lines = (
        ("right", "{host}:{port}:postgres:scramuser:secret", "tls"), ("star", "*:*:*:*:secret", "tls"),
        ("wrong", "*:*:*:*:wrong", ("server", "from-file")), ("otherhost", "elsewhere:*:*:*:secret", "no-password"),
        ("glob", host + ":*:*:*:secret", "no-password"), ("address", "127.0.0.1:*:*:*:secret", "no-password"),
        ("otherport", "*:1:*:*:secret", "no-password"), ("otherdb", "*:*:template1:*:secret", "no-password"),
        ("otheruser", "*:*:*:anyuser:secret", "no-password"), ("first", "*:*:*:*:wrong\n*:*:*:*:secret",
                                                               ("server", "from-file")),
        ("second", "x:*:*:*:wrong\n*:*:*:*:secret", "tls"), ("comment", "# *:*:*:*:wrong\n*:*:*:*:secret", "tls"),
        ("escaped", "*:*:*:*:sec\\ret", "tls"), ("empty", "*:*:*:*:", "no-password"), ("short", "*:*:*:secret",
                                                                                     "no-password"),
        ("more", "*:*:*:*:secret:more", "tls"), ("cr", "*:*:*:*:secret\r", "tls"),
        ("long", "#" + "x" * 2000 + "\n*:*:*:*:secret", "tls"))
    for name, line, want in lines:
        yield row("passfile-%s" % name, Pg(hba="mixed"), want, sslmode="require", user="scramuser",
                  files=passfile(line))
    for mode in (0o644, 0o640, 0o400):
        yield row("passfile-mode-%o" % mode, Pg(hba="mixed"), "tls" if mode == 0o400 else "no-password",
                  sslmode="require", user="scramuser", files=passfile("*:*:*:*:secret", mode))
    yield row("passfile-named", Pg(hba="mixed"), "tls", sslmode="require", user="scramuser", passfile="{home}/p",
              files=[("{home}/p", "*:*:*:*:secret\n", 0o600)])
    yield row("passfile-env", Pg(hba="mixed"), "tls", sslmode="require", user="scramuser",
              env={"PGPASSFILE": "{home}/p"}, files=[("{home}/p", "*:*:*:*:secret\n", 0o600)])
    yield row("passfile-loses", Pg(hba="mixed"), "tls", sslmode="require", user="scramuser",
              env={"PGPASSWORD": "secret"}, files=passfile("*:*:*:*:wrong"))
    yield row("passfile-directory", Pg(hba="mixed"), "no-password", sslmode="require", user="scramuser",
              passfile="{home}")
    yield row("passfile-hostaddr", Pg(hba="mixed"), "tls", sslmode="require", user="scramuser", host=None,
              files=passfile("127.0.0.1:*:*:*:secret"))
    yield row("passfile-socket", Pg(hba="mixed"), "plain", user="scramuser", host="{socket:15}", hostaddr=None,
              files=passfile("{socket:15}:*:*:*:secret"))
    yield row("password-env", Pg(hba="mixed"), "tls", sslmode="require", user="scramuser",
              env={"PGPASSWORD": "secret"})


def environment():
    for mode, want in (("disable", "plain"), ("allow", "plain"), ("prefer", "verified"), ("require", "verified"),
                       ("verify-ca", "verified"), ("verify-full", "verified")):
        env = {"PGSSLMODE": mode, "PGSSLROOTCERT": "{root:good}"}
        yield row("env-mode-%s" % mode, Pg(), want, env=env)
        yield row("env-loses-%s" % mode, Pg(), "plain", env=env, sslmode="disable")
        yield row("env-wrongroot-%s" % mode, Pg(), "plain" if mode in ("disable", "allow", "prefer")
                  else "verify-failed", env=dict(env, PGSSLROOTCERT="{root:other}"))
        home = [("{home}/.postgresql/root.crt", "{roottext:other}", 0o644)]
        yield row("home-wrongroot-%s" % mode, Pg(), "plain" if mode in ("disable", "allow", "prefer")
                  else "verify-failed", sslmode=mode, files=home)
        yield row("home-emptyroot-%s" % mode, Pg(), "plain" if mode in ("disable", "allow", "prefer")
                  else "verify-failed", sslmode=mode, env={"PGSSLROOTCERT": ""}, files=home)
    for value, want in (("1", "tls"), ("0", "plain"), ("yes", "plain"), ("", "plain")):
        yield row("env-requiressl-%s" % value, Pg(cert="good" if want == "tls" else ""), want,
                  env={"PGREQUIRESSL": value})
        yield row("requiressl-%s" % value, Pg(cert="" if want == "plain" else "good"), want, requiressl=value)
    yield row("requiressl-order", Pg(cert=""), "plain", sslmode="require", requiressl="0")
    yield row("requiressl-env-loses", Pg(cert=""), "plain", env={"PGREQUIRESSL": "1", "PGSSLMODE": "prefer"})
    everything = {"PGHOST": "{host}", "PGHOSTADDR": "127.0.0.1", "PGPORT": "{port}", "PGUSER": "scramuser",
                  "PGDATABASE": "postgres", "PGPASSWORD": "secret", "PGSSLMODE": "verify-full",
                  "PGSSLROOTCERT": "{root:good}", "PGCONNECT_TIMEOUT": "20", "PGAPPNAME": "x",
                  "PGOPTIONS": "-c geqo=off", "PGCHANNELBINDING": "require", "PGCLIENTENCODING": "UTF8",
                  "PGTZ": "UTC", "PGDATESTYLE": "ISO", "PGGEQO": "on", "PGSSLSNI": "0"}
    yield row("env-everything", Pg(hba="mixed"), "verified", text="", env=everything)
    for name, value, want in (("PGPORT", "{closed}", "refused"), ("PGUSER", "stranger", "server"),
                              ("PGDATABASE", "nowhere", "server"), ("PGPASSWORD", "wrong", "server"),
                              ("PGSSLROOTCERT", "{root:other}", "verify-failed"), ("PGOPTIONS", "-c x=", "server"),
                              ("PGTZ", "Nowhere/Land", "server"), ("PGCLIENTENCODING", "nonsense", "server"),
                              ("PGHOST", "elsewhere.test", "name"), ("PGDATESTYLE", "nonsense", "server"),
                              ("PGSSLCRL", "{crl:leafrevoked}", "verify-failed"),
                              ("PGSSLCRLDIR", "{crldir:missing}", "verify-failed"),
                              ("PGSSLCERT", "{cert:cert-text}", "cert-read"),
                              ("PGSSLMINPROTOCOLVERSION", "x", "bad-version"),
                              ("PGCONNECT_TIMEOUT", "x", "bad-integer")):
        yield row("env-%s" % name, Pg(hba="mixed"), want, text="", env=dict(everything, **{name: value}))


def rows():
    yield from values()
    yield from strings()
    yield from services()
    yield from passfiles()
    yield from environment()
