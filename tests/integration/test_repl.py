# SPDX-License-Identifier: PostgreSQL
"""The prompt of pgseal connect on a real terminal against a real PostgreSQL: what a person types and sees."""
import os
import re
import stat
import time

import pytest

import parity
import referee
from parity import Pg
from pki import HOST
from terminal import Terminal

READY = "postgres=> "


class Prompt:
    """Starts the program with a fresh home; conninfo words as keyword arguments."""

    def __init__(self, program, world, home):
        self.program, self.world, self.home = program, world, home

    def start(self, *args, env=None, columns=100, rows=24, **given):
        port = self.world.serve(given.pop("server", Pg()))
        words = dict(host=HOST, hostaddr="127.0.0.1", port=port, user="anyuser", dbname="postgres")
        words.update(given)
        conninfo = " ".join("%s=%s" % (k, parity.quote(str(v))) for k, v in words.items() if v is not None)
        return Terminal([self.program, "connect", *args, conninfo], referee.environment(
            self.home, dict({"PGSEAL_HISTORY": os.path.join(self.home, "history"), "LC_ALL": "C.UTF-8"}, **(env or {}))),
            columns, rows)


@pytest.fixture(scope="module")
def world(clusters, fake, pki, files, workdir):
    return parity.World(clusters, fake, pki, files, workdir)


@pytest.fixture
def prompt(program, world, tmp_path):
    return Prompt(program, world, str(tmp_path))


@pytest.fixture
def root(files):
    return files.roots["good"]


def test_banner_verified(prompt, root):
    with prompt.start(sslmode="verify-full", sslrootcert=root, columns=400) as t:
        lines = t.wait(READY).split("\n")
        assert re.fullmatch(r"pgseal \(\d+\.\d+\.\d+, server 15\.\d+.*\)", lines[0])
        assert re.fullmatch(r"SSL connection \(protocol: TLSv1\.3, cipher: TLS_AES_256_GCM_SHA384, bits: 256, "
                            r"compression: off\)", lines[1])
        assert re.fullmatch(r'Verified: host name "%s", by root ".*CN=.*" of %s:1, until 20\d\d-\d\d-\d\d .* UTC'
                            % (re.escape(HOST), re.escape(root)), lines[2])
        assert lines[3:] == ['Type "help" for help.', "", ""]
        t.type("\\q\n")
        assert t.end() == 0


def test_banner_chain_only(prompt, root):
    with prompt.start(sslmode="verify-ca", sslrootcert=root, columns=400) as t:
        told = t.wait(READY)
        assert "Verified, but for the host name: by root" in told and "sslmode=verify-full" in told


def test_banner_encrypted_only(prompt):
    with prompt.start(sslmode="require", columns=400) as t:
        told = t.wait(READY)
        assert "Not verified: encrypted, but whoever is on the way could have answered" in told
        assert 'pgseal connect "host=%s hostaddr=127.0.0.1 ' % HOST in told
        assert 'user=anyuser dbname=postgres sslmode=verify-full sslrootcert=CA.pem"' in told


def test_banner_plaintext(prompt):
    with prompt.start(sslmode="disable", columns=400) as t:
        told = t.wait(READY)
        assert "SSL connection" not in told
        assert "Not encrypted: whoever is on the way can read and change everything." in told


def test_banner_alpn_of_18(prompt, root):
    with prompt.start(sslmode="verify-full", sslrootcert=root, server=Pg(major=18), columns=400) as t:
        assert ", ALPN: postgresql)\n" in t.wait(READY)


def test_banner_quiet(prompt):
    with prompt.start("-q", sslmode="require") as t:
        assert t.wait(READY) == ""


