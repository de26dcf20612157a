# SPDX-License-Identifier: PostgreSQL
"""A parity row: one conninfo, environment and server for psql 15, libpq 18 and pgseal; and how it is judged."""
import dataclasses
import json
import os
import re

import differences
import messages
import referee
from fake_server import Behaviour
from pki import HOST

SUCCESS = {"plain": "f", "tls": "t", "verified": "t"}
BASE = {"host": HOST, "hostaddr": "127.0.0.1", "port": "{port}", "user": "anyuser", "dbname": "postgres"}


@dataclasses.dataclass(frozen=True)
class Pg:
    """A real server: version, certificate (row of pki.LEAVES, "" = ssl off), pg_hba.conf, further settings."""
    major: int = 15
    cert: str = "good"
    hba: str = "trust"
    client_ca: str = ""
    settings: tuple = ()


@dataclasses.dataclass(frozen=True)
class Nobody:
    """No server: a port where nobody listens."""


@dataclasses.dataclass
class Row:
    name: str
    server: object
    want: tuple          # keys of messages.MESSAGES, or one of SUCCESS; all must be in the referee's text
    text: str            # the conninfo, with {placeholders}
    env: dict
    only: int = 0        # 15 or 18: the other referee cannot judge this row
    because: str = ""    # why
    cls: str = ""        # class of outcome, if not that of want[-1]
    files: tuple = ()    # (path with placeholders, content, mode), written before

    @property
    def outcome_class(self):
        return self.cls or (self.want[-1] if self.want[-1] in SUCCESS else messages.MESSAGES[self.want[-1]][0])


def words(**given):
    """A conninfo from BASE and these: None takes a word away; root, crl, crldir, client name test files."""
    merged = dict(BASE)
    for name, value in given.items():
        if name == "root":
            merged["sslrootcert"] = "{root:%s}" % value
        elif name == "crl":
            merged["sslcrl"] = "{crl:%s}" % value
        elif name == "crldir":
            merged["sslcrldir"] = "{crldir:%s}" % value
        elif name == "client":
            merged["sslcert"], merged["sslkey"] = "{cert:%s}" % value, "{key:%s}" % value
        else:
            merged[name] = value
    return " ".join("%s=%s" % (k, quote(str(v))) for k, v in merged.items() if v is not None)


def quote(value):
    if value and not re.search(r"[\s'\\]", value):
        return value
    return "'%s'" % value.replace("\\", "\\\\").replace("'", "\\'")


def row(name, server, want, text=None, env=None, only=0, because="", cls="", files=(), **given):
    want = want if isinstance(want, tuple) else (want,)
    assert bool(only) == bool(because), name
    return Row(name, server, want, words(**given) if text is None else text, env or {}, only, because, cls,
               tuple(files))


HBA = {
    "trust": "host all all 127.0.0.1/32 trust\nlocal all all trust\n",
    "mixed": "hostssl all ssluser 127.0.0.1/32 trust\nhostnossl all nossluser 127.0.0.1/32 trust\n"
             "host all anyuser 127.0.0.1/32 trust\nhost all scramuser,badpw,nopw 127.0.0.1/32 scram-sha-256\n"
             "host all md5user 127.0.0.1/32 md5\nhost all pwuser 127.0.0.1/32 password\n"
             "host all nouser 127.0.0.1/32 reject\nlocal all anyuser trust\nlocal all scramuser scram-sha-256\n",
    "cert": "hostssl all certuser 127.0.0.1/32 cert\n"
            "hostssl all anyuser 127.0.0.1/32 trust clientcert=verify-ca\n"
            "hostssl all scramuser 127.0.0.1/32 scram-sha-256 clientcert=verify-full\n"
            "host all ssluser 127.0.0.1/32 trust\n",
}


class World:
    """What rows need while a test session lasts: servers, files, programs."""

    def __init__(self, clusters, fake, pki, files, workdir):
        self.clusters, self.fake, self.pki, self.files = clusters, fake, pki, files
        self.dir = os.path.join(workdir, "rows")
        os.makedirs(self.dir, exist_ok=True)
        self.count = 0
        self.closed_port = self._closed_port()

    _held = []  # sockets of all worlds of this process

    @staticmethod
    def _closed_port():
        """A port that is bound but does not listen, for as long as this process lives."""
        import socket
        World._held.append(socket.socket())
        World._held[-1].bind(("127.0.0.1", 0))
        return World._held[-1].getsockname()[1]

    def serve(self, server):
        """Makes that server ready; its port."""
        if isinstance(server, Nobody):
            return self.closed_port
        if isinstance(server, Behaviour):
            self.fake.behave(server)
            return self.fake.port
        cluster = self.clusters(server.major)
        settings, copies = {"ssl": "off"}, []
        if server.cert:
            cert, key = self.pki.server(server.cert)
            copies = [(cert, server.cert + ".crt"), (key, server.cert + ".key")]
            settings = {"ssl": "on", "ssl_cert_file": server.cert + ".crt", "ssl_key_file": server.cert + ".key"}
            if server.client_ca:
                ca = self.pki.write("ca-%s.pem" % server.client_ca, self.pki.pem(server.client_ca))
                crl = self.pki.write("ca-%s.crl" % server.client_ca, self.pki.crl(
                    server.client_ca, [self.pki.leaf("clientrevoked", True)]))
                copies += [(ca, "client_ca.pem"), (crl, "client_ca.crl")]
                settings.update(ssl_ca_file="client_ca.pem", ssl_crl_file="client_ca.crl")
        settings.update(server.settings)
        cluster.configure(HBA[server.hba], settings, copies)
        return cluster.port

    def fill(self, template, port, home):
        """Replaces the {placeholders} of a conninfo, an environment value or a file."""
        f = self.files

        def one(m):
            kind, _, name = m.group(1).partition(":")
            if kind == "root":
                return f.roots[name]
            if kind == "crl":
                return f.crls[name]
            if kind == "crldir":
                return f.crldirs[name]
            if kind in ("cert", "key"):
                return f.clients[name][kind == "key"]
            if kind.endswith("text"):
                with open(one(re.match(r"\{(.*)\}", "{%s:%s}" % (kind[:-4], name)))) as source:
                    return source.read()
            if kind == "socket":
                return self.clusters(int(name)).dir
            if kind == "pgport":
                return str(self.clusters(int(name)).port)
            return {"port": str(port), "home": home, "host": HOST, "closed": str(self.closed_port)}[kind]
        return re.sub(r"\{(\w+(?::[\w-]+)?)\}", one, template)

    def again(self, r):
        """The fake server forgets what it saw."""
        if isinstance(r.server, Behaviour):
            self.fake.behave(r.server)

    def events(self, r):
        """What the fake server saw, None from a real one."""
        return self.fake.settled() if isinstance(r.server, Behaviour) else None

    def prepare(self, r):
        """(conninfo, environment): the server is ready, the home directory of the row is new."""
        port = self.serve(r.server)
        self.count += 1
        home = os.path.join(self.dir, "home%d" % self.count)
        os.mkdir(home, 0o700)
        for path, content, mode in r.files:
            path = self.fill(path, port, home)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as f:
                f.write(self.fill(content, port, home))
            os.chmod(path, mode)
        env = {k: self.fill(v, port, home) for k, v in r.env.items()}
        return self.fill(r.text, port, home), referee.environment(home, env)


