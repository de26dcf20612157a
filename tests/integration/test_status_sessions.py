# SPDX-License-Identifier: PostgreSQL
"""pgseal status --sessions, --watch and --log on real servers: who would break if plaintext were refused."""
import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import time

import pytest

import cluster as cluster_module
import installs
import referee
from cluster import Cluster
from pooler import Bouncer
from terminal import Terminal

HBA = """host all nossluser 127.0.0.1/32 reject
hostssl all ssluser 127.0.0.1/32 trust
host all badpw 127.0.0.1/32 scram-sha-256
host all anyuser,postgres,pwuser,lowuser,\"odd database=x\" 127.0.0.1/32 trust
hostssl replication postgres 127.0.0.1/32 trust
host replication anyuser 127.0.0.1/32 trust
"""
PREFIXES = {
    "default": "%m [%p] ",
    "debian": "%m [%p] %q%u@%d ",
    "rds": "%t:%r:%u@%d:[%p]:",
    "pgbadger": "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ",
    "session": "<%t %c %u %h>",
}


class Server:
    """A server of its own, whose log can be anything, and clients of it."""

    def __init__(self, major, directory, pki, conf=""):
        install = installs.find(major)
        if install is None:
            pytest.skip(installs.missing(major))
        self.major, self.conf = major, conf
        self.cluster = Cluster(install, directory)
        self.files = [(path, name) for path, name in zip(pki.server("good")[:2], ("server.crt", "server.key"))]

    def start(self):
        conf = cluster_module.CONF
        cluster_module.CONF = conf.replace("max_wal_senders = 0", "max_wal_senders = 4").replace(
            "wal_level = minimal", "wal_level = replica") + self.conf
        try:
            self.cluster.start()
        finally:
            cluster_module.CONF = conf
        for sql in ("create role lowuser login", "alter role anyuser replication",
                    'create role "odd database=x" login', 'create database "a database=b"'):
            self.cluster.sql(sql)
        return self

    def configure(self, **more):
        settings = dict(ssl="on", ssl_cert_file="server.crt", ssl_key_file="server.key", log_disconnections="on")
        settings.update(more)
        self.cluster.configure(HBA, settings, self.files)

    def words(self, **given):
        words = dict(host="127.0.0.1", port=self.cluster.port, dbname="postgres", sslmode="disable")
        words.update(given)
        return " ".join("%s='%s'" % (k, v) for k, v in words.items())

    def psql(self, sql="select 1", **given):
        return subprocess.run(["psql", "-X", "-w", "-At", self.words(**given), "-c", sql], capture_output=True,
                              text=True, timeout=20, env=referee.environment("/nonexistent"))

    @contextlib.contextmanager
    def session(self, **given):
        """A session that stays while the block runs."""
        p = subprocess.Popen(["psql", "-X", "-w", "-At", self.words(**given)], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, text=True, env=referee.environment("/nonexistent"))
        p.stdin.write("IDENTIFY_SYSTEM;\n" if "replication" in given else "select 'there';\n")
        p.stdin.flush()
        assert p.stdout.readline() != ""
        try:
            yield p
        finally:
            p.stdin.close()
            p.wait(10)
            p.stdout.close()


@pytest.fixture(scope="module")
def servers(workdir, pki):
    running = {}

    def get(major):
        if major not in running:
            running[major] = Server(major, os.path.join(workdir, "status%d" % major), pki).start()
        return running[major]

    yield get
    for server in running.values():
        server.cluster.stop()


@pytest.fixture(params=[15, 18])
def server(request, servers):
    server = servers(request.param)
    server.configure()
    return server


@pytest.fixture
def pgseal(program, tmp_path):
    def run(*args, status=0, stdin=None, **kw):
        done = subprocess.run([program, "status", *args], capture_output=True, timeout=25, input=stdin,
                              stdin=subprocess.DEVNULL if stdin is None else None,
                              env=referee.environment(str(tmp_path)), cwd=tmp_path, **kw)
        out, err = done.stdout.decode(), done.stderr.decode()
        assert done.returncode == status, (done.returncode, out, err)
        return out, err
    return run


def clients(facts):
    """{"user@database application": client}."""
    return {"%s@%s %s" % (c["user"], c["database"] or "", c["application"] or ""): c for c in facts["clients"]}


