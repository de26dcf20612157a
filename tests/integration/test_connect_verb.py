# SPDX-License-Identifier: PostgreSQL
"""pgseal connect as a program: exit status, warnings, JSON, trace, secrets, signals, memory."""
import json
import os
import re
import signal
import subprocess
import time

import pytest

import parity
import referee
from parity import Pg
from pki import HOST


class Verb:
    """run(): the program with conninfo words; start(): the same, not waited for."""

    def __init__(self, program, world, home):
        self.program, self.world, self.home = program, world, home

    def words(self, given):
        port = self.world.serve(given.pop("server", Pg()))
        words = dict(host=HOST, hostaddr="127.0.0.1", port=port, user="anyuser", dbname="postgres")
        words.update(given)
        return " ".join("%s=%s" % (k, parity.quote(str(v))) for k, v in words.items() if v is not None)

    def start(self, *args, env=None, **given):
        popen = {k: given.pop(k) for k in ("stdin", "stdout", "stderr", "preexec_fn", "close_fds") if k in given}
        popen = dict(dict(stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE), **popen)
        return subprocess.Popen([self.program, "connect", *args, self.words(given)],
                                env=referee.environment(self.home, env), **popen)

    def run(self, *args, status=0, env=None, **given):
        p = self.start(*args, env=env, **given)
        out, err = p.communicate(timeout=25)
        assert p.returncode == status, err
        return (out or b"").decode(), (err or b"").decode()


@pytest.fixture(scope="module")
def world(clusters, fake, pki, files, workdir):
    return parity.World(clusters, fake, pki, files, workdir)


@pytest.fixture
def verb(program, world, tmp_path):
    return Verb(program, world, str(tmp_path))


@pytest.fixture
def root(files):
    return files.roots["good"]


def pgseal(program, *args, **kw):
    return subprocess.run([program, *args], capture_output=True, text=True, timeout=20, **kw)


# ---- verbs and options ----

def test_without_a_verb(program):
    done = pgseal(program)
    assert done.returncode == 2 and "Usage: pgseal VERB" in done.stderr and not done.stdout


def test_help_and_version(program):
    assert re.fullmatch(r"pgseal \d+\.\d+\.\d+\n", pgseal(program, "--version").stdout)
    assert "connect" in pgseal(program, "--help").stdout
    done = pgseal(program, "connect", "--help")
    assert done.returncode == 0 and "--csv" in done.stdout and "--html" not in done.stdout
    assert pgseal(program, "connect", "-?").stdout == done.stdout


def test_unknown_verb(program):
    done = pgseal(program, "conect")
    assert done.returncode == 2
    assert done.stderr == 'pgseal: error: unknown verb "conect"; did you mean connect?\npgseal: hint: pgseal --help\n'


def test_option_of_psql(program):
    done = pgseal(program, "connect", "-h", "db", "-H", "password=secret dbname=d", "-c", "select 1")
    assert done.returncode == 1
    assert done.stderr == ("pgseal: error: option -H (--html) is psql's (it prints HTML)\n"
                           "pgseal: hint: psql -h db -H dbname=d\n")


# ---- exit status ----

def test_status_fine_and_sql_error(verb):
    assert verb.run("-Atc", "select 7", sslmode="require")[0] == "7\n"
    verb.run("-c", "select nosuch", status=1, sslmode="require")
    verb.run("-c", "select nosuch", "-c", "select 1", status=0, sslmode="require")


def test_status_no_connection(verb):
    out, err = verb.run("-c", "select 1", status=2, sslmode="verify-full", sslrootcert="/nonexist.pem")
    assert out == ""
    assert re.match(r'pgseal: error: connection to server at "127\.0\.0\.1", port \d+ failed: root certificate file '
                    r'"/nonexist\.pem" does not exist\n.*\n  code: ROOT_MISSING\n  seen: .*\n(?:        .*\n)*'
                    r'  why:  .*\n(?:        .*\n)*  fix:  .*\n(?:        .*\n)*$', err)
    assert all(len(line) <= 80 for line in err.split("\n")[2:])


