# SPDX-License-Identifier: PostgreSQL
"""The static client resolves names without NSS: /etc/hosts, resolv.conf, search, TCP, IPv6, patience."""
import pathlib
import subprocess
import time

import pytest

from pki import HOST

WHERE = "select host(inet_server_addr())"


def ask(jail, server, host, more="", **run):
    """The address of the server's side, where the name led."""
    return jail.run("connect", f"host={host} port={server.port} user=anyuser dbname=postgres sslmode=require {more}", "-Atqc", WHERE, **run)


def resolver(jail, *lines, address="127.0.53.1"):
    return jail.put("etc/resolv.conf", "".join(f"{line}\n" for line in (f"nameserver {address}", *lines)))


def said(p):
    return p.stderr.split("\n")[0]


def test_hosts__a_name__is_found_without_any_name_server(jail, server):
    jail.put("etc/hosts", "127.0.0.1 localhost\n::1 six six.alias\n127.0.0.1\tDB.local  db # comment\n")
    assert ask(jail, server, "db").stdout == "127.0.0.1\n"
    assert ask(jail, server, "db.LOCAL").stdout == "127.0.0.1\n"
    assert ask(jail, server, "six.alias").stdout == "::1\n"


def test_hosts__and_a_name_server__the_file_comes_first(jail, server, name_server):
    dns = name_server({"db": [("A", "127.9.9.9")]})
    resolver(jail).put("etc/hosts", "127.0.0.1 db\n")
    assert ask(jail, server, "db").stdout == "127.0.0.1\n"
    assert dns.asked == []


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "0x7f000001", "::1"])
def test_number__as_glibc_reads_it__needs_no_file(jail, server, host):
    p = ask(jail, server, host)
    assert (p.stdout, p.stderr) == ("::1\n" if ":" in host else "127.0.0.1\n", "")


def test_localhost__without_any_file__is_this_machine(jail, server):
    p = ask(jail, server, "localhost")
    assert p.stdout in ("::1\n", "127.0.0.1\n")


def test_dns__verify_full__by_the_name_alone(jail, server, name_server, pki):
    name_server({HOST: [("A", "127.0.0.1")]})
    resolver(jail).put("root.pem", pki.pem("root"))
    p = jail.run("connect", f"host={HOST} port={server.port} user=anyuser dbname=postgres sslmode=verify-full sslrootcert=/root.pem",
                 "-Atqc", "select ssl, host(inet_server_addr()) from pg_stat_ssl where pid = pg_backend_pid()")
    assert (p.returncode, p.stdout, p.stderr) == (0, "t|127.0.0.1\n", "")


def test_dns__another_name_of_the_same_address__is_refused(jail, server, name_server, pki):
    name_server({"other.pgseal.test": [("A", "127.0.0.1")]})
    resolver(jail).put("root.pem", pki.pem("root"))
    p = jail.run("connect", f"host=other.pgseal.test port={server.port} user=anyuser sslmode=verify-full sslrootcert=/root.pem",
                 "-c", "select 1")
    assert p.returncode == 2
    assert 'does not match host name "other.pgseal.test"' in p.stderr


def test_dns__cname__is_followed(jail, server, name_server):
    name_server({"alias.pgseal.test": [("CNAME", "deep.pgseal.test")], "deep.pgseal.test": [("CNAME", "db.pgseal.test")],
                 "db.pgseal.test": [("A", "127.0.0.1")]})
    resolver(jail)
    assert ask(jail, server, "alias.pgseal.test").stdout == "127.0.0.1\n"


def test_dns__only_an_ipv6_address__is_enough(jail, server, name_server):
    name_server({"six.pgseal.test": [("AAAA", "::1")]})
    resolver(jail)
    assert ask(jail, server, "six.pgseal.test").stdout == "::1\n"


def test_dns__an_ipv6_name_server__answers(jail, server, name_server):
    dns = name_server({"db.pgseal.test": [("A", "127.0.0.1")]}, "::1")
    resolver(jail, address="::1")
    assert ask(jail, server, "db.pgseal.test").stdout == "127.0.0.1\n"
    assert dns.names() == ["db.pgseal.test"]


def test_dns__both_families__in_the_order_of_rfc_6724(jail, server, name_server):
    name_server({"db.pgseal.test": [("A", "127.0.0.1"), ("AAAA", "::1")]})
    assert ask(resolver(jail), server, "db.pgseal.test").stdout == "::1\n"


def test_dns__two_addresses__both_are_tried(jail, server, name_server):
    # Nothing listens on 127.9.9.9, so whichever is first, the server is found.
    name_server({"db.pgseal.test": [("A", "127.9.9.9"), ("A", "127.0.0.1")]})
    resolver(jail)
    assert ask(jail, server, "db.pgseal.test").stdout == "127.0.0.1\n"


def test_dns__an_answer_too_large_for_udp__comes_by_tcp(jail, server, name_server):
    many = [("A", f"127.9.8.{i}") for i in range(1, 40)] + [("A", "127.0.0.1")]
    dns = name_server({"many.pgseal.test": ("large", many)})
    resolver(jail)
    assert ask(jail, server, "many.pgseal.test").stdout == "127.0.0.1\n"
    assert {transport for transport, _, kind in dns.asked if kind == 1} == {"udp", "tcp"}


def test_search__a_name_without_dots__gets_the_domains_in_order(jail, server, name_server):
    dns = name_server({"db.second.test": [("A", "127.0.0.1")]})
    resolver(jail, "search first.test second.test")
    assert ask(jail, server, "db").stdout == "127.0.0.1\n"
    assert dns.names() == ["db.first.test", "db.second.test"]