def test_prompts_of_open_things(prompt):
    with prompt.start("-q", sslmode="disable") as t:
        t.wait(READY)
        for line, then in (("select 1", "postgres-> "), (", 'a", "postgres'> "), ("b' as x, \"c", "postgres\"> "),
                           ("\" from (", "postgres(> "), ("select 1 as \"c", "postgres\"> "), ("\" ) q /* ", "postgres*> "),
                           ("; */ where $$", "postgres$> "), (";$$ <> ''", "postgres-> ")):
            t.type(line + "\n")
            t.wait(then)
        assert t.ask(";", READY).endswith("(1 row)\n\n")


def test_transaction_marks(prompt):
    with prompt.start("-q", sslmode="disable") as t:
        t.wait(READY)
        assert t.ask("begin;", "postgres=*> ") == ""
        assert t.ask("select 1/0;", "postgres=!> ") == "ERROR:  division by zero\n"
        assert t.ask("rollback;", READY) == ""


def test_superuser_prompt(prompt, clusters):
    with prompt.start("-q", host=clusters(15).dir, hostaddr=None, user="postgres") as t:
        t.wait("postgres=# ")


def test_interrupt_clears_the_line(prompt):
    with prompt.start("-q", sslmode="disable") as t:
        t.wait(READY)
        t.type("select (\n")
        t.wait("postgres(> ")
        t.type("nonsense\x03")
        t.wait(READY)
        assert "4" in t.ask("select 2 + 2 as n;", READY)


def test_interrupt_cancels_the_query(prompt, root, clusters):
    with prompt.start("-q", sslmode="verify-full", sslrootcert=root) as t:
        t.wait(READY)
        cluster = clusters(15)
        mark = cluster.log_size()
        t.type("select pg_sleep(25);\n")
        deadline = time.monotonic() + 10
        while cluster.sql("select count(*) from pg_stat_activity where query like 'select pg_sleep(25)%'") != "1":
            assert time.monotonic() < deadline
        start = time.monotonic()
        t.type("\x03")
        told = t.wait(READY)
        assert "Cancel request sent\nERROR:  canceling statement due to user request\n" in told
        assert time.monotonic() - start < 10
        # and the session goes on
        assert "(1 row)" in t.ask("select 1;", READY)
        assert "canceling statement" in cluster.read_log(mark)


def test_lost_connection_is_made_again(prompt):
    with prompt.start(sslmode="require", columns=400) as t:
        t.wait(READY)
        told = t.ask("select pg_terminate_backend(pg_backend_pid());", READY)
        assert told.startswith("FATAL:  terminating connection due to administrator command\n")
        assert "The connection to the server was lost. Attempting reset: Succeeded.\nSSL connection (" in told
        assert "Not verified: " in told
        assert "(1 row)" in t.ask("select 1;", READY)


def test_lost_for_good(prompt, fake):
    """A server that does not come back: the prompt says so and still knows how to end."""
    with prompt.start("-q", sslmode="disable") as t:
        t.wait(READY)
        prompt.world.clusters(15).configure("host all all 127.0.0.1/32 reject\n", {"ssl": "off"})
        told = t.ask("select pg_terminate_backend(pg_backend_pid());", "!?> ")
        assert told.endswith("The connection to the server was lost. Attempting reset: Failed.\n")
        assert t.ask("select 1;", "!?> ") == "You are currently not connected to a database.\n"
        assert t.ask("\\conninfo", "!?> ") == "You are currently not connected to a database.\n"
        t.type("\\q\n")
        assert t.end() == 0


def test_copy_from_the_terminal(prompt):
    with prompt.start(sslmode="disable") as t:
        t.wait(READY)
        t.ask("create temp table t (a int);", READY)
        t.type("copy t from stdin;\n")
        t.wait("Enter data to be copied followed by a newline.\n"
               "End with a backslash and a period on a line by itself, or an EOF signal.\n>> ")
        t.type("1\n")
        t.wait(">> ")
        t.type("2\n")
        t.wait(">> ")
        t.type("\\.\n")
        assert "COPY 2\n" in t.wait(READY)
        t.type("copy t from stdin;\n")
        t.wait(">> ")
        t.type("3\n")
        t.wait(">> ")
        t.type("\x04")
        assert "COPY 1\n" in t.wait(READY)
        t.type("copy t from stdin;\n")
        t.wait(">> ")
        t.type("4\n")
        t.wait(">> ")
        t.type("\x03")
        assert "canceled by user" in t.wait(READY)
        assert t.ask("select count(*) as n from t;", READY) == " n \n---\n 3\n(1 row)\n\n"