# ---- --sessions ----

def test_sessions_of_everybody(server, pgseal):
    with server.session(user="anyuser", application_name="gunicorn"), \
            server.session(user="anyuser", application_name="web", sslmode="require"), \
            server.session(user="postgres", host=server.cluster.dir, application_name="cron"):
        out, err = pgseal("--sessions", server.words(user="postgres"), status=1)
        facts = json.loads(pgseal("--sessions", "--json", server.words(user="postgres"), status=1)[0])
    assert err == ""
    assert out.startswith("1 client would break if plaintext were refused\n\nWould break\n"), out
    assert re.search(r"^  anyuser +postgres +127\.0\.0\.1 +gunicorn +1$", out, re.M), out
    assert re.search(r"^ +\d+ +anyuser +postgres +127\.0\.0\.1 +web +TLSv1\.3 +TLS_AES_256_GCM_SHA384 +2\d{3}-.* UTC$",
                     out, re.M), out
    assert re.search(r"^ +\d+ +postgres +postgres +\[local\] +cron +local ", out, re.M), out
    assert "3 sessions besides this one: 1 TLS, 1 plaintext, 1 on Unix sockets" in out
    assert "proves nothing" in out and "--watch" in out and "--log" in out
    found = clients(facts)
    assert facts["would_break"] == 1 and len(facts["sessions"]) == 3 and facts["sees_all"]
    assert found["anyuser@postgres gunicorn"]["fate"] == "breaks"
    assert found["anyuser@postgres web"]["fate"] == "fine"
    assert found["anyuser@postgres web"]["cipher"] == "TLS_AES_256_GCM_SHA384"
    assert found["postgres@postgres cron"]["fate"] == "local"
    assert [f["id"] for f in facts["findings"]] == ["STATUS_CANDIDATES"]


def test_sessions_when_all_are_encrypted(server, pgseal):
    with server.session(user="anyuser", sslmode="require"):
        out, _ = pgseal("--sessions", server.words(user="postgres"))
    assert out.startswith("no client was seen that would break if plaintext were refused\n")


def test_sessions_without_background_workers(server, pgseal):
    facts = json.loads(pgseal("--sessions", "--json", server.words(user="postgres"))[0])
    assert facts["sessions"] == [] and facts["clients"] == []
    assert int(server.cluster.sql("select count(*) from pg_stat_activity")) > 3


def test_sessions_of_replication_are_separate(server, pgseal):
    standby = dict(replication="true", application_name="standby")
    with server.session(user="anyuser", **standby), server.session(user="postgres", sslmode="require", **standby):
        facts = json.loads(pgseal("--sessions", "--json", server.words(user="postgres"), status=1)[0])
        out, _ = pgseal("--sessions", server.words(user="postgres"), status=1)
        low, _ = pgseal("--sessions", server.words(user="lowuser", sslmode="require"), status=1)
    assert out.startswith("1 client would break")
    assert re.search(r"^Replication clients\n.*\n.*\(replication\).*standby", out, re.M), out
    assert "\nSessions\n" not in out
    assert clients(facts)["anyuser@ standby"]["replication"] is True
    assert len(facts["sessions"]) == 2
    assert "2 sessions are hidden from this role" in low


def test_role_without_rights_sees_its_own(server, pgseal):
    with server.session(user="anyuser", application_name="a"), \
            server.session(user="pwuser", application_name="b"), \
            server.session(user="lowuser", application_name="mine", sslmode="require"):
        words = server.words(user="lowuser", sslmode="require")
        out, _ = pgseal("--sessions", words, status=1)
        assert out.startswith("no client was seen that would break if plaintext were refused; "
                              "2 sessions are hidden from this role\n")
        assert 'Role "lowuser" sees only its own 1 session of 3.' in re.sub(r"\s+", " ", out)
        assert "GRANT pg_read_all_stats TO \"lowuser\";" in out
        assert "STATUS_PARTIAL_VIEW" in out
        grant = re.search(r"GRANT .*;", out).group()
        server.cluster.sql(grant)
        try:
            out, _ = pgseal("--sessions", words, status=1)
        finally:
            server.cluster.sql("revoke pg_read_all_stats from lowuser")
    assert out.startswith("2 clients would break if plaintext were refused\n") and "PARTIAL" not in out


