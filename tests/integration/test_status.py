# SPDX-License-Identifier: PostgreSQL
"""pgseal status with real servers and nothing in between: facts, findings, refusal of plaintext, commands."""
import json
import os
import pwd
import re
import socket
import struct
import subprocess

import pytest

import installs
import parity
import referee
from cluster import Cluster, unprivileged
from pki import HOST

DATA = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "data")
ANYWHERE = "host all all all trust\n"          # what a server has that nobody looked after
FORCED = "hostssl all all all trust\n"         # what rds.force_ssl makes of it


@pytest.fixture(scope="module")
def world(clusters, fake, pki, files, workdir):
    return parity.World(clusters, fake, pki, files, workdir)


class Status:
    """serve() a server, then run status on it."""

    def __init__(self, program, world, home):
        self.program, self.world, self.home = program, world, home
        self.cluster = None

    def serve(self, major=15, hba=ANYWHERE, cert="good", files=(), **settings):
        """A server with these pg_hba.conf lines and settings."""
        self.cluster = self.world.clusters(major)
        chain, key = self.world.pki.server(cert)
        names = {"ssl": "on", "ssl_cert_file": cert + ".crt", "ssl_key_file": cert + ".key"}
        names.update({k.replace("__", "."): v for k, v in settings.items()})
        self.cluster.configure(hba, names, [(chain, cert + ".crt"), (key, cert + ".key"), *files])
        return self

    def words(self, **given):
        words = dict(host=HOST, hostaddr="127.0.0.1", port=self.cluster.port, user="anyuser", dbname="postgres",
                     sslmode="verify-full", sslrootcert=self.world.files.roots["good"])
        words.update(given)
        return " ".join("%s=%s" % (k, parity.quote(str(v))) for k, v in words.items() if v is not None)

    def text(self, *args, code=0, env=None, **given):
        done = subprocess.run([self.program, "status", *args, self.words(**given)], capture_output=True, text=True,
                              timeout=25, stdin=subprocess.DEVNULL, env=referee.environment(self.home, env))
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def json(self, *args, code=0, **given):
        facts = json.loads(self.text("--json", *args, code=code, **given))
        facts["ids"] = {f["id"] for f in facts["findings"]}
        facts["point"] = {p["point"]: p for p in facts["compared"]}
        return facts

    def sslinfo(self, there):
        self.cluster.sql("create extension if not exists sslinfo" if there else "drop extension if exists sslinfo")


@pytest.fixture
def status(program, world, tmp_path):
    return Status(program, world, str(tmp_path))


# ---- both ends ----

@pytest.mark.parametrize("major", [15, 18])
def test_both_ends_of_a_verified_connection(status, major):
    status.serve(major, hba=FORCED).sslinfo(False)
    facts = status.json(user="postgres")
    assert facts["verdict"] == "agree" and facts["says"].startswith("Both ends agree: TLSv1.3 with TLS_AES_256_GCM")
    assert "No sign of a middlebox" in facts["says"] and "PROOF" not in facts["says"]
    tls = facts["this_end"]["tls"]
    assert tls["version"] == "TLSv1.3" and tls["verified"]["name"] is True and tls["verified"]["root_file"]
    assert tls["alpn"] == ("postgresql" if major >= 17 else "")
    seen = facts["server_end"]["pg_stat_ssl"]
    assert (seen["encrypted"], seen["version"], seen["cipher"], seen["bits"]) == (
        True, tls["version"], tls["cipher"], tls["bits"])
    assert {p["point"] for p in facts["compared"] if p["match"] != "same"} == {"endpoint"}  # no name of a proxy
    assert facts["this_end"]["local"]["port"] == facts["server_end"]["client"]["port"]
    assert facts["plaintext"]["refused"] is True
    assert facts["ids"] == {"STATUS_NO_SSLINFO"}


