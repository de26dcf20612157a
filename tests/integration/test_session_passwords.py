# SPDX-License-Identifier: PostgreSQL
"""Passwords that SASLprep changes, refuses or leaves alone, prepared by the server and by us."""
import pytest

import referee
import session

# (as the role was given it, as it is typed, whether that is the same password to PostgreSQL)
PASSWORDS = (
    ("plain", "plain", True),
    ("pl\u00e4in", "pl\u00e4in", True),
    ("\u00e9", "e\u0301", True),
    ("e\u0301", "\u00e9", True),
    ("\u30d1\u30b9\u30ef\u30fc\u30c9", "\uff8a\uff9f\uff7d\uff9c\uff70\uff84\uff9e", True),
    ("a\u00a0b", "a b", True),
    ("I\u00adX", "IX", True),
    ("\u2168", "IX", True),
    ("\ufdfa", "\ufdfa", True),
    ("\u0340", "\u0300", False),
    ("\u0340", "\u0340", True),
    ("\U0001f512\u00e9", "\U0001f512\u00e9", True),
    ("\U0001f512e\u0301", "\U0001f512\u00e9", False),
    ("\u05d0a\u00a0", "\u05d0a\u00a0", True),
    ("\u05d0a\u00a0", "\u05d0a ", False),
    ("\u05d0\u00a0\u05d1", "\u05d0 \u05d1", True),
    ("\u1100\u0300\u1161", "\u1100\u0300\u1161", True),
    ("\u1100\u0300\u1161", "\uac00\u0300", False),
    ("\U0002f868", "\u36fc", True),
    ("\u200b\u00e9", " \u00e9", True),
    ("\u00ad", "\u00ad", True),
    ("\u3000", " ", True),
    ("wrong", "wr\u00f6ng", False),
)


@pytest.mark.parametrize("major", (15, 18))
def test_prepared_passwords(major, clusters, home, pg15):
    cluster = clusters(major)
    cluster.configure("host all prepared 127.0.0.1/32 scram-sha-256\n", {"ssl": "off"})
    cluster.sql("drop role if exists prepared")
    cluster.sql("create role prepared login")
    wrong = []
    for given, typed, same in PASSWORDS:
        cluster.sql("alter role prepared password '%s'" % given)
        text = ("host=127.0.0.1 port=%d user=prepared dbname=postgres sslmode=disable password='%s'"
                % (cluster.port, typed))
        ours = session.run(home, text).status == 0
        psql = referee.psql(pg15, text, referee.environment(home), sql="select 1").status == 0
        if (ours, psql) != (same, same):
            wrong.append("%a typed as %a: pgseal %s, psql %s" % (given, typed, ours, psql))
    assert not wrong, "\n".join(wrong)