def test_sessions_no_connection(pgseal):
    _, err = pgseal("--sessions", "host=127.0.0.1 port=1 sslmode=disable user=x", status=3)
    assert "connection to server at" in err and "code: CONNECT" in err


def test_names_of_others_do_not_command_the_terminal(server, pgseal):
    server.cluster.sql('create role "\x1b]0;evil\x07\u202e" login')
    try:
        with server.session(user="postgres", host=server.cluster.dir):
            pass
        hba = HBA + "host all all 127.0.0.1/32 trust\n"
        server.cluster.configure(hba, dict(ssl="on", ssl_cert_file="server.crt", ssl_key_file="server.key"),
                                 server.files)
        with server.session(user="\x1b]0;evil\x07\u202e"):
            out, _ = pgseal("--sessions", server.words(user="postgres"), status=1)
            facts = pgseal("--sessions", "--json", server.words(user="postgres"), status=1)[0]
    finally:
        server.cluster.sql('drop role "\x1b]0;evil\x07\u202e"')
    assert "\\x1b]0;evil\\x07\\xe2\\x80\\xae" in out
    assert not set(out + facts) & {"\x1b", "\x07", "\u202e"}


def test_sessions_behind_a_pooler(servers, pgseal, workdir):
    """Its clients are its own; ours is told apart by the server's number of the session."""
    server = servers(15)
    server.configure()
    bouncer = Bouncer(os.path.join(workdir, "status-bouncer")).start(
        server.words(sslmode="require").replace("sslmode='require'", "").replace("'", ""), {"pool_mode": "transaction"})
    try:
        words = "host=127.0.0.1 port=%d user=anyuser dbname=%%s sslmode=disable" % bouncer.port
        facts = json.loads(pgseal("--sessions", "--json", words % "postgres")[0])
        assert "a pooler" in facts["note"] and facts["sessions"] == []
        _, err = pgseal("--watch", "5", words % "pgbouncer", status=3)
        assert "invalid command" in err and "administration console of a pooler" in err
    finally:
        bouncer.stop()
    facts = json.loads(pgseal("--sessions", "--json", server.words(user="postgres"))[0])
    assert facts["note"] is None


@pytest.mark.parametrize("columns", [80, 120])
def test_sessions_fit_a_terminal(server, program, tmp_path, columns):
    server.cluster.sql('create role "a role with a name of nearly sixty-three letters in it" login')
    hba = HBA + "host all all 127.0.0.1/32 trust\n"
    server.cluster.configure(hba, dict(ssl="on", ssl_cert_file="server.crt", ssl_key_file="server.key"), server.files)
    try:
        with server.session(user="a role with a name of nearly sixty-three letters in it",
                            application_name="gunicorn: worker [shop-production-eu-west-1] 17"), \
                Terminal([program, "status", "--sessions", server.words(user="postgres")],
                         referee.environment(str(tmp_path)), columns=columns) as t:
            assert t.end() == 1
    finally:
        server.cluster.sql('drop role "a role with a name of nearly sixty-three letters in it"')
    lines = t.seen.split("\n")
    assert max(map(len, lines)) <= columns, t.seen
    rows = [line for line in lines if " a role with" in line and "seen:" not in line]
    assert len(rows) == 2 and any("PLAINTEXT" in row for row in rows) and any("127.0.0.1" in row for row in rows)


def test_sql_of_older_versions_is_sql(server, program):
    """Each version's question at least runs here; what it answers on 9.5 to 14 was not seen by this test."""
    with open(program, "rb") as f:
        texts = re.findall(rb"begin read only; set local search_path = pg_catalog; "
                           rb"set local statement_timeout = '30s'; [^\0]*rollback", f.read())
    assert len(texts) == 4
    for text in texts:
        done = server.psql(text.decode(), user="postgres")
        assert done.returncode == 0 and "ERROR" not in done.stderr, (text, done.stderr)


# ---- --watch ----