@pytest.mark.parametrize("major", [15, 18])
def test_sslinfo_is_asked_where_it_is_and_never_made(status, major):
    status.serve(major)
    status.sslinfo(False)
    facts = status.json(code=0, user="anyuser", sslmode="verify-full")
    assert facts["server_end"]["sslinfo"] is None and facts["server_end"]["sslinfo_available"] is True
    assert "create extension sslinfo;" in [f for f in facts["findings"] if f["id"] == "STATUS_NO_SSLINFO"][0]["fix"]
    assert status.cluster.sql("select count(*) from pg_extension where extname = 'sslinfo'") == "0"
    status.sslinfo(True)
    facts = status.json()
    assert facts["server_end"]["sslinfo"]["version"] == "TLSv1.3" and "STATUS_NO_SSLINFO" not in facts["ids"]
    assert re.search(r"^  sslinfo +installed; it says the same as pg_stat_ssl$", status.text(), re.M)


def test_sslinfo_in_another_schema_and_impostors_before_it(status):
    status.serve().sslinfo(False)
    status.cluster.sql('create schema if not exists "Odd one"')
    status.cluster.sql('create extension sslinfo schema "Odd one"')
    status.cluster.sql('grant usage on schema "Odd one" to anyuser')
    status.cluster.sql("create function public.ssl_is_used() returns boolean language sql as 'select false'")
    status.cluster.sql("create function public.pg_backend_pid() returns int language sql as 'select 1'")
    status.cluster.sql("create view public.pg_stat_ssl as select 1 as pid, false as ssl")
    status.cluster.sql("alter role anyuser set search_path = public, pg_catalog")
    try:
        facts = status.json()
        assert facts["verdict"] == "agree" and facts["server_end"]["sslinfo"]["encrypted"] is True
    finally:
        status.cluster.sql("alter role anyuser reset search_path")
        status.cluster.sql("drop view public.pg_stat_ssl")
        status.cluster.sql("drop function public.pg_backend_pid(), public.ssl_is_used()")
        status.sslinfo(False)


@pytest.mark.parametrize("major", [15, 18])
def test_without_tls(status, major):
    status.serve(major)
    facts = status.json(code=1, sslmode="disable")
    assert facts["verdict"] == "agree" and facts["says"].startswith("Both ends agree: NOT ENCRYPTED")
    assert facts["this_end"]["tls"] is None and facts["server_end"]["pg_stat_ssl"]["encrypted"] is False
    assert "STATUS_PLAINTEXT" in facts["ids"]


def test_why_there_is_no_tls(status, files):
    def seen(**given):
        facts = status.json(code=1, **given)
        return [f["seen"] for f in facts["findings"] if f["id"] == "STATUS_PLAINTEXT"][0]

    status.serve()
    assert seen(sslmode="disable").endswith("It was asked for: sslmode=disable.")
    assert seen(sslmode="allow", sslrootcert=None).endswith("sslmode=allow takes plaintext first.")
    other = files.roots["other"]
    assert "TLS failed (" in seen(sslmode="prefer", sslrootcert=other) and "certificate verify failed" in seen(
        sslmode="prefer", sslrootcert=other)
    status.cluster.configure(ANYWHERE, {"ssl": "off"})
    assert "The server answered that it has no TLS" in seen(sslmode="prefer", sslrootcert=None)


def test_unix_socket(status):
    status.serve()
    facts = status.json(host=status.cluster.dir, hostaddr=None, user="postgres", code=1)
    assert facts["verdict"] == "agree" and "Unix socket" in facts["says"]
    assert facts["point"]["transport"]["this_end"] == facts["point"]["transport"]["server_end"] == "Unix socket"
    assert facts["ids"] - {"STATUS_NO_SSLINFO"} == {"STATUS_PLAINTEXT_ALLOWED"}  # others may come that way


@pytest.mark.parametrize("major", [15, 18])
def test_client_certificate_at_both_ends(status, major, files, pki):
    ca = pki.write("ca-clientroot.pem", pki.pem("clientroot"))
    status.serve(major, hba="hostssl all certuser all cert\n", files=[(ca, "client_ca.pem")],
                 ssl_ca_file="client_ca.pem")
    cert, key = files.clients["client"]
    facts = status.json(user="certuser", sslcert=cert, sslkey=key)
    assert facts["point"]["client_certificate"]["match"] == "same"
    assert "CN=certuser" in facts["server_end"]["pg_stat_ssl"]["client_dn"]
    assert facts["server_end"]["pg_stat_ssl"]["client_serial"] == str(pki.leaf("client", True).serial_number)
    assert facts["point"]["client_certificate"]["this_end"].startswith("CN=certuser")