def seen(events):
    """What two clients must have in common of what the fake server saw: all, but for OpenSSL's words on our side,
    and what libpq still does before it looks at stuffed bytes."""
    kept = [e for e in events if not e.startswith("reason: ")]
    return kept[:kept.index("sslstuffed") + 1] if "sslstuffed" in kept else kept


def verdict(outcome):
    return "accepts" if outcome.status == 0 else "refuses" if outcome.status == 2 else "exit %d" % outcome.status


def session(outcome):
    """The driver's JSON as psql -At prints the query's row."""
    if not outcome.data:
        return ""
    line = json.loads(outcome.data)["rows"][0]
    return "|".join("" if v is None else v for v in line) + "\n"


def check_want(r, outcome):
    """The referee's outcome is the one the row was written for."""
    key = r.want[-1]
    if key in SUCCESS:
        assert outcome.status == 0, "the row expects success, the referee says:\n%s" % outcome.text
        return
    assert outcome.status == 2, "the row expects %s, the referee accepts" % (r.want,)
    for key in r.want:
        assert re.search(messages.pattern(key), outcome.text), \
            "the row expects %s, the referee says:\n%s" % (key, outcome.text)


def judge(r, conninfo, env, tools, world):
    """What libpq 18 says about the row on the OpenSSL pgseal runs with: an Outcome."""
    old = new = None
    if r.only != 18:
        old = referee.psql(tools.pg15, conninfo, env)
        old.text = differences.from_15(old.text)
    if r.only != 15 and tools.libpq18 is not None:
        world.again(r)
        new = referee.libpq(tools.driver, tools.libpq18, conninfo, env)
        new.data = session(new)
        new.events = world.events(r)
    if old and new:
        assert verdict(old) == verdict(new), "psql 15 %s, libpq 18 %s\n15: %s\n18: %s" % (
            verdict(old), verdict(new), old.text, new.text)
        assert old.text == new.text, "two referees, two texts\n15: %s\n18: %s" % (old.text, new.text)
        assert old.data == new.data
    judged = new or old
    check_want(r, judged)
    if r.want[-1] in SUCCESS:
        assert judged.data.startswith(SUCCESS[r.want[-1]] + "|"), judged.data
    return judged


def compare(r, judged, got):
    """pgseal's outcome beside the referee's: same verdict, same message, same facts, no warning of libpq lost."""
    assert not (got.status == 0 and judged.status != 0), \
        "WRONG ACCEPT: pgseal connects where libpq says\n%s\npgseal: %s" % (judged.text, got.data)
    if r.name in differences.STRICTER:
        assert judged.status == 0 and got.status == 2 and differences.STRICTER[r.name][0] in got.text, got.text
        return
    assert verdict(got) == verdict(judged), "WRONG REFUSAL: libpq %s, pgseal %s\nlibpq:  %s\npgseal: %s\n%s" % (
        verdict(judged), verdict(got), judged.text, got.text, got.noise)
    expected = differences.intended(r.name, judged.text)
    assert got.text == expected, "DIFFERENT TEXT\nlibpq:  %s\npgseal: %s" % (expected, got.text)
    assert got.data == judged.data, "DIFFERENT SESSION\nlibpq:  %s\npgseal: %s" % (judged.data, got.data)
    if judged.events is not None and not r.name.startswith(tuple(differences.WIRE)):
        assert seen(got.events) == seen(judged.events), "DIFFERENT ON THE WIRE\nlibpq:  %s\npgseal: %s" % (
            judged.events, got.events)
    for line in judged.noise.splitlines():
        said = line.partition("WARNING: ")[2].strip() or line
        said, _ = differences.WARNINGS.get(said, (said, ""))
        assert said in re.sub(r"\s+", " ", got.noise), "LOST WARNING\nlibpq:  %s\npgseal: %s" % (line, got.noise)
