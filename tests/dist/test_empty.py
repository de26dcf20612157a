# SPDX-License-Identifier: PostgreSQL
"""In a root that holds the program and a CA file, and nothing else: what a person there wants to know and do."""
import json

import pytest

from pki import HOST


@pytest.fixture(name="alone")
def _alone(jail, pki):
    jail.put("root.pem", pki.pem("root"))
    yield jail
    assert jail.files() == ["pgseal", "root.pem"]


def conninfo(server, mode="verify-full"):
    return f"host={HOST} hostaddr=127.0.0.1 port={server.port} user=anyuser dbname=postgres sslmode={mode} sslrootcert=/root.pem"


def test_connect__verify_full(alone, server):
    p = alone.run("connect", conninfo(server), "-Atqc", "select ssl, version from pg_stat_ssl where pid = pg_backend_pid()")
    assert (p.returncode, p.stdout, p.stderr) == (0, "t|TLSv1.3\n", "")


def test_connect__json__is_verified_by_that_root(alone, server):
    p = alone.run("connect", conninfo(server), "--json")
    assert p.returncode == 0, p.stderr
    facts = json.loads(p.stdout)
    assert facts["tls"]["version"] == "TLSv1.3"
    assert "/root.pem" in p.stdout


def test_connect__from_standard_input__without_any_terminal(alone, server):
    p = alone.run("connect", conninfo(server), "-Atq", stdin=None, input="select 40\n+ 2;\n")
    assert (p.returncode, p.stdout, p.stderr) == (0, "42\n", "")


def test_connect__untrusted__tells_the_whole_story(alone, server, pki):
    alone.put("root.pem", pki.pem("other"))
    p = alone.run("connect", conninfo(server), "-c", "select 1")
    assert p.returncode == 2
    assert "certificate verify failed" in p.stderr and "\n  fix:" in p.stderr


def test_status__both_ends_agree(alone, server):
    p = alone.run("status", conninfo(server))
    assert "Both ends agree" in p.stdout, p.stderr


@pytest.mark.parametrize("args, words", [
    (["explain", "sslmode"], "verify-full"),
    (["ca", "known", "ap-northeast-1"], "08544470dfa4c9dc25c481a8908d2958f90b9c1d23f275696f341d71f2f1539e"),
    (["ca", "show", "/root.pem"], "pgseal test Root CA RSA2048 G1"),
])
def test_other_verbs__need_no_file_either(alone, args, words):
    p = alone.run(*args)
    assert words in p.stdout, p.stderr