def test_channel_binding_is_named_as_what_it_proves(status):
    status.serve(hba="hostssl all all all scram-sha-256\n")
    text = status.text(user="scramuser", password="secret")
    assert re.search(r"SCRAM-SHA-256-PLUS proves\s+that\s+TLS\s+ends\s+at\s+a\s+party\s+that\s+holds\s+the\s+secret"
                     r"\s+of\s+role\s+scramuser", text)
    text = status.text(user="scramuser", password="secret", channel_binding="disable")
    assert "PLUS" not in text.split("This end")[0] and "which\n                a proxy can pass on" in text


# ---- what was verified ----

def test_not_verified(status):
    status.serve(hba=FORCED)
    facts = status.json(code=1, sslmode="require", sslrootcert=None)
    assert "STATUS_UNVERIFIED" in facts["ids"] and "would look the same" in facts["says"]
    facts = status.json(code=1, sslmode="require", sslrootcert="/nonexist.pem")
    seen = [f["seen"] for f in facts["findings"] if f["id"] == "STATUS_UNVERIFIED"][0]
    assert seen.startswith('sslrootcert names "/nonexist.pem", which does not exist')
    assert status.json(code=1, sslmode="verify-ca")["ids"] >= {"STATUS_NAME_UNCHECKED"}


def test_static_rsa_is_found(status):
    status.serve(hba=FORCED, ssl_max_protocol_version="TLSv1.2", ssl_ciphers="AES256-GCM-SHA384")
    assert "STATUS_NO_FORWARD_SECRECY" in status.json(code=1)["ids"]
    status.serve(hba=FORCED, ssl_max_protocol_version="TLSv1.2", ssl_ciphers="ECDHE-RSA-AES256-GCM-SHA384")
    assert "STATUS_NO_FORWARD_SECRECY" not in status.json(code=0)["ids"]


def test_old_tls_is_found(status):
    status.serve(hba=FORCED, ssl_min_protocol_version="TLSv1")
    assert "STATUS_OLD_TLS" in status.json(code=1, user="postgres")["ids"]
    assert "STATUS_OLD_TLS" not in status.json(user="anyuser")["ids"]  # is not shown the setting


@pytest.mark.parametrize("major", [15, 18])
def test_certificate_replaced_and_not_reloaded(status, world, major):
    status.serve(major, hba=FORCED)
    new, _ = world.pki.server("sha384")
    assert status.json(user="postgres")["point"]["server_certificate"]["match"] == "same"
    try:
        status.cluster.install_file(new, "good.crt")
        facts = status.json(user="postgres", code=1)
        assert facts["point"]["server_certificate"]["match"] == "different" and facts["verdict"] == "agree"
        assert "STATUS_OTHER_CERT" in facts["ids"]
        # Who may not read files of the server is told nothing about them.
        assert status.json()["point"]["server_certificate"]["match"] == "not_compared"
    finally:
        status.cluster.install_file(world.pki.server("good")[0], "good.crt")


# ---- is plaintext refused? ----

