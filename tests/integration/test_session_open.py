# SPDX-License-Identifier: PostgreSQL
"""Opening sessions: what reaches the server, what is waited for and how long, what is said when it fails."""
import os
import socket
import subprocess

import pytest

import referee
import session
from cluster import free_port
from fake_server import Behaviour
from pki import HOST

REFUSED = ('connection to server at "127.0.0.1", port %d failed: Connection refused\n'
           "\tIs the server running on that host and accepting TCP/IP connections?")
TLS = {"ssl": "on", "ssl_cert_file": "good.crt", "ssl_key_file": "good.key"}
HBA = "host all anyuser 127.0.0.1/32 trust\nhost all scramuser 127.0.0.1/32 scram-sha-256\n"


@pytest.fixture(params=(15, 17, 18))
def server(request, clusters, pki):
    cluster = clusters(request.param)
    cert, key = pki.server("good")
    cluster.configure(HBA, TLS, [(cert, "good.crt"), (key, "good.key")])
    return cluster


@pytest.fixture
def behave(fake):
    """Sets what the fake server does; gives a conninfo for it."""
    def set_to(more="", **how):
        fake.behave(Behaviour(**how))
        return "host=127.0.0.1 port=%d user=u dbname=d password=secret %s" % (fake.port, more)
    return set_to


def verified(server, files, more):
    return ("host=%s hostaddr=127.0.0.1 port=%d dbname=postgres sslmode=verify-full sslrootcert=%s %s"
            % (HOST, server.port, files.roots["good"], more))


# ---- real servers -------------------------------------------------------------------------------------------------

def test_unix_socket(server, home):
    got = session.run(home, "host=%s port=%d user=postgres dbname=postgres" % (server.dir, server.port),
                      "query", "select 1, null", "facts", "address")
    assert got.status == 0, got.err
    assert got.out[:2] == ["row 1|null", "tag SELECT 1"]
    assert (got.facts["tls"], got.facts["unix"], got.facts["method"]) == ("0", "1", "none")
    assert got.out[-1] == "%s/.s.PGSQL.%d" % (server.dir, server.port)


def test_verified_scram_is_proved_and_bound(server, files, home):
    got = session.run(home, verified(server, files, "user=scramuser password=secret"), "query",
                      "select ssl from pg_stat_ssl where pid = pg_backend_pid()", "facts", "address")
    assert got.status == 0, got.err
    assert got.out[0] == "row t" and got.out[-1] == "127.0.0.1"
    facts = got.facts
    assert (facts["tls"], facts["method"], facts["proved"], facts["bound"]) == ("1", "SCRAM-SHA-256-PLUS", "1", "1")
    assert got.warnings == []


def test_strict_opens_a_verified_session(server, files, home):
    got = session.run(home, verified(server, files, "user=scramuser password=secret"), "facts", options=["--strict"])
    assert got.status == 0, got.err


def test_wrong_password(server, files, home):
    got = session.run(home, verified(server, files, "user=scramuser password=wrong"))
    assert (got.status, got.code) == (2, "SERVER")
    assert got.message == ('connection to server at "127.0.0.1", port %d failed: FATAL:  password authentication '
                           'failed for user "scramuser"' % server.port)


def test_password_file_is_named_when_its_password_is_wrong(server, files, home, tmp_path):
    path = tmp_path / "pass"
    path.write_text("*:*:*:scramuser:wrong\n")
    path.chmod(0o600)
    got = session.run(home, verified(server, files, "user=scramuser passfile=%s" % path))
    assert got.message.splitlines()[1] == 'password retrieved from file "%s"' % path


def test_password_is_asked_for_once(server, files, home):
    text = verified(server, files, "user=scramuser")
    got = session.run(home, text, "facts", options=["--ask", "secret"])
    assert got.status == 0 and got.facts["asked"] == "1", got.err
    got = session.run(home, text, "facts", options=["--ask", "wrong"])
    assert got.status == 2 and got.err.count("asked for scramuser") == 1
    assert "password authentication failed" in got.message and "no password supplied" not in got.message
    got = session.run(home, text, "facts")
    assert (got.status, got.code) == (2, "NO_PASSWORD")
    assert got.message.endswith("failed: fe_sendauth: no password supplied")