def test_watch_sees_a_session_of_two_seconds(server, program, tmp_path):
    p = subprocess.Popen([program, "status", "--watch", "5", "--json", server.words(user="postgres")],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=referee.environment(str(tmp_path)))
    time.sleep(1)
    with server.session(user="anyuser", application_name="short"):
        time.sleep(2)
    with server.session(user="anyuser", application_name="short"):
        time.sleep(1.2)
    out, err = p.communicate(timeout=20)
    facts = json.loads(out)
    assert p.returncode == 1 and err == b""
    client = clients(facts)["anyuser@postgres short"]
    assert client["plaintext"] == 2 and 2 <= client["samples"] <= 5
    assert 5 <= facts["watch"]["samples"] <= 6 and facts["watch"]["connections_lost"] == 0
    assert client["first_seen"] < client["last_seen"]


def test_watch_says_what_it_missed(server, program, tmp_path):
    p = subprocess.Popen([program, "status", "--watch", "4", "--interval", "2", server.words(user="postgres")],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=referee.environment(str(tmp_path)))
    time.sleep(0.5)
    for _ in range(5):
        server.psql(user="anyuser", sslmode="require", application_name="blink")
    out, _ = p.communicate(timeout=20)
    text = re.sub(r"\s+", " ", out.decode())
    assert p.returncode == 1
    assert "STATUS_WATCH_GAPS" in text
    count = int(re.search(r"The server counts (\d+) sessions opened", text).group(1))
    assert count >= 5


def test_watch_ends_early_with_its_summary(server, program, tmp_path):
    for sig in (signal.SIGINT, signal.SIGTERM):
        with server.session(user="anyuser", application_name="there"):
            p = subprocess.Popen([program, "status", "--watch", "1h", server.words(user="postgres")],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 env=referee.environment(str(tmp_path)))
            time.sleep(1.5)
            p.send_signal(sig)
            out, err = p.communicate(timeout=10)
        assert p.returncode == 1
        assert out.startswith(b"1 client would break") and b" there " in out
        assert b"ended early" in err


def test_watch_survives_a_restart(server, program, tmp_path):
    with Terminal([program, "status", "--watch", "1h", server.words(user="postgres")],
                  referee.environment(str(tmp_path))) as t:
        with server.session(user="anyuser", application_name="before"):
            t.wait("sample 2")
        c = server.cluster
        c.process.send_signal(signal.SIGINT)
        c.process.wait(20)
        t.wait("the connection was lost after")
        log = os.open(c.log, os.O_WRONLY | os.O_APPEND)
        c.process = subprocess.Popen(c._command(c.install.program("postgres"), "-D", c.data),
                                     stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=c.env, cwd=c.dir)
        os.close(log)
        t.wait("connected again")
        with server.session(user="anyuser", application_name="behind"):
            t.wait("would break 2")
            t.process.send_signal(signal.SIGINT)
            t.wait("The connection was lost 1 time")
        assert t.end() == 1
    assert "2 clients would break if plaintext were refused" in t.seen
    assert re.search(r"anyuser.* before ", t.seen) and re.search(r"anyuser.* behind ", t.seen)


def test_watch_whose_server_stays_away_keeps_what_it_saw(servers, program, tmp_path, workdir, pki):
    server = Server(15, os.path.join(workdir, "status-gone"), pki).start()
    try:
        server.configure()
        with server.session(user="anyuser", application_name="there"):
            p = subprocess.Popen([program, "status", "--watch", "4", server.words(user="postgres")],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 env=referee.environment(str(tmp_path)))
            time.sleep(1.5)
        server.cluster.stop()
        out, err = p.communicate(timeout=20)
    finally:
        server.cluster.stop()
    assert p.returncode == 1 and out.startswith(b"1 client would break")
    assert b"the connection was lost after" in err and b"did not come back" in err


def test_watch_does_not_wait_for_a_frozen_server(server, program, tmp_path):
    """As behind a network that is gone: nothing answers, nothing is refused."""
    p = subprocess.Popen([program, "status", "--watch", "3", server.words(user="postgres")], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, env=referee.environment(str(tmp_path)))
    time.sleep(1.5)
    pid = int(server.cluster.sql("select pid from pg_stat_activity where application_name = 'pgseal'"))
    os.kill(pid, signal.SIGSTOP)
    try:
        start = time.monotonic()
        out, err = p.communicate(timeout=20)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert time.monotonic() - start < 8
    assert p.returncode == 1 and out.startswith(b"no client was seen") and b"the server does not answer" in err
    assert b"STATUS_WATCH_GAPS" in out