def test_status_script_error(verb, tmp_path):
    script = tmp_path / "a.sql"
    script.write_text("select 1;\nselect nosuch;\nselect 2;\n")
    out, err = verb.run("-At", "-f", str(script), sslmode="disable")
    assert out == "1\n2\n" and "pgseal:%s:2: ERROR:  column" % script in err
    out, err = verb.run("-At", "-v", "ON_ERROR_STOP=1", "-f", str(script), status=3, sslmode="disable")
    assert out == "1\n"


def test_status_lost_connection(verb):
    _, err = verb.run("-q", "-c", "select pg_terminate_backend(pg_backend_pid())", "-c", "select 1", status=2,
                      sslmode="require")
    assert err == ("FATAL:  terminating connection due to administrator command\n"
                   "SSL connection has been closed unexpectedly\nconnection to server was lost\n")


def test_foreign_command_ends_a_script(verb, tmp_path):
    script = tmp_path / "a.sql"
    script.write_text("select 1;\n\\connect other\ndrop table nosuch;\n")
    out, err = verb.run("-q", "-At", "-f", str(script), status=3, sslmode="disable")
    assert out == "1\n" and "\\connect is psql's" in err and "the script ends here" in err and "nosuch" not in err


def test_dump_of_today_with_restrict(verb, tmp_path):
    script = tmp_path / "a.sql"
    script.write_text("\\restrict abc\n\nselect 1;\n\n\\unrestrict abc\n\n")
    assert verb.run("-q", "-At", "-f", str(script), sslmode="disable")[0] == "1\n"


# ---- what is weak is said ----

def test_warns_unverified(verb):
    _, err = verb.run("-c", "select 1", sslmode="require")
    assert err.startswith("pgseal: warning: this connection is encrypted, but the server was not verified")
    assert err.count("\n") == 1


def test_warns_missing_root(verb):
    _, err = verb.run("-c", "select 1", sslmode="require", sslrootcert="/nonexist.pem")
    assert err == ('pgseal: warning: root certificate file "/nonexist.pem" does not exist, and sslmode=require goes on '
                   'without verifying; sslmode=verify-full refuses this\n')


def test_warns_plaintext(verb):
    _, err = verb.run("-c", "select 1", sslmode="disable")
    assert err == ("pgseal: warning: this connection is not encrypted: sslmode=disable; sslmode=verify-full refuses "
                   "this\n")
    _, err = verb.run("-c", "select 1", server=Pg(cert=""))
    assert err == ("pgseal: warning: this connection is not encrypted: the server offered no TLS and sslmode=prefer fell "
                   "back to plaintext; sslmode=verify-full refuses this\n")


def test_warns_fallback(verb, files):
    _, err = verb.run("-c", "select 1", sslmode="prefer", sslrootcert=files.roots["other"])
    assert err.count("pgseal: warning: ") == 1 and "WITHOUT encryption" in err


def test_verified_is_silent(verb, root):
    assert verb.run("-c", "select 1", sslmode="verify-full", sslrootcert=root)[1] == ""


def test_quiet_is_silent(verb):
    assert verb.run("-q", "-c", "select 1", sslmode="disable")[1] == ""


def test_socket_is_silent(verb, clusters):
    assert verb.run("-c", "select 1", host=clusters(15).dir, hostaddr=None, user="postgres")[1] == ""


def test_start_up_notice_is_shown(verb, clusters):
    cluster = clusters(15)
    cluster.sql("create database noticed template template0")
    cluster.sql("update pg_database set datcollversion = '1' where datname = 'noticed'")
    _, err = verb.run("-q", "-c", "select 1", sslmode="disable", dbname="noticed")
    assert err == 'WARNING:  database "noticed" has no actual collation version, but a version was recorded\n'


# ---- strict ----

def test_strict_verifies(verb, root):
    _, err = verb.run("--strict", "-c", "select 1", status=2)
    assert "root.crt" in err
    verb.run("--strict", "-c", "select 1", sslrootcert=root)


def test_strict_contradicts_weaker_modes(verb, root):
    _, err = verb.run("--strict", "-c", "select 1", status=2, sslmode="require", sslrootcert=root)
    assert err.startswith('pgseal: error: sslmode "require" may not be used with --strict\n  code: OPTION\n')
    _, err = verb.run("--strict", "-c", "select 1", status=2, env={"PGSSLMODE": "prefer"}, sslrootcert=root)
    assert 'sslmode "prefer" may not be used with --strict' in err and "PGSSLMODE" in err


