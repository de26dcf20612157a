# SPDX-License-Identifier: PostgreSQL
"""The shared library shows exactly what the headers promise; a change of that is a change of tests/data/abi.txt."""
import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIBRARY = pathlib.Path(os.environ.get("PGSEAL_RELEASE", ROOT / "build/pgseal")).with_name("libpgseal.so.0")


def exported():
    out = subprocess.run(["nm", "-D", "--defined-only", LIBRARY], capture_output=True, text=True, check=True).stdout
    return sorted(line.split()[-1] for line in out.splitlines())


def declared():
    """Functions that include/pgseal marks PGSEAL_API."""
    names = set()
    for header in (ROOT / "include/pgseal").glob("*.h"):
        text = re.sub(r"/\*.*?\*/", "", header.read_text(encoding="utf-8"), flags=re.S)
        names |= set(re.findall(r"^PGSEAL_API\b[^;(]*?\b(pgseal_\w+)\(", text, re.M))
    return sorted(names)


def test_abi__exported_names__are_the_recorded_ones():
    recorded = [line for line in (ROOT / "tests/data/abi.txt").read_text().split("\n") if line and not line.startswith("#")]
    assert exported() == recorded


def test_abi__every_declared_function__is_there_and_nothing_else():
    assert exported() == declared()


def test_abi__soname__has_the_version():
    out = subprocess.run(["readelf", "-d", LIBRARY], capture_output=True, text=True, check=True).stdout
    assert re.search(r"\(SONAME\).*\[libpgseal\.so\.0\]", out)


def test_abi__needed_libraries__are_few():
    out = subprocess.run(["readelf", "-d", LIBRARY], capture_output=True, text=True, check=True).stdout
    needed = {n.split(".so")[0] for n in re.findall(r"\(NEEDED\).*\[(\S+)\]", out)}
    assert needed <= {"libssl", "libcrypto", "libidn", "libc", "libpthread"}
