# SPDX-License-Identifier: PostgreSQL
"""What `meson install` leaves is enough: a program of somebody else compiles, links and runs, in C and in C++."""
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Valid C11 and C++11. Reads a connection string and asks the core what it says; needs no server.
USER = r"""
#include <pgseal/pgseal.h>
#include <stdio.h>

int main(void)
{
    struct pgseal_err err;
    struct pgseal_conninfo *ci = pgseal_conninfo_new(&err);
    int rc = pgseal_conninfo_parse(ci, "host=db1 sslmod=verify-full", &err);

    printf("%s: %s\n", pgseal_code_str(err.code), err.msg);
    pgseal_conninfo_free(ci);
    return rc == PGSEAL_E_OPTION ? 0 : 1;
}
"""


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    dest = tmp_path_factory.mktemp("install")
    subprocess.run(["meson", "install", "-C", ROOT / "build", "--no-rebuild", "--destdir", dest], check=True,
                   capture_output=True, timeout=60)
    return dest / "usr/local"


def test_install__everything_is_there(prefix):
    there = {str(p.relative_to(prefix)) for p in prefix.rglob("*") if not p.is_dir()}
    wanted = {"bin/pgseal"} | {f"share/man/man1/{p.stem}" for p in (ROOT / "docs/man").glob("*.scd")}
    wanted |= {f"include/pgseal/{p.name}" for p in (ROOT / "include/pgseal").glob("*.h")}
    wanted |= {"share/bash-completion/completions/pgseal", "share/zsh/site-functions/_pgseal"}
    assert wanted <= there
    assert {pathlib.PurePath(p).name for p in there - wanted} == {"libpgseal.so", "libpgseal.so.0", "pgseal.pc"}


@pytest.mark.parametrize("compiler, standard, suffix", [("cc", "c11", "c"), ("clang++", "c++11", "cc")])
def test_install__a_users_program__runs(prefix, tmp_path, compiler, standard, suffix):
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed (./dev lint installs it)")
    (tmp_path / f"user.{suffix}").write_text(USER)
    pc = next(prefix.rglob("pgseal.pc"))
    env = {"PATH": "/usr/bin:/bin", "PKG_CONFIG_PATH": str(pc.parent), "PKG_CONFIG_SYSROOT_DIR": str(prefix.parents[1])}
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "pgseal"], capture_output=True, text=True, check=True,
                           env=env).stdout.split()
    program = tmp_path / "user"
    subprocess.run([compiler, f"-std={standard}", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
                    tmp_path / f"user.{suffix}", "-o", program, *flags], check=True, timeout=60)
    p = subprocess.run([program], capture_output=True, text=True, check=False, timeout=10,
                       env={"LD_LIBRARY_PATH": str(next(prefix.rglob("libpgseal.so.0")).parent)})
    assert p.returncode == 0
    assert p.stdout == 'OPTION: invalid connection option "sslmod"\n'
