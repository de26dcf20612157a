# SPDX-License-Identifier: PostgreSQL
"""pgseal demo: it tells the story as planned, and leaves nothing behind however it ends."""
import glob
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time

import pytest

import installs


@pytest.fixture
def demo(workdir):
    """Runs the demo with its directories in one of ours, which the server's user may enter too."""
    base = pathlib.Path(tempfile.mkdtemp(dir=workdir))
    base.chmod(0o755)

    def run(*args, **kwargs):
        env = dict(os.environ, TMPDIR=str(base), NO_COLOR="1")
        return subprocess.Popen([installs.pgseal(), "demo", *args], env=env, text=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kwargs)

    run.dir = base
    return run


def command_lines():
    """Of all processes there are."""
    found = set()
    for name in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            found.add(pathlib.Path(name).read_bytes())
        except OSError:
            pass  # it has just ended
    return found


def servers_below(path):
    return [line for line in command_lines() if str(path).encode() in line and b"postgres" in line]


def test_demo__whole_story__every_step_as_it_says(demo):
    child = demo()
    out, err = child.communicate(timeout=60)
    assert child.returncode == 0, out + err
    assert re.search(r"18 of 18 steps went as the story says, [0-9.]+ s$", out.rstrip()), out
    assert "!!" not in out
    assert list(demo.dir.iterdir()) == []
    assert servers_below(demo.dir) == []


def test_demo__interrupted__stops_the_server_and_removes_everything(demo):
    child = demo()
    for line in child.stdout:
        if line.startswith("== "):
            break
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=30)
    assert child.returncode == 1
    assert list(demo.dir.iterdir()) == []
    assert servers_below(demo.dir) == []


def test_demo__killed__server_does_not_survive(demo):
    child = demo()
    for line in child.stdout:
        if line.startswith("== "):
            break
    child.kill()
    child.communicate(timeout=30)
    deadline = time.monotonic() + 15
    while servers_below(demo.dir) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert servers_below(demo.dir) == []


def test_demo__keep__says_how_to_connect_and_it_works(demo, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "of-another-server")
    child = demo("--keep")
    out, err = child.communicate(timeout=60)
    assert child.returncode == 0, out + err
    command = re.search(r"PGPASSFILE=(\S+) pgseal connect \\\n\s+\"(.*?)\"", out, re.S)
    end = re.search(r"kill -INT (\d+) && rm -r (\S+)", out)
    try:
        assert command and end, out
        conninfo = " ".join(command.group(2).replace("\\\n", " ").split())
        done = subprocess.run([installs.pgseal(), "connect", conninfo, "-At", "-c", "select ssl_is_used()"],
                              env=dict({k: v for k, v in os.environ.items() if k != "PGPASSWORD"},
                                       PGPASSFILE=command.group(1)), text=True,
                              capture_output=True, timeout=20)
        assert (done.returncode, done.stdout) == (0, "t\n"), done.stderr
        assert os.stat(command.group(1)).st_mode & 0o077 == 0
        assert b"of-another-server" not in pathlib.Path("/proc/%s/environ" % end.group(1)).read_bytes()
    finally:
        os.kill(int(end.group(1)), signal.SIGINT)
        deadline = time.monotonic() + 15
        while servers_below(demo.dir) and time.monotonic() < deadline:
            time.sleep(0.1)
        subprocess.run(["rm", "-r", end.group(2)], check=True)
    assert servers_below(demo.dir) == []


def test_demo__no_password_in_output_or_command_lines(demo):
    child = demo()
    seen = set()
    password = None
    while child.poll() is None:
        seen |= command_lines()
        for name in glob.glob(f"{demo.dir}/pgseal-demo-*/client/pgpass"):
            try:
                password = pathlib.Path(name).read_text().strip().rsplit(":", 1)[1]
            except (OSError, IndexError):
                pass
        time.sleep(0.02)
    out, err = child.communicate()
    assert password and len(password) == 32
    assert password not in out + err
    assert not any(password.encode() in text for text in seen)


@pytest.mark.parametrize("args,words", [
    (["--pgbin", "/nonexistent"], "no PostgreSQL server programs in \"/nonexistent\""),
])
def test_demo__no_server__says_what_to_install(demo, args, words):
    child = demo(*args)
    out, err = child.communicate(timeout=20)
    assert child.returncode == 3
    assert words in err and "fix:" in err


@pytest.mark.parametrize("args", [["--nonsense"], ["extra"]])
def test_demo__wrong_usage__exit_2(demo, args):
    child = demo(*args)
    out, err = child.communicate(timeout=20)
    assert child.returncode == 2
    assert args[0] in err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives the server another user")
def test_demo__closed_directory__says_so(demo):
    demo.dir.chmod(0o700)
    child = demo()
    out, err = child.communicate(timeout=20)
    assert child.returncode == 3
    assert "cannot enter" in err and "TMPDIR=/tmp" in err
    assert list(demo.dir.iterdir()) == []
