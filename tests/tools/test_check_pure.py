# SPDX-License-Identifier: PostgreSQL
"""tools/check_pure.sh finds what leads out of the core; the core itself is clean."""
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools/check_pure.sh"


def archive(tmp_path, **files):
    """An archive of one object per keyword, NAME=C text."""
    objects = []
    for name, text in files.items():
        source = tmp_path / f"{name}.c"
        source.write_text(text)
        objects.append(source.with_suffix(".o"))
        subprocess.run(["cc", "-w", "-O1", "-fno-builtin", "-c", source, "-o", objects[-1]], check=True)
    lib = tmp_path / "lib.a"
    subprocess.run(["ar", "rc", lib, *objects], check=True)
    return lib


def check(lib):
    return subprocess.run([TOOL, lib], capture_output=True, text=True, check=False)


def test_pure__allowed_and_own_names__pass(tmp_path):
    lib = archive(tmp_path,
                  a="int other(void); void *memcpy(); void *SSL_new(); int f(void) { memcpy(); SSL_new(); return other(); }",
                  b="int X509_LOOKUP_meth_new(); int X509_STORE_add_lookup(); void *PEM_read_bio_X509();"
                    "int other(void) { X509_LOOKUP_meth_new(); X509_STORE_add_lookup(); PEM_read_bio_X509(); return 0; }")
    p = check(lib)
    assert (p.returncode, p.stdout, p.stderr) == (0, "", "")


@pytest.mark.parametrize("name", [
    # the world by libc
    "read", "write", "open", "openat", "fopen", "socket", "connect", "send", "recv", "poll", "getenv", "secure_getenv",
    "time", "clock_gettime", "gmtime_r", "timegm", "printf", "puts", "fputs", "setlocale", "toupper", "strcasecmp",
    "getaddrinfo", "pthread_mutex_lock", "pthread_create", "exit", "fork", "memfd_create", "strerror", "rand", "strtod",
    "syscall", "__read_chk", "__fprintf_chk", "a_libc_function_of_next_year",
    # the world by OpenSSL
    "X509_LOOKUP_file", "X509_LOOKUP_hash_dir", "X509_STORE_load_locations", "X509_STORE_load_file",
    "X509_STORE_set_default_paths", "X509_load_cert_crl_file", "SSL_CTX_load_verify_locations",
    "SSL_CTX_use_certificate_chain_file", "SSL_use_PrivateKey_file", "SSL_CTX_set_default_verify_paths",
    "OSSL_STORE_open", "ENGINE_by_id", "PEM_read_X509", "PEM_read_PrivateKey", "PEM_write_X509", "d2i_X509_fp",
    "X509_print_fp", "ERR_print_errors_fp", "BIO_new_file", "BIO_s_file", "BIO_s_fd", "BIO_new_fd", "BIO_new_connect",
    "SSL_set_fd", "SSL_set_rfd", "UI_new", "PEM_def_callback", "CONF_modules_load_file", "OSSL_PROVIDER_load",
    "X509_cmp_current_time", "OSSL_HTTP_get", "stringprep_locale_to_utf8",
])
def test_pure__a_door_to_the_world__is_named(tmp_path, name):
    lib = archive(tmp_path, good="void *memcpy(); int g(void) { memcpy(); return 1; }",
                  door=f"int {name}(); int f(void) {{ return {name}(); }}")
    p = check(lib)
    assert p.returncode == 1
    assert p.stdout.startswith(f"door.o: {name} is ")
    assert len(p.stdout.splitlines()) == 1


def test_pure__not_an_archive__is_an_error(tmp_path):
    (tmp_path / "lib.a").write_text("no archive")
    assert check(tmp_path / "lib.a").returncode == 2
    assert check(tmp_path / "missing.a").returncode == 2
    subprocess.run(["ar", "rc", tmp_path / "empty.a"], check=True)
    assert check(tmp_path / "empty.a").returncode == 2


def test_pure__the_core__is_clean():
    lib = pathlib.Path(os.environ.get("PGSEAL_RELEASE", ROOT / "build/pgseal")).with_name("libpgseal_core.a")
    p = check(lib)
    assert p.stdout == ""
    assert p.returncode == 0
