# SPDX-License-Identifier: PostgreSQL
"""The tarball and its program: static, hardened, whole, small, with every licence, and made again the same."""
import hashlib
import pathlib
import re
import shutil
import subprocess
import tarfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
VERSION = re.search(r"version: '([\d.]+)'", (ROOT / "meson.build").read_text(encoding="utf-8")).group(1)
CLIENT_VERBS = re.findall(r"^PGSEAL_ROW\((\w+), CLIENT,", (ROOT / "src/cli/verbs.def").read_text(encoding="utf-8"), re.M)
FULL_VERBS = re.findall(r"^PGSEAL_ROW\((\w+), FULL,", (ROOT / "src/cli/verbs.def").read_text(encoding="utf-8"), re.M)


def readelf(path, *options):
    return subprocess.run(["readelf", "-W", *options, path], capture_output=True, text=True, check=True, timeout=60).stdout


def run(client, *args):
    return subprocess.run([client, *args], capture_output=True, text=True, check=False, timeout=30, env={"PATH": "/"})


def test_program__is_static_and_position_independent(client):
    assert re.search(r"Type:\s+DYN", readelf(client, "-h"))
    dynamic = readelf(client, "-d")
    assert "(NEEDED)" not in dynamic
    assert re.search(r"\(FLAGS_1\).*\bPIE\b", dynamic)
    assert "INTERP" not in readelf(client, "-l")
    ldd = subprocess.run(["ldd", client], capture_output=True, text=True, check=False, timeout=20)
    assert "statically linked" in ldd.stdout


def test_program__is_hardened(client):
    segments, dynamic = readelf(client, "-l"), readelf(client, "-d")
    assert "GNU_RELRO" in segments
    assert re.search(r"\(FLAGS(_1)?\).*\b(BIND_)?NOW\b", dynamic)
    assert re.search(r"GNU_STACK\s.*\sRW\s", segments)
    assert "TEXTREL" not in dynamic
    assert not re.search(r"\(R(UN)?PATH\)", dynamic)
    # No segment is writable and executable at once.
    assert not re.search(r"^\s+LOAD.*\sRWE\s", segments, re.M)


def test_program__objects_are_compiled_with_the_flags():
    names = subprocess.run(["nm", ROOT / "build-static/pgseal"], capture_output=True, text=True, check=True, timeout=60).stdout
    assert " __stack_chk_fail" in names
    assert re.search(r" __\w+_chk$", names, re.M)


def test_program__cannot_load_anything():
    names = subprocess.run(["nm", ROOT / "build-static/pgseal"], capture_output=True, text=True, check=True, timeout=60).stdout
    found = {line.split()[-1] for line in names.splitlines()}
    assert {"getaddrinfo", "dlopen", "getpwuid_r"} <= found  # ours
    assert not {"_dl_open", "dl_open_worker", "__nss_module_load", "__nss_database_get", "__nss_lookup_function"} & found


def test_program__holds_no_path_of_this_machine(client):
    text = client.read_bytes()
    assert str(ROOT).encode() not in text
    assert b"/.deps/" not in text


def test_program__its_size(client, tarball, record_property):
    size = client.stat().st_size
    record_property("bytes", size)
    print(f"program {size / 1e6:.1f} MB, tarball {tarball.stat().st_size / 1e6:.1f} MB")
    assert size < 12e6


def test_program__says_its_version_and_verbs(client):
    assert run(client, "--version").stdout == f"pgseal {VERSION}\n"
    p = run(client, "--help")
    assert set(re.findall(r"^  (\w+)  ", p.stdout, re.M)) == set(CLIENT_VERBS)
    for verb in CLIENT_VERBS:
        assert run(client, verb, "--help").returncode == 0
    for verb in FULL_VERBS:
        p = run(client, verb)
        assert (p.returncode, p.stdout) == (2, "")
        assert p.stderr.startswith(f'pgseal: error: this pgseal is the client alone and has no verb "{verb}"\n')