def test_a_password_of_the_caller_beats_the_file(server, files, home, tmp_path):
    path = tmp_path / "pass"
    path.write_text("*:*:*:scramuser:wrong\n")
    path.chmod(0o600)
    got = session.run(home, verified(server, files, "user=scramuser passfile=%s" % path), "facts",
                      options=["--password", "secret"])
    assert got.status == 0, got.err


@pytest.mark.parametrize("attrs, options, message", (
    ("any", "-c default_transaction_read_only=on", None),
    ("read-write", "", None),
    ("read-write", "-c default_transaction_read_only=on", "session is read-only"),
    ("read-only", "-c default_transaction_read_only=on", None),
    ("read-only", "", "session is not read-only"),
    ("primary", "", None),
    ("standby", "", "server is not in hot standby mode"),
    ("prefer-standby", "", None),
))
def test_target_session_attrs(server, home, attrs, options, message):
    where = "host=127.0.0.1 port=%d " % server.port
    got = session.run(home, "%s user=anyuser dbname=postgres sslmode=disable target_session_attrs=%s options='%s'"
                      % (where, attrs, options), "query", "select 1")
    if message is None:
        assert got.status == 0 and got.out[0] == "row 1", got.err
    else:
        assert got.code == "SESSION"
        assert got.message == 'connection to server at "127.0.0.1", port %d failed: %s' % (server.port, message)


def test_parameters_are_kept_up_to_date(server, home):
    got = session.run(home, "host=127.0.0.1 port=%d user=anyuser dbname=postgres" % server.port, "param", "TimeZone",
                      "query", "set timezone to 'Asia/Tokyo'", "param", "TimeZone", "param", "nothing")
    assert got.out == ["UTC", "tag SET", "Asia/Tokyo", "(none)"], got.err


# ---- several hosts --------------------------------------------------------------------------------------------------

def test_the_next_host_is_tried_and_the_first_is_forgotten(behave, fake, home):
    text = behave().replace("port=%d" % fake.port, "port=%d,%d" % (free_port(), fake.port))
    got = session.run(home, text.replace("host=127.0.0.1", "host=127.0.0.1,127.0.0.1"), "query", "x")
    assert got.status == 0 and "error" not in got.err


def test_every_host_is_in_the_message(home):
    ports = (free_port(), free_port())
    got = session.run(home, "host=127.0.0.1,127.0.0.1 port=%d,%d user=u" % ports)
    assert got.message == "\n".join(REFUSED % port for port in ports)
    assert got.code == "CONNECT"


def test_addresses_of_a_name(home):
    port = free_port()
    got = session.run(home, "host=localhost port=%d user=u" % port)
    assert 'connection to server at "localhost" (127.0.0.1), port %d failed: Connection refused' % port in got.message


def test_unknown_name(home):
    got = session.run(home, "host=nowhere.invalid user=u", options=["--timeout", "5"])
    assert (got.status, got.code) in ((2, "RESOLVE"), (2, "TIMEOUT"))
    if got.code == "RESOLVE":
        assert got.message.startswith('could not translate host name "nowhere.invalid" to address: ')


def test_hostaddr_must_be_numeric(home):
    got = session.run(home, "hostaddr=localhost user=u")
    assert got.message == 'could not parse network address "localhost": Name or service not known'


# ---- Unix sockets ---------------------------------------------------------------------------------------------------

def test_socket_that_is_not_there(home, tmp_path):
    got = session.run(home, "host=%s port=5432 user=u" % tmp_path)
    assert got.message == ('connection to server on socket "%s/.s.PGSQL.5432" failed: No such file or directory\n'
                           "\tIs the server running locally and accepting connections on that socket?" % tmp_path)


def test_socket_path_too_long(home):
    path = "/" + "x" * 120
    got = session.run(home, "host=%s port=5432 user=u" % path)
    assert got.message == 'Unix-domain socket path "%s/.s.PGSQL.5432" is too long (maximum 107 bytes)' % path