# ---- --log ----

def traffic(server):
    """Logins of every kind; what a log of them has to say."""
    server.psql(user="anyuser", application_name="plain app")
    server.psql(user="anyuser", application_name="plain app")
    server.psql(user="anyuser", sslmode="require", application_name="web")
    server.psql(user="odd database=x", dbname="a database=b", application_name="odd")
    server.psql(user="postgres", host=server.cluster.dir)
    server.psql(user="ssluser")                                     # refused: no encryption
    server.psql(user="nossluser", sslmode="require")                # refused, encrypted
    server.psql(user="nossluser")                                   # and not encrypted
    server.psql(user="badpw", sslmode="require", password="wrong")
    server.psql(user="anyuser", dbname="nosuchdb")                  # authorized, then it never was
    server.psql("IDENTIFY_SYSTEM", user="anyuser", replication="true", application_name="standby")
    server.psql("IDENTIFY_SYSTEM", user="postgres", replication="true", sslmode="require")


def judge(facts, names_exact):
    found = clients(facts)
    odd = found.get("odd database=x@a database=b odd")
    assert found["anyuser@postgres plain app"]["fate"] == "breaks"
    assert found["anyuser@postgres plain app"]["plaintext"] == 2
    assert found["anyuser@postgres plain app"]["address"] == "127.0.0.1"
    assert found["anyuser@postgres web"]["fate"] == "fine" and found["anyuser@postgres web"]["tls"] == 1
    assert found["anyuser@postgres web"]["tls_version"] == "TLSv1.3"
    assert found["ssluser@postgres "]["fate"] == "refused" and found["ssluser@postgres "]["refused"] == 1
    assert found["nossluser@postgres "]["fate"] == "fine"
    assert found["nossluser@postgres "]["refused_encrypted"] == 1
    assert found["anyuser@ standby"]["replication"] and found["anyuser@ standby"]["fate"] == "breaks"
    assert found["postgres@ psql"]["replication"] and found["postgres@ psql"]["fate"] == "fine"
    assert found["postgres@postgres psql"]["fate"] == "local"
    assert not any("nosuchdb" in name for name in found)
    if names_exact:
        assert odd["fate"] == "breaks"
    assert facts["would_break"] == 3 and facts["may_break"] == 0
    assert facts["log"]["failed"] >= 2 and facts["log"]["refused"] == 2
    assert sorted(f["id"] for f in facts["findings"]) == ["STATUS_CANDIDATES", "STATUS_REFUSED"]


@pytest.mark.parametrize("shape", PREFIXES)
def test_log_with_prefix(server, pgseal, tmp_path, shape):
    server.configure(log_line_prefix=PREFIXES[shape])
    mark = server.cluster.log_size()
    traffic(server)
    log = server.cluster.read_log(mark)
    assert "authorized" in log
    (tmp_path / "a.log").write_text(log)
    facts = json.loads(pgseal("--log", "a.log", "--json", status=1)[0])
    judge(facts, shape in ("debian", "rds"))
    out, err = pgseal("--log", "-", status=1, stdin=log.encode())
    assert out.startswith("3 clients would break if plaintext were refused\n") and err == ""
    assert re.search(r"^  anyuser +\(replication\) +127\.0\.0\.1 +standby +1 ", out, re.M), out
    assert re.search(r"^Refused in plaintext already\n.*\n  ssluser +postgres +127\.0\.0\.1 +1 ", out, re.M), out


@pytest.fixture(scope="module")
def collectors(workdir, pki):
    """Servers with a log collector: columns are written to files alone."""
    running = {}

    def get(major):
        if major not in running:
            running[major] = Server(major, os.path.join(workdir, "collector%d" % major), pki,
                                    "logging_collector = on\nlog_filename = 'server.log'\n").start()
        return running[major]

    yield get
    for server in running.values():
        server.cluster.stop()


