# SPDX-License-Identifier: PostgreSQL
"""Open sessions: much data in both directions, cancelling, servers that go away, what other processes can see."""
import os
import subprocess
import time

import pytest

import referee
import session
from fake_server import Behaviour
from pki import HOST

TLS = {"ssl": "on", "ssl_cert_file": "good.crt", "ssl_key_file": "good.key"}
HBA = "host all anyuser 127.0.0.1/32 trust\n"
CLOSED = ("server closed the connection unexpectedly\n\tThis probably means the server terminated abnormally\n"
          "\tbefore or while processing the request.")
# The sanitizers' own memory is in it: the bound is that it does not grow with the data.
SMALL_KB = 260000


@pytest.fixture(params=[(15, "plain"), (15, "tls"), (18, "plain"), (18, "tls")],
                ids=lambda p: "pg%d-%s" % p)
def place(request, clusters, pki, files):
    """A conninfo of a real server, and that server."""
    major, how = request.param
    cluster = clusters(major)
    cert, key = pki.server("good")
    cluster.configure(HBA, TLS, [(cert, "good.crt"), (key, "good.key")])
    more = "sslmode=disable" if how == "plain" else "sslmode=verify-full sslrootcert=%s" % files.roots["good"]
    return ("host=%s hostaddr=127.0.0.1 port=%d user=anyuser dbname=postgres %s" % (HOST, cluster.port, more),
            cluster)