def first_answer(port, user, replication=False):
    """The type of the server's first message to a startup without TLS: R = it was let in so far."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as s:
        body = struct.pack("!I", 196608) + ("user\0%s\0database\0postgres\0" % user).encode()
        body += b"replication\0true\0\0" if replication else b"\0"
        s.sendall(struct.pack("!I", len(body) + 4) + body)
        return s.recv(1).decode()


def hba_table():
    with open(os.path.join(DATA, "hba.tbl")) as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                yield [column.strip() for column in line.rstrip("\n").split(" |")]


class Primary(Cluster):
    """A server that standbys may connect to: replication is a word of its own in pg_hba.conf."""

    def _write(self, settings, hba):
        super()._write(dict(settings, max_wal_senders=4, wal_level="replica"), hba)


@pytest.fixture(params=[15, 18])
def primary(request, workdir):
    install = installs.find(request.param)
    if install is None:
        pytest.skip(installs.missing(request.param))
    cluster = Primary(install, os.path.join(workdir, "primary%d" % request.param)).start()
    yield cluster
    cluster.stop()


def offers_tls(cluster, hba, pki):
    chain, key = pki.server("good")
    cluster.configure(hba, {"ssl": "on", "ssl_cert_file": "good.crt", "ssl_key_file": "good.key"},
                      [(chain, "good.crt"), (key, "good.key")])


def test_rows_of_the_hba_table_on_a_real_server(status, primary):
    """The server's own view is read as the table has it, and the server does what the table says."""
    status.cluster = primary
    not_from_here = {"loopback_v6", "host_name", "reject_v4_only"}  # 127.0.0.1 is in none of their lines
    for name, rules, verdict, lines in hba_table():
        hba = "".join(re.sub(r"(\S+) (\S+) (\S+) (\S+) (\S+)$", _address, rule.strip()) + "\n"
                      for rule in rules.split(";") if rule.strip())
        if primary.install.major == 18 and "gssenc" in hba:
            continue  # that build has no GSSAPI: such a line is an error there
        offers_tls(primary, hba, status.world.pki)
        facts = status.json(host=status.cluster.dir, hostaddr=None, user="postgres",
                            code=1 if verdict == "accepted" else 0)
        assert facts["plaintext"]["refused"] is (verdict != "accepted"), name
        assert facts["plaintext"]["only_loopback"] is (verdict == "loopback"), name
        admitted = [line["line"] - 1 for line in facts["plaintext"]["admitted_by"]]  # line 1 is the superuser's
        assert " ".join(map(str, admitted)) == lines.replace("-", ""), name
        got = {first_answer(status.cluster.port, "anyuser"), first_answer(status.cluster.port, "anyuser", True)}
        if verdict == "refused":
            assert got == {"E"}, name
        elif name not in not_from_here:
            assert "R" in got, name


def _address(match):
    kind, database, user, address, method = match.groups()
    address = {"-": ""}.get(address, address.replace("/", " "))
    return " ".join([kind, database, user, address, method])


def test_role_that_may_not_read_the_rules(status):
    status.serve(hba=FORCED)
    facts = status.json()
    assert facts["plaintext"]["refused"] is None and "STATUS_REFUSAL_UNKNOWN" in facts["ids"]
    assert facts["plaintext"]["how"] == "Role anyuser may not read pg_hba_file_rules: a superuser may."
    fix = [f["fix"] for f in facts["findings"] if f["id"] == "STATUS_REFUSAL_UNKNOWN"][0]
    grants = [line.strip() for line in fix.split("\n") if line.startswith(" ")]
    try:
        for grant in grants:
            status.cluster.sql(grant)
        assert status.json()["plaintext"]["refused"] is True
    finally:
        for grant in grants:
            status.cluster.sql(grant.replace("grant", "revoke").replace(" to ", " from "))


@pytest.mark.parametrize("major", [15, 18])
def test_trying_says_what_happens(status, major):
    status.serve(major, hba=ANYWHERE)
    tried = status.json("--try-plaintext", code=1)["plaintext"]
    assert tried["refused"] is False and tried["tried"]["said"] == "it was let in, without a password"
    status.serve(major, hba="host all all all scram-sha-256\n")
    facts = status.json("--try-plaintext", code=1, user="scramuser", password="secret")
    assert facts["plaintext"]["tried"]["said"] == "it was asked for a password"
    assert facts["plaintext"]["refused"] is False and "STATUS_PLAINTEXT_ALLOWED" in facts["ids"]
    status.serve(major, hba="hostssl all all all scram-sha-256\n")
    facts = status.json("--try-plaintext", user="scramuser", password="secret")
    assert facts["plaintext"]["tried"]["refused"] is True and facts["plaintext"]["refused"] is None
    assert "no pg_hba.conf entry" in facts["plaintext"]["how"] and "no encryption" in facts["plaintext"]["how"]


def test_trying_never_sends_a_password(status, fake):
    """Whatever the environment holds: the second login is answered with nothing but role and database."""
    status.serve(hba="host all all all password\n")
    log = os.path.join(status.home, "passwords")
    with open(log, "w") as f:
        f.write("*:*:*:*:secret\n")
    os.chmod(log, 0o600)
    mark = status.cluster.log_size()
    env = {"PGPASSWORD": "secret", "PGPASSFILE": log, "PGSSLMODE": "require"}
    text = status.text("--try-plaintext", code=1, user="pwuser", sslmode=None, sslrootcert=None, env=env)
    assert re.search(r"Tried:\s+a\s+login\s+without\s+TLS\s+was\s+taken\s+\(it\s+was\s+asked\s+for\s+a\s+password\)", text)
    authorized = [line for line in status.cluster.read_log(mark).split("\n") if "authorized: user=pwuser" in line]
    assert len(authorized) == 1 and "SSL enabled" in authorized[0]
    assert "password authentication failed" not in status.cluster.read_log(mark)