def test_requirepeer(server, home):
    text = "host=%s port=%d user=postgres dbname=postgres requirepeer=" % (server.dir, server.port)
    owner = server.user or os.environ.get("USER", "")
    assert session.run(home, text + owner, "facts").status == 0
    got = session.run(home, text + "somebodyelse")
    assert got.code == "PEER"
    assert got.message.endswith('failed: requirepeer specifies "somebodyelse", but actual peer user name is "%s"'
                                % owner)


# ---- time ------------------------------------------------------------------------------------------------------------

SILENCES = (
    ("before the answer to SSLRequest", {"answer": "silent"}, "sslmode=require"),
    ("in the handshake", {"handshake": "silent"}, "sslmode=require"),
    ("after the startup packet", {"auth": "silent"}, "sslmode=disable"),
    ("after the startup packet over TLS", {"auth": "silent"}, "sslmode=require"),
)


@pytest.mark.parametrize("how, more", [s[1:] for s in SILENCES], ids=[s[0] for s in SILENCES])
def test_silent_server__connect_timeout(behave, fake, home, how, more):
    got = session.run(home, behave(more + " connect_timeout=1", **how))
    assert (got.status, got.code) == (2, "TIMEOUT")
    assert got.message == 'connection to server at "127.0.0.1", port %d failed: timeout expired' % fake.port
    assert 0.8 < got.seconds < 5
    assert "connect_timeout=1 seconds" in got.detail


def test_silent_server__our_own_limit_is_named(behave, home):
    got = session.run(home, behave(auth="silent"), options=["--timeout", "1"])
    assert got.code == "TIMEOUT" and 0.8 < got.seconds < 5
    assert "pgseal's own limit" in got.detail and "connect_timeout" in got.err


def test_port_that_nobody_accepts(home):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen(0)
        port = s.getsockname()[1]
        queue = [socket.socket() for _ in range(4)]
        try:
            for c in queue:  # fills the queue of connections: further SYNs are dropped
                c.setblocking(False)
                c.connect_ex(("127.0.0.1", port))
            got = session.run(home, "host=127.0.0.1 port=%d user=u connect_timeout=1" % port)
        finally:
            for c in queue:
                c.close()
    assert got.code == "TIMEOUT" and got.seconds < 5


def test_the_limit_holds_for_each_host(behave, fake, home):
    text = behave("connect_timeout=1", auth="silent").replace("host=127.0.0.1", "host=127.0.0.1,127.0.0.1")
    got = session.run(home, text)
    assert got.message.count("timeout expired") == 2
    assert 1.8 < got.seconds < 8


def test_dripping_server_cannot_stretch_the_limit(behave, home):
    """Each byte resets nothing: the limit is for the whole connection."""
    got = session.run(home, behave("connect_timeout=1 sslmode=disable", auth="drip-for-ever"))
    assert got.code == "TIMEOUT" and got.seconds < 5


@pytest.mark.parametrize("how, more", [s[1:] for s in SILENCES], ids=[s[0] for s in SILENCES])
def test_interrupt_ends_the_wait(behave, fake, home, how, more):
    got = session.run(home, behave(more, **how), options=["--interrupt", "300"])
    assert (got.status, got.code) == (2, "TIMEOUT")
    assert got.message.endswith("interrupted")
    assert got.seconds < 4
    fake.settled()
    assert len(fake.connections) == 1  # nothing else is tried


# ---- what a password may be answered with -----------------------------------------------------------------------------

def test_strict_sends_no_password_to_an_unverified_server(behave, fake, home):
    for more in ("sslmode=require", "sslmode=disable"):
        for script in ("cleartext", "md5", "scram-noplus"):
            got = session.run(home, behave(more, auth=script), options=["--strict"])
            fake.settled()
            assert got.code == "PASSWORD_RISK", (more, script, got.err)
            assert fake.passwords == []


def test_a_password_to_an_unverified_server_is_warned_of(behave, fake, home):
    got = session.run(home, behave("sslmode=require", auth="cleartext"), "facts")
    assert got.status == 0, got.err
    assert got.warnings == ["the password in clear text goes to a server whose certificate was not verified: whoever "
                            "is in between reads it; use sslmode=verify-full sslrootcert=FILE"]


def test_prefer_that_falls_back_tells_the_tls_failure(behave, fake, home):
    got = session.run(home, behave("sslmode=prefer", handshake="alert", auth="reject"))
    first, second = got.message.splitlines()
    assert "SSL error" in first and "no pg_hba.conf entry" in second
    assert got.code.startswith("TLS_")