@pytest.mark.parametrize("major", [15, 18])
def test_log_in_columns(collectors, pgseal, tmp_path, major):
    server = collectors(major)
    server.configure(log_destination="stderr,csvlog,jsonlog", log_line_prefix="%m [%p] ")
    folder = pathlib.Path(server.cluster.data, "log")
    for name in ("server.log", "server.csv", "server.json"):
        os.truncate(folder / name, 0)
    traffic(server)
    server.psql("select 'a\nb\"c\n2026-11-23 17:21:48.694 UTC [1] LOG:  connection authorized: user=liar database=d'::int",
                user="anyuser", sslmode="require", application_name="web2")
    deadline = time.monotonic() + 10
    while "web2" not in (folder / "server.json").read_text() and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(0.3)
    for name in ("server.log", "server.csv", "server.json"):
        facts = json.loads(pgseal("--log", str(folder / name), "--json", status=1)[0])
        judge(facts, not name.endswith(".log"))
        assert not any("liar" in name for name in clients(facts))
        assert facts["log"]["records_too_long"] == 0


@pytest.mark.parametrize("what", ["all", "receipt,authorization", "authorization", "on"])
def test_log_of_18_in_parts(servers, pgseal, tmp_path, what):
    server = servers(18)
    server.configure(log_connections=what, log_line_prefix="%m [%p] ", log_disconnections="off")
    mark = server.cluster.log_size()
    server.psql(user="anyuser", application_name="plain")
    server.psql(user="anyuser", sslmode="require", application_name="web")
    log = server.cluster.read_log(mark)
    server.configure()
    (tmp_path / "a.log").write_text(log)
    facts = json.loads(pgseal("--log", "a.log", "--json", status=1)[0])
    found = clients(facts)
    assert found["anyuser@postgres web"]["fate"] == "fine"
    # "authorization" alone does not say from where, and nor does this prefix.
    assert found["anyuser@postgres plain"]["fate"] == ("may_break" if what == "authorization" else "breaks")


def test_log_of_several_files(pgseal, tmp_path):
    line = "2026-11-23 17:21:18 UTC:10.0.0.%d(36064):a@d:[973]:LOG:  connection authorized: user=a database=d\n"
    for i in range(3):
        (tmp_path / ("%d.log" % i)).write_text(line % i)
    out, _ = pgseal("--log", "0.log", "1.log", "2.log", status=1)
    assert out.startswith("3 clients would break")
    out, _ = pgseal("--log", "0.log", "--log", "1.log", status=1)
    assert out.startswith("2 clients would break")


def test_log_all_shows_the_others(pgseal, tmp_path):
    (tmp_path / "a.log").write_text(
        "2026-11-23 17:21:18 UTC:10.0.0.5(36064):a@d:[973]:LOG:  connection authorized: user=a database=d "
        "SSL enabled (protocol=TLSv1.3, cipher=X, bits=256)\n")
    assert "10.0.0.5" not in pgseal("--log", "a.log")[0]
    assert re.search(r"^All others\n.*\n  a +d +10\.0\.0\.5 +1 +TLSv1\.3 ", pgseal("--log", "a.log", "--all")[0], re.M)


@pytest.mark.parametrize("tool, unpack", [("gzip", "zcat"), ("bzip2", "bzcat"), ("xz", "xzcat")])
def test_log_that_is_compressed(program, pgseal, tmp_path, tool, unpack):
    (tmp_path / "my log").write_text("2026-11-23 17:21:18 UTC:10.0.0.5(1):a@d:[9]:LOG:  connection authorized: "
                                     "user=a database=d\n")
    packed = subprocess.run([tool, "-c", str(tmp_path / "my log")], capture_output=True, check=True).stdout
    (tmp_path / "my log").write_bytes(packed)
    out, err = pgseal("--log", "my log", status=3)
    assert out == "" and 'error: "my log" is compressed by %s\n' % tool in err
    command = re.search(r"^ +(%s .*)$" % unpack, err, re.M).group(1)
    done = subprocess.run(command.replace("pgseal", program), shell=True, capture_output=True, cwd=tmp_path, timeout=20)
    assert done.returncode == 1 and done.stdout.startswith(b"1 client would break")
    assert "is compressed by %s" % tool in pgseal("--log", "-", status=3, stdin=packed)[1]