def test_strict_binds_the_channel(verb, root):
    given = dict(user="scramuser", password="secret", server=Pg(hba="mixed"), sslrootcert=root)
    verb.run("--strict", "-c", "select 1", **given)
    _, err = verb.run("--strict", "-c", "select 1", status=2, channel_binding="disable", **given)
    assert "\n  code: BINDING\n" in err


# ---- JSON ----

def test_json_facts(verb, root):
    out, err = verb.run("--json", sslmode="verify-full", sslrootcert=root, user="scramuser", password="secret",
                        server=Pg(hba="mixed"))
    facts = json.loads(out)
    assert err == "" and "secret" not in out
    assert facts["connected"] is True and facts["proof"] == "name" and facts["encrypted"] is True
    assert facts["host"] == HOST and facts["address"] == "127.0.0.1" and facts["user"] == "scramuser"
    tls = facts["tls"]
    assert tls["version"] == "TLSv1.3" and tls["bits"] == 256 and tls["sni"] == HOST
    assert tls["verified"]["root_file"] == root and tls["verified"]["root_line"] == 1
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", tls["verified"]["until"])
    assert HOST in tls["certificate"]["names"] and len(tls["certificate"]["sha256"]) == 64
    assert facts["authentication"] == {"method": "SCRAM-SHA-256-PLUS", "password_used": True, "server_proved": True,
                                       "channel_bound": True, "iterations": 4096}


def test_json_of_plaintext(verb):
    facts = json.loads(verb.run("--json", "-q", sslmode="disable")[0])
    assert facts["proof"] == "none" and facts["tls"] is None and facts["encrypted"] is False


def test_json_of_a_failure(verb, files):
    out, err = verb.run("--json", status=2, sslmode="verify-full", sslrootcert=files.roots["other"])
    fail = json.loads(out)
    assert fail["connected"] is False
    assert fail["error"]["code"].startswith("X509_") and fail["error"]["fix"]
    assert fail["error"]["message"] in err


# ---- trace ----

def test_trace_shows_negotiation_and_masks_passwords(verb, root):
    _, err = verb.run("--trace", "-q", "-c", "select 1", sslmode="verify-full", sslrootcert=root, user="scramuser",
                      password="verysecret", server=Pg(hba="mixed"), status=2)
    for line in ("-\tconnect\t127.0.0.1", "-\tsslrequest", "-\tsslaccept", "-\ttls\t"):
        assert line in err, line
    assert "verysecret" not in err
    masked = [line for line in err.split("\n") if re.match(r"F\t\d+\t(SASLInitialResponse|SASLResponse)", line)]
    assert masked and all("****" in line for line in masked)
    _, err = verb.run("--trace", "-q", "-c", "select 1 as x", sslmode="disable")
    assert re.search(r'^F\t\d+\tQuery\t "select 1 as x"$', err, re.M)
    assert re.search(r"^B\t\d+\tDataRow\t 1 1 '1'$", err, re.M)


# ---- secrets and what is loaded ----

def wait_for(cluster, query):
    deadline = time.monotonic() + 15
    while cluster.sql("select count(*) from pg_stat_activity where query = '%s'" % query.replace("'", "''")) != "1":
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_arguments_hide_the_password(verb, clusters):
    with verb.start("-q", "-c", "select pg_sleep(20)", sslmode="require", password="verysecret") as p:
        wait_for(clusters(15), "select pg_sleep(20)")
        with open("/proc/%d/cmdline" % p.pid) as f:
            seen = f.read()
        p.kill()
        assert "verysecret" not in seen and "password=***" in seen


@pytest.mark.parametrize("how", (["-d%s"], ["--dbname=%s"], ["-d", "%s"]))
def test_options_hide_the_password(verb, clusters, how):
    query = "select pg_sleep(20) /* %s */" % how[0]  # one outlives its client
    words = [w.replace("%s", verb.words(dict(sslmode="require", password="verysecret"))) for w in how]
    with subprocess.Popen([verb.program, "connect", "-q", "-c", query, *words],
                          stdin=subprocess.DEVNULL, env=referee.environment(verb.home, None)) as p:
        wait_for(clusters(15), query)
        with open("/proc/%d/cmdline" % p.pid) as f:
            seen = f.read()
        p.kill()
        assert "verysecret" not in seen and "password=***" in seen


