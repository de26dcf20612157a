# SPDX-License-Identifier: PostgreSQL
"""README.md shows what the programs print."""
import pathlib
import subprocess

import installs

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def test_readme__blocks__are_what_is_printed():
    done = subprocess.run([ROOT / "tools/readme.py", "--check", "--pgseal", installs.pgseal()], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=90)
    assert done.returncode == 0, done.stdout