def test_prefer_that_falls_back_warns(behave, fake, home):
    got = session.run(home, behave("sslmode=prefer", handshake="alert"), "facts")
    assert got.status == 0 and got.facts["tls"] == "0", got.err
    assert len(got.warnings) == 1 and "WITHOUT encryption" in got.warnings[0]


@pytest.fixture
def no_md5(tmp_path):
    """An openssl.cnf under which MD5 cannot be had, as in a FIPS installation."""
    path = tmp_path / "fips.cnf"
    path.write_text("openssl_conf = a\n[a]\nalg_section = b\n[b]\ndefault_properties = fips=yes\n")
    return {"OPENSSL_CONF": str(path)}


def test_md5_that_openssl_refuses__as_psql(behave, no_md5, home, pg15):
    text = behave("sslmode=disable", auth="md5")
    expected = referee.psql(pg15, text, referee.environment(home, no_md5))
    got = session.run(home, text, env=no_md5)
    assert "could not encrypt password: " in expected.text
    assert (got.status, got.message) == (expected.status, expected.text)


# ---- what psql says, word for word --------------------------------------------------------------------------------------

HOSTS = ("127.0.0.1", "::1", "fe80::1%lo", "::ffff:127.0.0.1", "0x7f.1", "127.1", "2130706433", "localhost",
         "127.0.0.1,::1", "localhost,127.0.0.1", "/nowhere", "@abstract", "/x,127.0.0.1", "a..b", "1.2.3.4.5")


@pytest.mark.parametrize("host", HOSTS)
def test_nobody_listens__as_psql(host, home, pg15):
    text = "host='%s' port=%d user=u dbname=d connect_timeout=3" % (host, free_port())
    expected = referee.psql(pg15, text, referee.environment(home))
    got = session.run(home, text)
    assert (got.status, got.message) == (expected.status, expected.text)


@pytest.mark.parametrize("hostaddr", ("127.0.0.1", "::1", "fe80::1%lo", "127.1", "nowhere", "127.0.0.1,::1", "1.2.3"))
def test_nobody_listens_at_hostaddr__as_psql(hostaddr, home, pg15):
    names = ",".join("name%d" % i for i in range(hostaddr.count(",") + 1))
    for more in ("", " host=" + names):
        text = "hostaddr='%s' port=%d user=u dbname=d connect_timeout=3%s" % (hostaddr, free_port(), more)
        expected = referee.psql(pg15, text, referee.environment(home))
        got = session.run(home, text)
        assert (got.status, got.message) == (expected.status, expected.text)


# ---- a resolver that does not answer --------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def slow_names(workdir):
    """Environment in which names under .slow take half a minute to look up."""
    library = os.path.join(workdir, "slow_resolver.so")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "slow_resolver.c")
    subprocess.run([os.environ.get("CC", "cc"), "-D_GNU_SOURCE", "-shared", "-fPIC", "-o", library, source, "-ldl"],
                   check=True, timeout=60)
    options = os.environ.get("ASAN_OPTIONS", "")
    return {"LD_PRELOAD": library, "ASAN_OPTIONS": (options + ":" if options else "") + "verify_asan_link_order=0"}


def test_resolver_that_does_not_answer(slow_names, home):
    got = session.run(home, "host=db.slow user=u connect_timeout=1", env=slow_names)
    assert got.message == 'could not translate host name "db.slow" to address: timeout expired'
    assert got.code == "TIMEOUT" and "connect_timeout=1 seconds" in got.detail
    assert 0.8 < got.seconds < 5


def test_resolver_that_does_not_answer__next_host(slow_names, behave, home, fake):
    text = behave("connect_timeout=1").replace("host=127.0.0.1", "host=db.slow,127.0.0.1")
    got = session.run(home, text, "facts", env=slow_names)
    assert got.status == 0 and got.seconds < 5, got.err


def test_resolver_that_does_not_answer__interrupt(slow_names, home):
    got = session.run(home, "host=db.slow user=u", env=slow_names, options=["--interrupt", "300"])
    assert got.message == "interrupted" and got.seconds < 4
