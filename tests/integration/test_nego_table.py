# SPDX-License-Identifier: PostgreSQL
"""tests/data/nego.tbl judged by libpq against PostgreSQL and against the fake server, and by pgseal."""
import json

import pytest

import nego_table
import our_server
import referee
from fake_server import Behaviour
from pki import HOST
from relay import Relay

ROWS = nego_table.rows()
FAKES = {
    "ssl": Behaviour(auth="byuser"),
    "old": Behaviour(auth="byuser", direct=False, alpn=()),
    "nossl": Behaviour(auth="byuser", answer="N", direct=False),
    "noalpn": Behaviour(auth="byuser", alpn=()),
    "tlsfail": Behaviour(auth="byuser", handshake="alert"),
    "error": Behaviour(auth="byuser", answer="E"),
    "garbage": Behaviour(auth="byuser", answer="X"),
    "eof": Behaviour(auth="byuser", answer="eof"),
    "stuffed": Behaviour(auth="byuser", answer="stuffed"),
}
# Which words of the SERVER column a real server can play.
REAL = {("ssl", 17), ("ssl", 18), ("old", 15), ("nossl", 15), ("nossl", 18)}
HBA = """
host      all  anyuser    127.0.0.1/32  trust
hostssl   all  ssluser    127.0.0.1/32  trust
hostnossl all  nossluser  127.0.0.1/32  trust
host      all  badpw      127.0.0.1/32  scram-sha-256
host      all  nopw       127.0.0.1/32  scram-sha-256
"""
# The table is libpq 17's and later. libpq 15 tries plaintext again when allow's second try is answered N,
# on the connection that has just refused it (fe-connect.c of 15, CONNECTION_SSL_STARTUP).
OLD_LIBPQ = {("libpq15", "allow", "nossl"): {
    "ssluser": ["startup-plain", "authfail"], "nouser": ["startup-plain", "authfail"],
    "badpw": ["startup-plain", "authask", "authfail"]}}
CLIENTS = ("libpq15", "libpq18", "pgseal")


def conninfo(case, port, files):
    roots = {"none": "missing", "good": "good", "wrong": "other", "othername": "good"}
    real_user = "anyuser" if case["user"] == "baddb" and "real" in case else case["user"]
    words = {
        "host": "elsewhere.pgseal.test" if case["root"] == "othername" else HOST,
        "hostaddr": "127.0.0.1", "port": port, "user": real_user,
        "dbname": "nowhere" if case["user"] == "baddb" else "postgres",
        "sslmode": case["sslmode"], "sslrootcert": files.roots[roots[case["root"]]],
        "gssencmode": "disable",
    }
    if case["user"] == "badpw":
        words["password"] = "wrong"
    if case["sslnegotiation"] == "direct":
        words["sslnegotiation"] = "direct"
    return " ".join("%s=%s" % item for item in words.items())


@pytest.fixture
def client(request, driver, home):
    """A function: conninfo -> (outcome word, what was said)."""
    which, env = request.param, referee.environment(home)
    if which == "libpq15":
        install = request.getfixturevalue("pg15")
    elif which == "libpq18":
        install = request.getfixturevalue("pg18")
    else:
        program = request.getfixturevalue("program")

    def run(text):
        if which == "pgseal":
            got = referee.pgseal(program, text, env)
            ssl = got.data.startswith("t|")
        else:
            got = referee.libpq(driver, install.libpq, text, env)
            ssl = bool(got.data) and json.loads(got.data)["ssl"]
        return ("fail" if got.status else "ssl" if ssl else "plain"), got.text

    run.name = which
    run.direct = which != "libpq15"
    return run


