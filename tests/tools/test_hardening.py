# SPDX-License-Identifier: PostgreSQL
"""The release program and library really are hardened: looked up in the ELF files, not in the build's options."""
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("PGSEAL_RELEASE", ROOT / "build/pgseal"))
LIBRARY = PROGRAM.with_name("libpgseal.so.0")


def readelf(path, *options):
    return subprocess.run(["readelf", "-W", *options, path], capture_output=True, text=True, check=True).stdout


@pytest.fixture(params=[PROGRAM, LIBRARY], ids=["program", "library"])
def elf(request):
    return request.param


def test_hardening__position_independent(elf):
    assert re.search(r"Type:\s+DYN", readelf(elf, "-h"))
    if elf == PROGRAM:
        assert re.search(r"\(FLAGS_1\).*\bPIE\b", readelf(elf, "-d"))


def test_hardening__full_relro(elf):
    assert "GNU_RELRO" in readelf(elf, "-l")
    assert re.search(r"\(FLAGS(_1)?\).*\b(BIND_)?NOW\b", readelf(elf, "-d"))


def test_hardening__no_executable_stack_no_text_relocation(elf):
    assert re.search(r"GNU_STACK\s.*\sRW\s", readelf(elf, "-l"))
    assert "TEXTREL" not in readelf(elf, "-d")


def test_hardening__no_search_path_for_libraries(elf):
    assert not re.search(r"\(R(UN)?PATH\)", readelf(elf, "-d"))


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="CET is x86's")
@pytest.mark.parametrize("name", ["core", "host", "cli"])
def test_hardening__control_flow_protection(name):
    # Asked of our objects: the linker drops the mark from the program, since Debian's own crt1.o is without it.
    notes = readelf(PROGRAM.with_name(f"libpgseal_{name}.a"), "-n")
    files, marked = notes.count("File: "), len(re.findall(r"x86 feature:.*\bIBT\b.*\bSHSTK\b", notes))
    assert files == marked > 0


def test_hardening__fortified_and_with_stack_guards(elf):
    symbols = readelf(elf, "--dyn-syms")
    assert "__stack_chk_fail" in symbols
    assert re.search(r" __\w+_chk@", symbols)


def test_hardening__every_unit_compiled_with_the_flags(elf):
    units = re.findall(r"DW_AT_producer\s+: (?:\(.*?\): )?(GNU C.*)", readelf(elf, "--debug-dump=info", "--dwarf-depth=1"))
    assert len(units) > 10
    for flag in ("-fstack-protector-strong", "-fstack-clash-protection", "-fcf-protection=full", "-O2"):
        assert [u for u in units if flag not in u] == []


def test_start_up__loads_only_what_every_connection_needs():
    # libedit and jansson are loaded when a prompt or --json wants them: a one-shot command pays for neither.
    needed = {n.split(".so")[0] for n in re.findall(r"\(NEEDED\).*\[(\S+)\]", readelf(PROGRAM, "-d"))}
    needed -= {"ld-linux-x86-64"}  # the loader itself: there in any case
    assert needed <= {"libssl", "libcrypto", "libidn", "libc", "libpthread"}
