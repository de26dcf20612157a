# SPDX-License-Identifier: PostgreSQL
"""tests/data/scram.tbl judged by libpq 18, and the program against the same servers."""
import pytest

import auth_table
import fake_auth
import referee
from fake_server import Behaviour

ROWS = auth_table.rows()
KEYS = auth_table.keys()
# What either client says when the server goes away: without TLS, and with it (libpq 18 on OpenSSL 1.1.1 and 3).
CLOSED = ("server closed the connection unexpectedly", "SSL SYSCALL error: EOF detected",
          "SSL error: unexpected eof while reading")
# Own rows that libpq would compute at for minutes.
TOO_LONG = ("more than 10000000",)


def conninfo(row, port):
    words = {"host": "127.0.0.1", "port": str(port), "user": "u", "dbname": "d", "gssencmode": "disable",
             "sslmode": "require" if row.tls else "disable", "password": "secret"}
    for word in row.settings:
        if word == "nopassword":
            del words["password"]
            continue
        name, value = word.split("=", 1)
        words[name] = KEYS.get(value, value)
    return " ".join("%s=%s" % item for item in words.items())


def connect(request, client, text, home):
    env = referee.environment(home)
    if client == "libpq18":
        return referee.libpq(request.getfixturevalue("driver"), request.getfixturevalue("pg18").libpq, text, env)
    return referee.pgseal(request.getfixturevalue("program"), text, env)


def played(row, fake, run):
    """(outcome as the table writes it, whole text)."""
    player = auth_table.Player(row)
    fake_auth.SCRIPTS["table"] = player.play
    fake.behave(Behaviour(auth="table"))
    got = run()
    fake.settled()
    prefix = 'connection to server at "127.0.0.1", port %d failed: ' % fake.port
    text = got.text[len(prefix):] if got.text.startswith(prefix) else got.text
    if got.status == 0:
        return "ready"
    if player.waiting and text.startswith(CLOSED):
        return "waiting"
    return text


@pytest.mark.parametrize("client", ("libpq18", "pgseal"))
@pytest.mark.parametrize("row", ROWS, ids=lambda r: "line%d" % r.line)
def test_row(request, row, client, fake, home):
    if row.own and client == "libpq18" and any(t in row.outcome for t in TOO_LONG):
        pytest.skip("libpq would compute for minutes")
    outcome = played(row, fake, lambda: connect(request, client, conninfo(row, fake.port), home))
    if row.own and client == "libpq18":
        assert outcome != row.outcome, "libpq says the same: the row is not ours alone"
    else:
        assert outcome == row.outcome