@pytest.mark.parametrize("ndots, order", [(1, ["db.eu", "db.eu.pgseal.test"]), (2, ["db.eu.pgseal.test"])])
def test_search__ndots__says_what_is_tried_first(jail, server, name_server, ndots, order):
    dns = name_server({"db.eu.pgseal.test": [("A", "127.0.0.1")]})
    resolver(jail, "search pgseal.test", f"options ndots:{ndots}")
    assert ask(jail, server, "db.eu").stdout == "127.0.0.1\n"
    assert dns.names() == order


def test_search__a_name_that_ends_with_a_dot__is_whole(jail, server, name_server):
    dns = name_server({"db": [("A", "127.0.0.1")]})
    resolver(jail, "search pgseal.test")
    assert ask(jail, server, "db.").stdout == "127.0.0.1\n"
    assert dns.names() == ["db"]


def test_dns__unknown_name__in_the_words_of_glibc(jail, server, name_server):
    name_server({})
    p = ask(resolver(jail), server, "nosuch.pgseal.test")
    assert p.returncode == 2
    assert said(p) == 'pgseal: error: could not translate host name "nosuch.pgseal.test" to address: Name or service not known'


def test_dns__known_name_without_address__in_the_words_of_glibc(jail, server, name_server):
    name_server({"empty.pgseal.test": [("CNAME", "end.pgseal.test")], "end.pgseal.test": []})
    p = ask(resolver(jail), server, "empty.pgseal.test")
    assert said(p) == ('pgseal: error: could not translate host name "empty.pgseal.test" to address: '
                       "No address associated with hostname")


def test_dns__server_failure__is_temporary(jail, server, name_server):
    name_server({"db.pgseal.test": "servfail"})
    p = ask(resolver(jail), server, "db.pgseal.test")
    assert said(p) == 'pgseal: error: could not translate host name "db.pgseal.test" to address: Temporary failure in name resolution'


def test_dns__a_silent_first_server__the_second_answers(jail, server, name_server):
    name_server({"db.pgseal.test": "silent"}, "127.0.53.1")
    name_server({"db.pgseal.test": [("A", "127.0.0.1")]}, "127.0.53.2")
    resolver(jail, "nameserver 127.0.53.2", "options timeout:1")
    start = time.monotonic()
    assert ask(jail, server, "db.pgseal.test").stdout == "127.0.0.1\n"
    assert time.monotonic() - start < 4


@pytest.mark.timeout(90)
def test_functions__beside_glibcs__give_the_same(tmp_path):
    root = pathlib.Path(__file__).resolve().parents[2]
    program = tmp_path / "beside_glibc"
    subprocess.run(["cc", "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-g", "-O1", "-fsanitize=address,undefined",
                    f"-I{root}/src", root / "tests/dist/beside_glibc.c", "-o", program, "-lcares"], check=True, timeout=60)
    p = subprocess.run([program], capture_output=True, text=True, check=False, timeout=20)
    assert (p.returncode, p.stderr) == (0, ""), p.stdout
    assert p.stdout == "0 differences\n"


@pytest.mark.parametrize("where", ["resolv.conf", "RES_OPTIONS"])
def test_patience__timeout_and_attempts__are_obeyed(jail, server, name_server, where):
    dns = name_server({"db.pgseal.test": "silent"})
    options = "timeout:1 attempts:1"
    resolver(jail, *([f"options {options}"] if where == "resolv.conf" else []))
    start = time.monotonic()
    p = ask(jail, server, "db.pgseal.test", env={"RES_OPTIONS": options} if where == "RES_OPTIONS" else {})
    assert "Temporary failure in name resolution" in said(p)
    assert 0.9 < time.monotonic() - start < 4
    assert len(dns.asked) == 2  # one A, one AAAA


def test_dns__query_numbers__cannot_be_foreseen(jail, name_server):
    # No /dev/urandom in an empty root: c-ares then asks rand(), which begins with the same number in every process.
    dns = name_server({})
    resolver(jail)
    runs = set()
    for _ in range(5):
        del dns.numbers[:]
        jail.run("connect", "host=db.pgseal.test user=u", "-c", "select 1")
        runs.add(tuple(dns.numbers[:2]))
    assert len(runs) == 5


def test_dns__a_first_server_that_refuses__the_second_answers(jail, server, name_server):
    name_server({"db.pgseal.test": [("A", "127.0.0.1")]}, "127.0.53.2")
    resolver(jail, "nameserver 127.0.53.2")
    assert ask(jail, server, "db.pgseal.test").stdout == "127.0.0.1\n"


def test_nsswitch__dns_before_files__is_obeyed(jail, server, name_server):
    name_server({"db.pgseal.test": [("A", "127.0.0.1")]})
    resolver(jail).put("etc/hosts", "127.9.9.9 db.pgseal.test\n").put("etc/nsswitch.conf", "passwd: files\nhosts: dns files\n")
    assert ask(jail, server, "db.pgseal.test").stdout == "127.0.0.1\n"


def test_patience__connect_timeout__ends_the_look_up_too(jail, server, name_server):
    name_server({"db.pgseal.test": "silent"})
    start = time.monotonic()
    p = ask(resolver(jail), server, "db.pgseal.test", "connect_timeout=2")
    assert said(p) == 'pgseal: error: could not translate host name "db.pgseal.test" to address: timeout expired'
    assert 1.9 < time.monotonic() - start < 4