def test_a_broken_file_is_not_trusted(status):
    status.serve(hba=FORCED)
    path = os.path.join(status.cluster.data, "pg_hba.conf")
    with open(path, "a") as f:
        f.write("hots all all all trust\n")
    try:
        facts = status.json(user="postgres")
        assert facts["plaintext"]["refused"] is None and "is broken" in facts["plaintext"]["how"]
    finally:
        status.cluster.current = None


@pytest.mark.parametrize("major", [15, 18])
@pytest.mark.parametrize("aurora", [False, True])
def test_force_ssl_of_amazon(status, major, aurora):
    """Settings and functions of Amazon's on a server of ours: a placeholder is a setting too."""
    host = "shop%s.cx5u2qk1abcd.ap-northeast-1.rds.amazonaws.com" % (".cluster-x" if aurora else "")
    host = host.replace(".cluster-x.", ".cluster-")
    status.serve(major, rds__force_ssl="0", hba=ANYWHERE)
    if aurora:
        status.cluster.sql("create or replace function public.aurora_version() returns text language sql "
                           "as 'select ''1.0'''")
    try:
        facts = status.json(code=1, host=host, sslmode="verify-ca")
        assert facts["plaintext"] == {"refused": False, "how": "rds.force_ssl is off.", "setting": "rds.force_ssl",
                                      "only_loopback": False, "admitted_by": [], "tried": None}
        assert "STATUS_PLAINTEXT_ALLOWED" in facts["ids"]
        commands = "\n".join(s["command"] or "" for s in facts["enforce"])
        kind = "db-cluster" if aurora else "db"
        family = "aurora-postgresql%d" % major if aurora else "postgres%d" % major
        assert "aws rds modify-%s-parameter-group --region ap-northeast-1" % kind in commands
        assert "--db-parameter-group-family %s " % family in commands and "identifier shop" in commands
        assert "ParameterValue=1" in commands and "ParameterValue=0" in facts["rollback"][0]["command"]
        assert ("so also here" in facts["default"]) == (major >= (17 if aurora else 15))
        status.serve(major, rds__force_ssl="1", hba=FORCED)
        facts = status.json(code=1, host=host, sslmode="verify-ca")
        assert facts["plaintext"]["refused"] is True and facts["plaintext"]["how"] == "rds.force_ssl is on."
        assert "To refuse plaintext" not in status.text(code=1, host=host, sslmode="verify-ca")
    finally:
        status.cluster.sql("drop function if exists public.aurora_version()")


def test_a_function_called_aurora_version_of_somebody_is_not_aurora(status):
    status.serve()
    status.cluster.sql("create function public.aurora_version() returns text language sql as 'select ''1.0'''")
    try:
        status.cluster.sql("alter function public.aurora_version() owner to anyuser")
        assert status.json()["server_end"]["product"].startswith("PostgreSQL 15")
    finally:
        status.cluster.sql("drop function public.aurora_version()")


# ---- the commands ----

def read_hba(cluster):
    with open(os.path.join(cluster.data, "pg_hba.conf")) as f:
        return f.read()


def run_steps(cluster, steps):
    """Types what is printed, as the owner of the server's files, on its Unix socket."""
    ids = pwd.getpwnam(unprivileged()) if unprivileged() else None
    for step in steps:
        if not step["command"]:
            continue
        args = ["bash", "-euc", step["command"]]
        if ids:
            args = ["setpriv", "--reuid=%d" % ids.pw_uid, "--regid=%d" % ids.pw_gid, "--clear-groups", "--", *args]
        subprocess.run(args, check=True, capture_output=True, timeout=30, cwd=cluster.dir,
                       env={"PATH": "/usr/lib/postgresql/15/bin:/usr/bin:/bin", "PGHOST": cluster.dir,
                            "PGPORT": str(cluster.port), "PGDATABASE": "postgres"})