def test_much_data_to_the_server(place, home):
    total = 64 * 1024 * 1024
    got = session.run(home, place[0], "query", "create temp table t (x text)", "copyin", "copy t from stdin",
                      str(total), "query", "select sum(length(x) + 1) from t", "rss", timeout=60)
    assert got.status == 0, got.err
    assert got.out[1] == "tag COPY %d" % (total // 8192)
    assert got.out[2] == "row %d" % total
    assert int(got.out[-1].split()[1]) < SMALL_KB


def test_much_data_to_a_slow_reader(place, home):
    got = session.run(home, place[0], "slow", "500",
                      "select repeat('x', 10000) from generate_series(1, 5000)", "rss", timeout=60)
    assert got.out[0] == "rows 5000", got.err
    assert int(got.out[1].split()[1]) < SMALL_KB


def test_a_row_of_many_megabytes(place, home):
    got = session.run(home, place[0], "flood", "1", "select repeat('x', 30000000)", timeout=60)
    assert got.out == ["rows 1"], got.err


def test_a_question__rows_nulls_and_several_statements(place, home):
    got = session.run(home, place[0], "ask", "select 1, null, '' union all select 2, 'b', 'c'; select 3", "ask",
                      "create temp table t ()")
    assert got.out == ["row 1|(null)|", "row 2|b|c", "row 3", "rows 3", "rows 0"], got.err


def test_a_question_with_an_error__the_session_goes_on(place, home):
    got = session.run(home, place[0], "ask", "select 1; select 1/0; select 2", "ask", "select 5")
    assert got.out == ["row 1", "sqlstate 22012 division by zero", "row 5", "rows 1"], got.err


def test_a_question_answered_by_copy__nothing_is_sent(place, home):
    got = session.run(home, place[0], "query", "create temp table t (x text)", "ask", "copy t from stdin", "ask",
                      "select count(*) from t", "ask", "copy (select 7) to stdout")
    assert got.out[1] == "sqlstate 57014 COPY from stdin failed: "
    assert got.out[2:] == ["row 0", "rows 1", "rows 0"], got.err


def test_many_queries_before_the_first_answer(place, home):
    got = session.run(home, place[0], "flood", "3000", "select 1 /* %s */" % ("y" * 300), timeout=60)
    assert got.out == ["rows 3000"], got.err


def test_errors_and_notices_are_messages_like_others(place, home):
    got = session.run(home, place[0], "query", "do $$begin raise notice 'hello'; end$$", "query", "select 1/0",
                      "query", "select 2", "facts")
    assert got.out[:5] == ["notice hello", "tag DO", "sqlstate 22012 division by zero", "row 2", "tag SELECT 1"]
    assert got.facts["txn"] == "I"


def test_transaction_state_is_followed(place, home):
    got = session.run(home, place[0], "query", "begin", "facts")
    assert got.facts["txn"] == "T"
    got = session.run(home, place[0], "query", "begin", "query", "select 1/0", "facts")
    assert got.facts["txn"] == "E"


def test_cancel_stops_the_query(place, home):
    got = session.run(home, place[0], "cancel", "300", "select pg_sleep(20)", "query", "select 7")
    assert got.out == ["cancel 0", "sqlstate 57014 canceling statement due to user request", "row 7", "tag SELECT 1"]
    assert got.seconds < 10


def test_interrupt_ends_a_read(place, home):
    got = session.run(home, place[0], "query", "select pg_sleep(20)", options=["--interrupt", "500"])
    assert (got.status, got.code) == (1, "TIMEOUT") and got.message == "interrupted"
    assert got.seconds < 5


def test_server_that_ends_the_session_says_why(place, home):
    got = session.run(home, place[0], "query", "select pg_terminate_backend(pg_backend_pid())")
    assert got.out[-1] == "sqlstate 57P01 terminating connection due to administrator command"
    assert got.status == 1


def test_session_goes_away_politely(place, home):
    text, cluster = place
    mark = cluster.log_size()
    assert session.run(home, text, "query", "select 1").status == 0
    log = cluster.read_log(mark)
    assert "unexpected EOF" not in log and "reset by peer" not in log


@pytest.mark.parametrize("more, before", (
    ("sslmode=require", ["sslrequest", "sslaccept", "tlsok"]),
    ("sslmode=require sslnegotiation=direct", ["directssl", "tlsok"]),
    ("sslmode=disable", []),
))
def test_cancel_is_protected_like_the_session(fake, home, more, before):
    fake.behave(Behaviour())
    got = session.run(home, "host=127.0.0.1 port=%d user=u dbname=d %s" % (fake.port, more), "cancel", "1", "x")
    assert got.out[0] == "cancel 0", got.err
    fake.settled()
    events = [e for e in fake.connections[1] if not e.startswith(("connect", "reconnect", "alpn", "sni"))]
    assert events == before + ["cancel"]


def test_cancel_is_not_sent_to_a_server_that_cannot_prove_itself(fake, files, home, pki):
    """The session was verified; then somebody else answers at the address."""
    fake.behave(Behaviour())
    process = subprocess.Popen(
        [session.program(), "host=%s hostaddr=127.0.0.1 port=%d user=u dbname=d sslmode=verify-full sslrootcert=%s"
         % (HOST, fake.port, files.roots["good"]), "facts", "idle", "700", "cancel", "1", "x"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=referee.environment(home))
    deadline = time.monotonic() + 10
    while not any("authok" in events for events in fake.connections) and time.monotonic() < deadline:
        time.sleep(0.01)
    fake._context(Behaviour(cert="selfsigned"))
    fake.behaviour = Behaviour(cert="selfsigned")
    out, err = process.communicate(timeout=20)
    assert b"cancel -63" in out and b"error X509_" in err, (out, err)
    fake.settled()
    assert "cancel" not in fake.connections[1]


def test_server_that_closes_without_a_word(fake, home):
    fake.behave(Behaviour(auth="trust-then-eof"))
    got = session.run(home, "host=127.0.0.1 port=%d user=u dbname=d sslmode=disable" % fake.port, "query", "select 1")
    assert got.status == 1 and got.code == "CLOSED", got.err


def test_server_that_says_goodbye_with_ready_for_query(fake, home):
    """The session is open and its end is found by who reads; nobody spins until the deadline."""
    fake.behave(Behaviour(auth="trust-and-goodbye"))
    got = session.run(home, "host=127.0.0.1 port=%d user=u dbname=d sslmode=require connect_timeout=3" % fake.port,
                      "facts", "query", "select 1")
    assert got.facts["tls"] == "1" and got.status == 1, got.err
    assert got.code == "CLOSED" and got.seconds < 2.5


def test_other_processes_cannot_look_inside(fake, home):
    """The driver hardens itself: no core, not dumpable."""
    fake.behave(Behaviour())
    process = subprocess.Popen([session.program(), "host=127.0.0.1 port=%d user=u dbname=d sslmode=disable"
                                % fake.port, "facts", "idle", "1500"],
                               stdout=subprocess.PIPE, env=referee.environment(home))
    try:
        process.stdout.readline()
        with open("/proc/%d/limits" % process.pid) as f:
            core = [line for line in f if line.startswith("Max core file size")][0].split()
        assert core[4:6] == ["0", "0"]
        # Not dumpable: the files in /proc/PID belong to root whoever runs the process.
        assert os.stat("/proc/%d/environ" % process.pid).st_uid == 0
    finally:
        process.communicate(timeout=10)


@pytest.mark.parametrize("more, expected", (
    ("", {"nodelay": "1", "keepalive": "1", "timeout": "0", "cloexec": "1"}),
    ("keepalives=0 keepalives_idle=33", {"keepalive": "0"}),
    ("keepalives_idle=33 keepalives_interval=7 keepalives_count=4 tcp_user_timeout=12345",
     {"keepalive": "1", "idle": "33", "interval": "7", "count": "4", "timeout": "12345"}),
    ("tcp_user_timeout=-1", {"keepalive": "1", "timeout": "0"}),
))
def test_socket_options(fake, home, more, expected):
    fake.behave(Behaviour())
    got = session.run(home, "host=127.0.0.1 port=%d user=u dbname=d sslmode=disable %s" % (fake.port, more), "socket")
    assert got.status == 0, got.err
    values = dict(word.split("=") for word in got.out[0].split())
    assert {k: values[k] for k in expected} == expected