def test_one_shot_loads_no_prompt(verb):
    _, err = verb.run("-q", "-c", "select 1", sslmode="require", env={"LD_DEBUG": "files"})
    assert re.search(r"file=libssl\.so", err)
    assert not re.search(r"file=lib(edit|jansson|curl|tinfo|bsd)\.so", err)
    _, err = verb.run("--json", sslmode="require", env={"LD_DEBUG": "files"})
    assert re.search(r"file=libjansson\.so", err)


# ---- signals ----

@pytest.mark.parametrize("as_script, status", ((False, 1), (True, 3)))
def test_interrupt_cancels(verb, clusters, root, tmp_path, as_script, status):
    script = tmp_path / "a.sql"
    script.write_text("select pg_sleep(22);\nselect 'not reached';\n")
    args = ["-f", str(script)] if as_script else ["-c", "select pg_sleep(22);", "-c", "select 'not reached'"]
    with verb.start("-q", *args, sslmode="verify-full", sslrootcert=root) as p:
        wait_for(clusters(15), "select pg_sleep(22);")
        p.send_signal(signal.SIGINT)
        out, err = p.communicate(timeout=15)
        assert p.returncode == status and b"not reached" not in out
        assert b"Cancel request sent\n" in err and b"canceling statement due to user request" in err


# ---- output that cannot be written ----

def test_full_disk(verb):
    with open("/dev/full", "w") as full:
        _, err = verb.run("-q", "-c", "select 1", status=1, sslmode="disable", stdout=full)
        assert err == "could not print result table: No space left on device\n"
        _, err = verb.run("-q", "-c", "copy (select generate_series(1, 100000)) to stdout", status=1, sslmode="disable",
                          stdout=full)
        assert err == "could not write COPY data: No space left on device\n"


def test_closed_standard_output_is_not_the_socket(verb):
    p = verb.start("-q", "-c", "select 1", sslmode="disable", stdout=None, preexec_fn=lambda: os.close(1))
    _, err = p.communicate(timeout=15)
    assert p.returncode == 1
    assert err == b"could not print result table: Bad file descriptor\n"


def test_reader_that_leaves(verb):
    read, write = os.pipe()
    os.close(read)
    p = verb.start("-q", "-c", "select repeat('x', 100000)", sslmode="disable", stdout=write)
    os.close(write)
    p.communicate(timeout=15)
    assert p.returncode == -signal.SIGPIPE


# ---- COPY in bounded memory ----

ROWS = 60000  # of 1,000 bytes


def peak_kb(verb, *args, **given):
    """Peak memory of a run, and its standard output's size."""
    env = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1:thread_local_quarantine_size_kb=64"}
    p = verb.start("-q", *args, env=env, sslmode="require", stdout=subprocess.PIPE, stderr=None, **given)
    size = 0
    while True:
        data = p.stdout.read(1 << 20)
        if not data:
            break
        size += len(data)
    _, status, usage = os.wait4(p.pid, 0)
    p.returncode = os.waitstatus_to_exitcode(status)
    p.stdout.close()
    assert p.returncode == 0
    return usage.ru_maxrss, size


def test_copy_out_holds_little(verb):
    least, _ = peak_kb(verb, "-c", "select 1")
    peak, size = peak_kb(verb, "-c", "copy (select repeat('x', 999) from generate_series(1, %d)) to stdout" % ROWS)
    assert size == ROWS * 1000
    assert peak - least < 20000


def test_copy_in_holds_little(verb, tmp_path):
    data = tmp_path / "data"
    data.write_bytes((b"x" * 999 + b"\n") * ROWS)
    least, _ = peak_kb(verb, "-c", "select 1")
    with open(data, "rb") as f:
        peak, size = peak_kb(verb, "-At", "-c", "create temp table t (a text)", "-c", "copy t from stdin",
                             "-c", "select count(*) from t", stdin=f)
    assert size == len("%d\n" % ROWS)
    assert peak - least < 20000