def judge(row, cases, client, connect, trace):
    """Runs the cases; one assertion for the row, naming every case that differs."""
    wrong, ran = [], 0
    for case in cases:
        if case["sslnegotiation"] == "direct" and not client.direct:
            continue
        ran += 1
        outcome, said = client(connect(case))
        events = trace()
        known = OLD_LIBPQ.get((client.name, case["sslmode"], case["server"]), {})
        if outcome == row.outcome and events == row.events + known.get(case["user"], [None]):
            continue
        if outcome != row.outcome or not row.matches(events):
            wrong.append("%s\n  got  %s -> %s\n  want %s -> %s\n  said %s"
                         % (case, ", ".join(events), outcome, ", ".join(row.events), row.outcome, said))
    if not ran:
        pytest.skip("this client has no sslnegotiation=direct")
    assert not wrong, "nego.tbl:%d\n%s" % (row.number, "\n".join(wrong))


def sample(row):
    """Every case of a row of one server; with a list of users or modes every word is met at least once."""
    seen, chosen = set(), []
    for case in row.cases():
        new = {(k, v) for k, v in case.items()} - seen
        if new:
            seen |= new
            chosen.append(case)
    return chosen


@pytest.mark.parametrize("client", CLIENTS, indirect=True)
@pytest.mark.parametrize("row", ROWS, ids=lambda r: "line%d" % r.number)
def test_against_the_fake_server(row, client, fake, files):
    state = {}

    def connect(case):
        fake.behave(FAKES[case["server"]])
        state["case"] = case
        return conninfo(case, fake.port, files)

    def trace():
        return [e for e in fake.settled() if e in nego_table.EVENTS]

    judge(row, sample(row), client, connect, trace)


@pytest.fixture(scope="session")
def ours(pki):
    path = our_server.program()
    if path is None:
        pytest.skip("our server is not built: run ./dev build, or ./dev test")
    server = our_server.OurServer(path, *pki.server("good"))
    yield server
    server.stop()


@pytest.mark.parametrize("client", ("libpq15", "libpq18"), indirect=True)
@pytest.mark.parametrize("row", ROWS, ids=lambda r: "line%d" % r.number)
def test_libpq_against_our_server(row, client, ours, files):
    def connect(case):
        ours.behave(case["server"], case["user"])
        return conninfo(case, ours.port, files)

    judge(row, sample(row), client, connect, ours.events)


def _real_rows():
    for server, major in sorted(REAL):
        for row in ROWS:
            if server in row.columns[4] and row.columns[0] != ["starting"]:
                yield pytest.param(row, server, major, id="pg%d-%s-line%d" % (major, server, row.number))


@pytest.mark.parametrize("client", CLIENTS, indirect=True)
@pytest.mark.parametrize("row, server, major", _real_rows())
def test_against_postgresql(row, server, major, client, clusters, files, pki):
    cluster = clusters(major)
    cert, key = pki.server("good")
    settings = {"ssl": "off"} if server == "nossl" else {
        "ssl": "on", "ssl_cert_file": "good.crt", "ssl_key_file": "good.key",
        # the relay reads the record types of TLS 1.2
        "ssl_max_protocol_version": "TLSv1.2"}
    cluster.configure(HBA, settings, [(cert, "good.crt"), (key, "good.key")])
    relay = Relay(cluster.port)
    mark = cluster.log_size()

    def connect(case):
        case["real"] = True
        return conninfo(case, relay.port, files)

    def lines_of(port):
        sign = "PORT=127.0.0.1(%d) " % port
        return "\n".join(line for line in cluster.read_log(mark).splitlines() if sign in line)

    cases = [c for c in sample(row) if c["server"] == server and c["user"] != "starting"]
    if not cases:
        cases = [c for c in row.cases() if c["server"] == server and c["user"] != "starting"][:2]
    try:
        judge(row, cases, client, connect, lambda: relay.take(lines_of))
    finally:
        relay.stop()


def test_the_table_has_no_combination_twice():
    seen = {}
    for row in ROWS:
        for case in row.cases():
            key = tuple(case.values())
            assert key not in seen, "nego.tbl:%d repeats line %d" % (row.number, seen[key])
            seen[key] = row.number
    assert len(seen) > 2000
