# SPDX-License-Identifier: PostgreSQL
"""The parity suite: psql 15, libpq 18 and pgseal on the same conninfo, environment and server."""
import collections

import pytest

import differences
import installs
import messages
import parity
import referee
import rows_auth
import rows_client
import rows_openssl
import rows_options
import rows_reach
import rows_wire
import rows_x509

MODULES = (rows_x509, rows_openssl, rows_client, rows_auth, rows_wire, rows_reach, rows_options)
ROWS = [r for module in MODULES for r in module.rows()]


@pytest.fixture(scope="session")
def world(clusters, fake, pki, files, workdir):
    return parity.World(clusters, fake, pki, files, workdir)


@pytest.fixture(scope="session")
def tools(driver, pg15, libpq18):
    """The programs: psql 15, the driver with libpq 18 (None where npm was not reachable), pgseal (or None)."""
    Tools = collections.namedtuple("Tools", "pg15 libpq18 driver program")
    return Tools(pg15, libpq18, driver, installs.pgseal())


@pytest.mark.parametrize("r", ROWS, ids=lambda r: r.name)
def test_parity(r, world, tools):
    if r.only == 18 and tools.libpq18 is None:
        pytest.skip(installs.missing(18))
    conninfo, env = world.prepare(r)
    judged = parity.judge(r, conninfo, env, tools, world)
    if tools.program is None:
        pytest.skip("the referees agree; pgseal is not built: ./dev build, or set PGSEAL")
    world.again(r)
    got = referee.pgseal(tools.program, conninfo, env)
    got.events = world.events(r)
    parity.compare(r, judged, got)


def test_every_row_has_its_own_name():
    names = collections.Counter(r.name for r in ROWS)
    assert [n for n, count in names.items() if count > 1] == []


def test_every_difference_is_of_some_row():
    starts = list(differences.ROWS) + list(differences.STRICTER) + list(differences.WIRE)
    assert [s for s in starts if not any(r.name.startswith(s) for r in ROWS)] == []


def test_there_are_a_thousand_rows_and_twenty_of_each_class():
    count = collections.Counter(r.outcome_class for r in ROWS)
    assert len(ROWS) >= 1000
    assert set(count) == set(messages.CLASSES)
    assert {c: n for c, n in count.items() if n < 20} == {}


@pytest.mark.parametrize("key", messages.MESSAGES)
def test_every_message_is_provoked_or_says_why_not(key):
    """That a row really provokes its message is checked by the row's own test."""
    provoked = sum(key in r.want for r in ROWS)
    if messages.unreachable(key):
        assert provoked == 0, "%s is provoked %d times and listed as unreachable" % (key, provoked)
    else:
        assert provoked > 0, "no row provokes: %s" % messages.MESSAGES[key][1]