def test_log_that_cannot_be_read(pgseal, tmp_path):
    assert 'could not open "none.log": No such file or directory' in pgseal("--log", "none.log", status=3)[1]
    (tmp_path / "folder").mkdir()
    assert 'could not read "folder": Is a directory' in pgseal("--log", "folder", status=3)[1]
    out, _ = pgseal("--log", "/dev/null", status=1)
    assert out.startswith("nothing can be said") and "STATUS_LOG_SILENT" in out


def test_log_names_are_escaped(pgseal, tmp_path):
    (tmp_path / "a.log").write_bytes(
        b"2026-11-23 17:21:18 UTC:10.0.0.5(36064):\x1b[31mred\xc2\x9b@d:[973]:LOG:  connection authorized: "
        b"user=\x1b[31mred\xc2\x9b database=\xff\xfe\xe2\x80\xae application_name=\x07\n")
    out, _ = pgseal("--log", "a.log", status=1)
    assert "\\x1b[31mred\\xc2\\x9b  \\xff\\xfe\\xe2\\x80\\xae  10.0.0.5  \\x07" in out
    facts = pgseal("--log", "a.log", "--json", status=1)[0]
    assert not set(out + facts) & {"\x1b", "\x07", "\x9b", "\u202e"}
    assert json.loads(facts)["clients"][0]["user"] == "\\x1b[31mred\\xc2\\x9b"


def test_log_of_any_size_needs_little_memory(unsanitized, tmp_path):
    """300 MB of statements with a login now and then, one line of 100 MB, through a pipe."""
    login = (b"2026-11-23 17:21:18 UTC:10.0.%d.%d(36064):a@d:[973]:LOG:  connection authorized: user=a database=d "
             b"application_name=app\n")
    chunk = b"2026-11-23 17:21:18 UTC:10.0.0.5(1):a@d:[9]:LOG:  statement: " + b"x" * 900 + b"\n"

    def limit():
        import resource
        resource.setrlimit(resource.RLIMIT_AS, (160 << 20, 160 << 20))

    p = subprocess.Popen([unsanitized, "status", "--log", "-", "--json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, env=referee.environment(str(tmp_path)), preexec_fn=limit)
    answer = {}
    reader = threading.Thread(target=lambda: answer.update(zip(("out", "err"), p.communicate())))
    block = chunk * 1000
    stdin, p.stdin = p.stdin, None
    reader.start()
    with stdin:
        for i in range(200):
            stdin.write(block)
            stdin.write(login % (i // 256, i % 256))
        stdin.write(b"2026-11-23 17:21:18 UTC:10.0.0.5(1):a@d:[9]:LOG:  statement: ")
        for _ in range(100):
            stdin.write(b"y" * 1000000)
        stdin.write(b"\n" + login % (9, 9))
    reader.join(25)
    facts = json.loads(answer["out"])
    assert answer["err"] == b"" and facts["would_break"] == 201
    assert facts["log"]["bytes"] > 290e6 and facts["log"]["records_too_long"] == 1


def test_log_progress_on_a_terminal(program, tmp_path):
    path = tmp_path / "big.log"
    with open(path, "wb") as f:
        f.write(b"2026-11-23 17:21:18 UTC:10.0.0.5(1):a@d:[9]:LOG:  connection authorized: user=a database=d\n" * 200000)
    with Terminal([program, "status", "--log", str(path)], referee.environment(str(tmp_path)), columns=80) as t:
        t.wait(" MB (")
        t.wait("1 client would break if plaintext were refused")
        assert t.end() == 1


# ---- usage ----

@pytest.mark.parametrize("args, said", [
    (["--log", "a", "--sessions"], "--log reads files; it does not go with --sessions or --watch"),
    (["--log", "a", "-h", "db"], "--log reads files: it needs no server to connect to"),
    (["--watch", "0"], '--watch: "0" is no time: 60 (seconds), 0.5, 10m, 8h'),
    (["--watch", "-1"], '--watch: "-1" is no time'),
    (["--watch", "1e9h"], '--watch: "1e9h" is no time'),
    (["--watch", "soon"], '--watch: "soon" is no time'),
    (["--interval", "1"], "--interval is the time between two samples of --watch"),
    (["--log"], "log"),
])
def test_usage(pgseal, args, said):
    out, err = pgseal(*args, status=2)
    assert out == "" and said in err
