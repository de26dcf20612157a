# SPDX-License-Identifier: PostgreSQL
"""The static client in a whole older distribution: Debian 11 with its glibc, locales, terminals, roots and openssl.cnf."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from conftest import CHROOT, Jail
from pki import HOST
from terminal import Terminal

ROOT = pathlib.Path(__file__).resolve().parents[2]
# The first test waits for a copy of a whole distribution.
pytestmark = pytest.mark.timeout(150)
BULLSEYE = pathlib.Path(os.environ.get("PGSEAL_CHROOTS", ROOT / ".deps/chroots")) / "bullseye"


@pytest.fixture(scope="module", name="older")
def _older(client, pki, tmp_path_factory):
    if os.geteuid() != 0:
        pytest.skip("chroot is root's alone: run as root (CI does)")
    if not BULLSEYE.is_dir():
        pytest.skip("Debian 11 is not there: ./dev dist fetches it, as root and with a mirror that has it")
    path = tmp_path_factory.mktemp("older") / "bullseye"
    shutil.copytree(BULLSEYE, path, symlinks=True, ignore=shutil.ignore_patterns("dev", "proc", "sys"))
    jail = Jail(path, client)
    jail.put("etc/hosts", f"127.0.0.1 localhost {HOST}\n").put("root.pem", pki.pem("root"))
    # As an administrator adds an authority there.
    jail.put("usr/local/share/ca-certificates/pgseal-test.crt", pki.pem("root"))
    (path / "dev").mkdir(exist_ok=True)
    (path / "dev/null").touch()
    subprocess.run([CHROOT, path, "/usr/sbin/update-ca-certificates"], check=True, capture_output=True, timeout=60,
                   env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    return jail


def inside(jail, *command):
    return subprocess.run([CHROOT, jail.path, *command], capture_output=True, text=True, check=False, timeout=20,
                          env={"PATH": "/usr/bin:/bin"})


def conninfo(server, root):
    return f"host={HOST} port={server.port} user=anyuser dbname=postgres sslmode=verify-full sslrootcert={root}"


def test_older__it_is_older_than_what_the_program_was_made_on(older):
    version = re.search(r"GLIBC (\d+)\.(\d+)|(\d+)\.(\d+)$", inside(older, "ldd", "--version").stdout.split("\n")[0])
    assert version and (2, 31) == tuple(int(v) for v in version.groups() if v)[:2]


def test_older__the_build_for_this_distribution__does_not_run_there(older):
    dynamic = ROOT / "build/pgseal"
    if not dynamic.exists():
        pytest.skip("no build/pgseal to compare with: ./dev build makes it")
    shutil.copy(dynamic, older.path / "dynamic")
    p = inside(older, "/dynamic", "--version")
    assert p.returncode != 0
    assert "GLIBC" in p.stderr or "libssl.so.3" in p.stderr or "libidn.so" in p.stderr


@pytest.mark.parametrize("root", ["/root.pem", "system"])
def test_older__verify_full__connects(older, server, root):
    p = older.run("connect", conninfo(server, root), "-Atqc", "select ssl from pg_stat_ssl where pid = pg_backend_pid()")
    assert (p.returncode, p.stdout, p.stderr) == (0, "t\n", "")


def test_older__root_user__is_found_in_its_passwd(older, server):
    p = older.run("connect", f"host=127.0.0.1 port={server.port} dbname=postgres sslmode=require", "-c", "select 1")
    assert 'role "root" does not exist' in p.stderr


def test_older__a_user_of_no_file__is_named_by_the_environment(older, server):
    p = subprocess.run([CHROOT, "--userspec=4242:4242", older.path, "/pgseal", "connect",
                        f"host=127.0.0.1 port={server.port} dbname=postgres sslmode=require", "-Atqc", "select current_user"],
                       capture_output=True, text=True, check=False, timeout=20, env={"LOGNAME": "anyuser"})
    assert (p.stdout, p.stderr) == ("anyuser\n", "")


@pytest.mark.parametrize("locale", ["C.UTF-8", "C", "ja_JP.eucJP"])
def test_older__prompt__edits_lines_in_any_locale(older, server, locale):
    env = {"PATH": "/usr/bin:/bin", "LC_ALL": locale, "HOME": "/root"}
    with Terminal([CHROOT, older.path, "/pgseal", "connect", conninfo(server, "system")], env) as t:
        t.wait("postgres=> ")
        # A typing error, and the erase key: without line editing the letter would stay.
        t.type("select 4x\x7f2;\n")
        t.wait("42")
        t.wait("postgres=> ")
        t.type("\\q\n")
        assert t.end() == 0


def test_older__prompt__takes_japanese(older, server):
    env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/root"}
    with Terminal([CHROOT, older.path, "/pgseal", "connect", conninfo(server, "system")], env) as t:
        t.wait("postgres=> ")
        t.type("select '日本語x\x7f' || length('接続');\n")
        t.wait("日本語2")
        t.type("\\q\n")
        assert t.end() == 0


@pytest.mark.parametrize("lang, encoding", [("C.UTF-8", "UTF8"), ("ja_JP.UTF-8", "UTF8"), ("ja_JP.eucJP", "EUC_JP"), ("C", "SQL_ASCII")])
def test_older__client_encoding__is_that_of_the_terminal(older, server, lang, encoding):
    p = older.run("connect", conninfo(server, "system") + " client_encoding=auto", "-Atqc", "show client_encoding", env={"LANG": lang})
    assert p.stdout == f"{encoding}\n"


def test_older__no_shared_object__is_opened(older, server):
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    p = subprocess.run(["strace", "-f", "-e", "trace=openat,open", "-o", older.path / "trace", CHROOT, older.path, "/pgseal", "connect",
                        conninfo(server, "system"), "-Atqc", "select 'é'"], capture_output=True, text=True, check=False, timeout=30,
                       env={"LC_ALL": "ja_JP.eucJP", "PATH": "/usr/bin"})
    assert p.returncode == 0, p.stderr
    opened = [line for line in (older.path / "trace").read_text().split("\n") if "open" in line]
    # What chroot itself loads comes first, and ends with its C library (and a locale).
    mine = opened[max(i for i, line in enumerate(opened) if "libc.so.6" in line) + 1:]
    assert mine and not [line for line in mine if re.search(r"\.so\b", line)]