def test_tarball__holds_what_it_says(unpacked):
    files = {str(p.relative_to(unpacked)) for p in unpacked.rglob("*") if p.is_file()}
    assert {"bin/pgseal", "README.md", "LICENSE", "licenses/README.md", "share/bash-completion/completions/pgseal",
            "share/zsh/site-functions/_pgseal", "share/man/man1/pgseal.1"} <= files
    pages = {pathlib.PurePath(f).name for f in files if f.startswith("share/man/")}
    assert {f"pgseal-{verb}.1" for verb in CLIENT_VERBS} <= pages
    assert not {f"pgseal-{verb}.1" for verb in FULL_VERBS} & pages
    assert "@" not in re.sub(r"\S+@\S+\.\S+", "", (unpacked / "README.md").read_text())


def test_tarball__completion_is_of_this_program(unpacked):
    text = (unpacked / "share/bash-completion/completions/pgseal").read_text()
    below = re.search(r"\['pgseal'\]='([a-z ]+)'", text).group(1).split()
    assert set(below) == set(CLIENT_VERBS)


def test_tarball__belongs_to_root_and_has_one_time(tarball):
    with tarfile.open(tarball) as tar:
        members = tar.getmembers()
    assert {(m.uid, m.gid, m.uname) for m in members} == {(0, 0, "root")}
    assert len({m.mtime for m in members}) == 1
    assert {m.mode for m in members} == {0o755, 0o644}
    assert [m.name for m in members] == sorted(m.name for m in members)


def test_tarball__checksum_fits(tarball):
    line = pathlib.Path(f"{tarball}.sha256").read_text()
    assert line == f"{hashlib.sha256(tarball.read_bytes()).hexdigest()}  {tarball.name}\n"


def test_licences__of_everything_the_linker_took(unpacked):
    text = (unpacked / "licenses/README.md").read_text()
    listed = set(re.findall(r"^\| ([a-z0-9.-]+) \| \d\S* \|", text, re.M))
    assert {"openssl", "glibc", "libidn", "libedit", "jansson", "c-ares", "curl", "gcc-12"} <= listed
    for name in listed:
        assert (unpacked / f"licenses/{name}.copyright").stat().st_size > 200, name
    for name in ("LGPL-2.1", "LGPL-3", "GPL-3", "Apache-2.0"):
        assert (unpacked / f"licenses/common/{name}").is_file(), name


def test_sources__are_whole(tarball, tmp_path):
    sources = tarball.with_name(f"pgseal-{VERSION}-sources.tar.gz")
    if not sources.exists():
        pytest.skip("no archive of sources: the mirror could not give them, ./dev dist said so")
    with tarfile.open(sources) as tar:
        tar.extractall(tmp_path)
    top = tmp_path / f"pgseal-{VERSION}-sources"
    for name in ("glibc", "libidn"):
        (dsc,) = (top / "linked").glob(f"{name}_*.dsc")
        for digest, part in re.findall(r"^ ([0-9a-f]{64}) \d+ (\S+)$", dsc.read_text(), re.M):
            assert hashlib.sha256((top / "linked" / part).read_bytes()).hexdigest() == digest, part
    assert (top / "pgseal/dev").stat().st_mode & 0o111
    assert (top / "pgseal/meson.build").read_text() == (ROOT / "meson.build").read_text()


@pytest.mark.timeout(400)
def test_tarball__made_again_elsewhere__is_the_same(tarball, tmp_path):
    # Another folder, another build directory, from the files alone: no git, no leftovers.
    again = tmp_path / "another place"
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, text=True,
                            check=False, timeout=20)
    if listed.returncode != 0:
        pytest.skip("not a git tree: which files are sources is not known")
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (again / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, again / name)
    with tarfile.open(tarball) as tar:
        epoch = str(tar.getmembers()[0].mtime)
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SOURCE_DATE_EPOCH": epoch, "PKG_CONFIG_PATH": str(ROOT / ".deps/curl/lib/pkgconfig")}

    def do(*args):
        p = subprocess.run(args, cwd=again, env=env, capture_output=True, text=True, check=False, timeout=300)
        assert p.returncode == 0, (p.stdout + p.stderr)[-3000:]

    do("meson", "setup", "b2", "-Dtests=false", "-Dclient_only=true", "-Dstatic=true")
    do("ninja", "-C", "b2")
    do("/usr/bin/python3", "tools/make_dist.py", "b2", "out", str(ROOT / ".deps/sources"), str(ROOT / ".deps/curl"))
    assert hashlib.sha256((again / "out" / tarball.name).read_bytes()).hexdigest() == hashlib.sha256(tarball.read_bytes()).hexdigest()