def test_end_of_input(prompt):
    with prompt.start(sslmode="disable") as t:
        t.wait(READY)
        t.type("\x04")
        t.wait("\\q\n")
        assert t.end() == 0


@pytest.mark.parametrize("word", ("quit", "exit", "EXIT;", "\\q"))
def test_words_that_end(prompt, word):
    with prompt.start("-q", sslmode="disable") as t:
        t.wait(READY)
        t.type(word + "\n")
        assert t.end() == 0


def test_quit_inside_a_statement_is_text(prompt):
    with prompt.start("-q", sslmode="disable") as t:
        t.wait(READY)
        t.type("select 1 as\n")
        t.wait("postgres-> ")
        assert t.ask("quit", "postgres-> ") == "Use \\q to quit.\n"
        assert t.ask(";", READY) == " quit \n------\n    1\n(1 row)\n\n"


def test_help_and_commands(prompt, root):
    with prompt.start("-q", sslmode="verify-full", sslrootcert=root, columns=200) as t:
        t.wait(READY)
        assert "\\? for help with commands" in t.ask("help", READY)
        told = t.ask("\\?", READY)
        for command in ("\\q", "\\conninfo", "\\ssl", "\\x"):
            assert "  %s" % command in told
        assert "psql -q 'host=%s" % HOST in told
        assert t.ask("\\x", READY) == ""
        assert t.ask("select 1 as a;", READY) == "-[ RECORD 1 ]\na | 1\n\n"
        assert t.ask("\\x off", READY) == ""
        assert "\\dt is psql's" in t.ask("\\dt", READY)


def test_conninfo_is_the_table_of_psql_18(prompt, root):
    with prompt.start("-q", sslmode="verify-full", sslrootcert=root) as t:
        t.wait(READY)
        lines = t.ask("\\conninfo", READY).split("\n")
        assert lines[0].strip() == "Connection Information"
        rows = dict((k.strip(), v.strip()) for k, _, v in (line.partition("|") for line in lines[3:] if "|" in line))
        assert list(rows) == ["Database", "Client User", "Host", "Host Address", "Server Port", "Options",
                              "Protocol Version", "Password Used", "GSSAPI Authenticated", "Backend PID",
                              "SSL Connection", "SSL Library", "SSL Protocol", "SSL Key Bits", "SSL Cipher",
                              "SSL Compression", "ALPN", "Superuser", "Hot Standby"]
        assert rows["Host"] == HOST and rows["Host Address"] == "127.0.0.1"
        assert rows["SSL Protocol"] == "TLSv1.3" and rows["Superuser"] == "off"
        assert "(19 rows)" in lines


def test_ssl_tells_the_whole_story(prompt, root):
    with prompt.start("-q", sslmode="verify-full", sslrootcert=root, user="scramuser", password="secret",
                      server=Pg(hba="mixed"), columns=400) as t:
        t.wait(READY)
        told = t.ask("\\ssl", READY)
        for line in ("protocol        TLSv1.3, TLS_AES_256_GCM_SHA384, 256 bits", "root from     %s:1" % root,
                     "host name       verified: %s" % HOST, "authentication  SCRAM-SHA-256-PLUS, with a password",
                     "channel binding tls-server-end-point", "server proof    the server knows this role's secret",
                     "Not proved:"):
            assert line in told, line
        assert "that TLS ends at the database" not in told
        assert "secret" not in told.replace("role's secret", "")


