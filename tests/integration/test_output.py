# SPDX-License-Identifier: PostgreSQL
"""What every verb does when its output has nowhere to go: a full disk, a closed descriptor."""
import os
import subprocess

import pytest

import referee
import rds_bundle

# What ends with 0 and needs no server.
COMMANDS = [["--help"], ["--version"], ["ca", "--help"], ["status", "--help"], ["explain"], ["explain", "sslmode"],
            ["explain", "--json", "sslmode"], ["ca", "known"], ["ca", "known", "--json"], ["ca", "show", "roots.pem"],
            ["ca", "show", "--json", "roots.pem"], ["ca", "diff", "roots.pem", "roots.pem"],
            ["ca", "export", "roots.pem", "--pem"], ["ca", "list", "--dir", "authority"],
            ["ca", "list", "--json", "--dir", "authority"],
            ["ca", "rotate", "--dry-run", "--dir", "authority"],
            ["ca", "verify", "db1.crt", "--with", "authority/root.crt"]]


@pytest.fixture(scope="module")
def place(program, tmp_path_factory):
    """A directory with a file of roots, an authority and its certificate; the environment."""
    path = tmp_path_factory.mktemp("output")
    env = referee.environment(str(path))
    (path / "roots.pem").write_bytes(rds_bundle.Minted("a root of somebody").pem)
    for args in (["init", "--dir", "authority"], ["issue", "--dir", "authority", "db1"]):
        subprocess.run([program, "ca", *args], cwd=path, env=env, check=True, capture_output=True, timeout=20)
    return path, env


def run(program, place, args, **how):
    path, env = place
    return subprocess.run([program, *args], cwd=path, env=env, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                          timeout=20, check=False, **how)


@pytest.mark.parametrize("args", COMMANDS, ids=" ".join)
def test_output__nowhere_to_go__is_no_success(program, place, args):
    done = run(program, place, args, stdout=subprocess.PIPE)
    assert (done.returncode, done.stderr.count("error")) == (0, 0) and done.stdout
    with open("/dev/full", "w", encoding="ascii") as full:
        done = run(program, place, args, stdout=full)
    assert done.returncode == 1 and done.stderr.count("pgseal: error: could not write to standard output") == 1
    done = run(program, place, args, preexec_fn=lambda: os.close(1))
    assert done.returncode == 1 and done.stderr.count("pgseal: error: could not write to standard output") == 1