def test_enforce_and_go_back_as_printed(status, primary):
    status.cluster = primary
    offers_tls(primary, ANYWHERE + "host replication all all trust\n", status.world.pki)
    before = read_hba(status.cluster)
    facts = status.json(user="postgres", code=1)
    assert facts["plaintext"]["refused"] is False and "STATUS_PLAINTEXT_ALLOWED" in facts["ids"]
    assert facts["plaintext"]["how"] == "Lines 2, 3 of pg_hba.conf let plaintext in."
    assert {first_answer(status.cluster.port, "anyuser", r) for r in (False, True)} == {"R"}
    try:
        run_steps(status.cluster, facts["enforce"])
        facts = wait_for(lambda: status.json(user="postgres"), lambda f: f["plaintext"]["refused"])
        assert facts["ids"] <= {"STATUS_NO_SSLINFO"}
        assert {first_answer(status.cluster.port, "anyuser", r) for r in (False, True)} == {"E"}
        run_steps(status.cluster, facts["rollback"])
        wait_for(lambda: first_answer(status.cluster.port, "anyuser"), lambda answer: answer == "R")
        assert read_hba(status.cluster) == before
    finally:
        status.cluster.current = None  # the next one writes its own


def wait_for(ask, good, times=100):
    """Asks again until the answer is good: a reload takes a moment."""
    import time
    for _ in range(times):
        answer = ask()
        if good(answer):
            return answer
        time.sleep(0.05)
    raise AssertionError(answer)


def test_a_server_without_tls_is_told_to_offer_it_first(status):
    status.cluster = status.world.clusters(15)
    status.cluster.configure(ANYWHERE, {"ssl": "off"})
    facts = status.json(code=1, sslmode="disable", user="postgres")
    assert "does not offer TLS at all" in facts["plaintext"]["how"]
    assert "alter system set ssl = on" in facts["enforce"][0]["command"]


# ---- the face ----

def test_settings_as_the_linked_page_lists_them(status):
    status.serve(hba=FORCED)
    facts = status.json(user="postgres")
    names = {s["name"] for s in facts["server_end"]["settings"]}
    assert set(status.cluster.sql("select string_agg(name, ' ') from pg_settings where name like '%ssl%'").split()) <= names
    assert {"ssl", "ssl_min_protocol_version", "ssl_max_protocol_version", "ssl_ciphers", "ssl_cert_file",
            "ssl_ca_file", "ssl_crl_file", "ssl_key_file"} <= names and len(names) >= 14
    text = status.text("--all", user="postgres")
    for s in facts["server_end"]["settings"]:
        assert re.search(r"^  %s = " % re.escape(s["name"]), text, re.M)
    assert "  ssl_key_file = " not in status.text(user="postgres")
    # Some are for members of pg_read_all_settings, and that is said.
    text = status.text()
    assert "ssl_ciphers = " not in text and "pg_read_all_settings" in text


def test_lines_fit_a_terminal_of_80(status):
    status.serve(hba=FORCED)
    for text in (status.text(user="postgres"), status.text("--all", user="postgres")):
        long = [line for line in text.split("\n") if len(line) > 80 and not line.startswith(("       ", "  ssl_", "info: "))]
        assert not [line for line in long if " " in line.strip()[20:]], long


def test_usage_and_exit_codes(program, tmp_path):
    def run(*args):
        done = subprocess.run([program, "status", *args], capture_output=True, text=True, timeout=20,
                              env=referee.environment(str(tmp_path)))
        return done.returncode, done.stdout, done.stderr

    code, out, err = run("--help")
    assert code == 0 and "--json" in out and err == ""
    code, out, err = run("--jsno")
    assert code == 2 and "did you mean" in err and out == ""
    assert run("a", "b", "c")[0] == 2
    assert run("--sessions", "--try-plaintext")[0] == 2
    assert run("host=127.0.0.1 port=1 sslmode=nonsense")[0] == 2
    code, out, err = run("--json", "host=127.0.0.1 port=1 user=u")
    assert code == 3 and json.loads(out)["connected"] is False and "Connection refused" in err