def test_password_is_asked_for_and_not_shown(prompt):
    with prompt.start("-q", sslmode="require", user="scramuser", server=Pg(hba="mixed"), columns=300) as t:
        t.wait("Password for user scramuser: ")
        t.type("secret\n")
        t.wait(READY)
        assert "secret" not in t.seen
        assert t.ask("select current_user as u;", READY).split("\n")[2].strip() == "scramuser"


def test_password_before_connecting(prompt):
    with prompt.start("-q", "-W", sslmode="require", user="scramuser", server=Pg(hba="mixed")) as t:
        t.wait("Password: ")
        t.type("wrong\n")
        t.wait('password authentication failed for user "scramuser"')
        assert t.end() == 2


def test_never_ask(prompt):
    with prompt.start("-q", "-w", sslmode="require", user="scramuser", server=Pg(hba="mixed")) as t:
        t.wait("fe_sendauth: no password supplied")
        assert t.end() == 2


def test_history_is_private_and_keeps_no_passwords(prompt, tmp_path):
    with prompt.start("-q", sslmode="disable") as t:
        t.wait(READY)
        t.ask("select 'remembered';", READY)
        t.ask("select 'a PassWord' as p;", READY)
        t.type("\x1b[A")  # cursor up
        t.wait("select 'remembered';")
        t.type("\n")
        t.wait(READY)
        t.type("\\q\n")
        assert t.end() == 0
    path = tmp_path / "history"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    assert "remembered" in text and "PassWord" not in text
    with prompt.start("-q", sslmode="disable") as t:
        t.wait(READY)
        t.type("\x1b[A\x1b[A")
        t.wait("select 'remembered';")


def test_history_leaves_devices_alone(prompt):
    with prompt.start("-q", sslmode="disable", env={"PGSEAL_HISTORY": "/dev/null"}) as t:
        t.wait(READY)
        t.ask("select 1;", READY)
        t.type("\\q\n")
        assert t.end() == 0
    assert stat.S_IMODE(os.stat("/dev/null").st_mode) == 0o666


def test_japanese_is_typed_and_shown(prompt):
    with prompt.start("-q", sslmode="disable") as t:
        t.wait(READY)
        t.type("select '東京' as 都市;\n")
        assert " 都市 \n------\n 東京\n(1 row)\n\n" in t.wait(READY)


def test_pager_for_tall_results(prompt):
    env = {"PAGER": "sed -e 's/^/paged:/'"}
    with prompt.start("-q", sslmode="disable", env=env, rows=10) as t:
        t.wait(READY)
        told = t.ask("select g from generate_series(1, 20) g;", READY)
        assert "paged: 20\n" in told
        told = t.ask("select g from generate_series(1, 2) g;", READY)
        assert "paged" not in told


def test_pager_that_is_left_early(prompt):
    with prompt.start("-q", sslmode="disable", env={"PAGER": "head -1"}, rows=10) as t:
        t.wait(READY)
        t.ask("select repeat('x', 500) from generate_series(1, 2000) g;", READY)
        assert "(1 row)" in t.ask("select 1;", READY)


def test_notice_and_error_positions(prompt):
    with prompt.start("-q", sslmode="disable") as t:
        t.wait(READY)
        assert t.ask("do $$ begin raise notice 'hi'; end $$;", READY) == "NOTICE:  hi\n"
        assert t.ask("select nosuch;", READY) == \
            'ERROR:  column "nosuch" does not exist\nLINE 1: select nosuch;\n               ^\n'


def test_client_encoding_follows_the_terminal(prompt):
    with prompt.start("-q", sslmode="disable") as t:
        t.wait(READY)
        assert "UTF8" in t.ask("show client_encoding;", READY)
    with prompt.start("-q", sslmode="disable", env={"PGCLIENTENCODING": "LATIN1"}) as t:
        t.wait(READY)
        assert "LATIN1" in t.ask("show client_encoding;", READY)
