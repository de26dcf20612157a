#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""Packs a static build into tarballs that are the same, byte by byte, whenever the sources are.

usage: tools/make_dist.py BUILD OUT SOURCES CURL

BUILD    a build with -Dstatic=true -Dclient_only=true
OUT      receives pgseal-VERSION-linux-ARCH.tar.gz, its .sha256, and pgseal-VERSION-sources.tar.gz
SOURCES  where source packages are kept between runs
CURL     what tools/static_curl.sh made

What is linked in, and so which licences go along, is read from the linker's map, not from a list. SOURCE_DATE_EPOCH is
the time of every file.
"""
import gzip
import hashlib
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Source packages whose licence (LGPL) lets everybody link the program again with a changed library: they go along.
LGPL = {"glibc", "libidn"}


def run(*args, **more):
    return subprocess.run([str(a) for a in args], check=True, capture_output=True, text=True, **more).stdout


def linked_files(linker_map):
    """Archives and objects of the system that gave something to the program."""
    text = linker_map.read_text(errors="replace")
    members = text.partition("Archive member included")[2].partition("\nDiscarded input sections")[0]
    found = set(re.findall(r"^(/\S+\.a)\(", members, re.M))
    found |= set(re.findall(r"^LOAD (/\S+\.o)$", text, re.M))
    return sorted({os.path.realpath(f) for f in found})


def packages_of(files, curl):
    """{source package: (version, copyright file, [files])} of Debian's files; curl is ours."""
    out = {}
    for file in files:
        if file.startswith(str(ROOT)) or file.startswith(str(curl)):
            if not file.startswith(str(curl)):
                continue
            out["curl"] = ((curl / "version").read_text().strip(), curl / "copyright", [file])
            continue
        binary = run("dpkg", "-S", file).split(":")[0]
        source, version = run("dpkg-query", "-W", "-f", "${source:Package} ${source:Version}\n", binary).split("\n")[0].split()
        entry = out.setdefault(source, (version, pathlib.Path(f"/usr/share/doc/{binary}/copyright"), []))
        entry[2].append(file)
    return out


def licences(packages, version):
    """{name in the tarball: bytes} of licences/."""
    files, rows = {}, []
    common = set()
    for source, (ver, path, linked) in sorted(packages.items()):
        text = path.read_bytes()
        files[f"licenses/{source}.copyright"] = text
        common |= set(re.findall(rb"/usr/share/common-licenses/([A-Za-z0-9.-]*[A-Za-z0-9])", text))
        rows.append(f"| {source} | {ver} | {', '.join(sorted({pathlib.Path(f).name for f in linked}))} |")
    for name in sorted(common):
        path = pathlib.Path("/usr/share/common-licenses") / name.decode()
        if path.exists():
            files[f"licenses/common/{name.decode()}"] = path.read_bytes()
    text = (ROOT / "packaging/LICENSES.dist.md").read_text(encoding="utf-8")
    files["licenses/README.md"] = text.replace("@VERSION@", version).replace("@ROWS@", "\n".join(rows)).encode()
    return files


def tar_gz(path, top, files, epoch):
    """files: {name: (bytes, mode)}. Order, owner, time and compression depend on nothing else."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        folders = {str(p) for name in files for p in pathlib.PurePosixPath(f"{top}/{name}").parents} - {"."}
        for name in sorted(folders | {f"{top}/{n}" for n in files}):
            info = tarfile.TarInfo(name)
            info.mtime, info.uname, info.gname = epoch, "root", "root"
            if name in folders:
                info.type, info.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(info)
            else:
                data, info.mode = files[name[len(top) + 1:]]
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    with open(path, "wb") as out, gzip.GzipFile("", "wb", 9, out, mtime=0) as packed:
        packed.write(raw.getvalue())


def binary_files(build, version, arch, packages):
    program = build / "pgseal.stripped"
    run("strip", "--strip-all", "-o", program, build / "pgseal")
    readme = (ROOT / "packaging/README.dist.md").read_text(encoding="utf-8")
    readme = readme.replace("@VERSION@", version).replace("@ARCH@", arch)
    files = {"bin/pgseal": (program.read_bytes(), 0o755), "README.md": (readme.encode(), 0o644),
             "LICENSE": ((ROOT / "LICENSE").read_bytes(), 0o644)}
    for page in sorted((build / "docs/man").glob("*.1")):
        files[f"share/man/man1/{page.name}"] = (page.read_bytes(), 0o644)
    for name, where in (("pgseal", "share/bash-completion/completions/pgseal"), ("_pgseal", "share/zsh/site-functions/_pgseal")):
        files[where] = ((build / "docs/completion" / name).read_bytes(), 0o644)
    for name, data in licences(packages, version).items():
        files[name] = (data, 0o644)
    return files


def our_files():
    """The names of our own files, in a git tree or in one unpacked from the archive of sources."""
    if (ROOT / ".git").exists():
        return filter(None, run("git", "ls-files", "-co", "--exclude-standard", "-z", cwd=ROOT).split("\0"))
    made = re.compile(r"(build[^/]*|dist|\.deps|.*__pycache__)/")
    return (n for n in (str(p.relative_to(ROOT)) for p in ROOT.rglob("*")) if not made.match(n))


def parts_of(sources, wanted):
    """The files of a source package NAME=VERSION, the description first."""
    name, version = wanted.split("=")
    dsc = sources / f"{name}_{re.sub('^[0-9]+:', '', version)}.dsc"
    listed = re.findall(r"^ [0-9a-f]{64} \d+ (\S+)$", dsc.read_text(), re.M) if dsc.exists() else []
    return [dsc] + [sources / part for part in sorted(set(listed))]


class NoSources(Exception):
    """The mirror does not have what the LGPL obliges to hand on."""


def source_files(packages, sources):
    """Our own sources and the packages that the LGPL is about, as apt verified them."""
    wanted = [f"{name}={packages[name][0]}" for name in sorted(LGPL & packages.keys())]
    missing = [w for w in wanted if not all(p.exists() for p in parts_of(sources, w))]
    if missing:
        p = subprocess.run([ROOT / "tools/debian_source.sh", sources, *missing], check=False, capture_output=True, text=True)
        if p.returncode != 0:
            raise NoSources(", ".join(missing) + ":\n" + p.stderr)
    files = {}
    for w in wanted:
        for part in parts_of(sources, w):
            files[f"linked/{part.name}"] = (part.read_bytes(), 0o644)
    for name in our_files():
        path = ROOT / name
        if path.is_file():
            files[f"pgseal/{name}"] = (path.read_bytes(), 0o755 if os.access(path, os.X_OK) else 0o644)
    return files


def main():
    if len(sys.argv) != 5:
        raise SystemExit(__doc__)
    build, out, sources, curl = (pathlib.Path(a).resolve() for a in sys.argv[1:])
    epoch = int(os.environ["SOURCE_DATE_EPOCH"])
    version = json.loads(run("meson", "introspect", "--projectinfo", build))["version"]
    arch = os.uname().machine
    packages = packages_of(linked_files(build / "pgseal.map"), curl)
    out.mkdir(parents=True, exist_ok=True)
    name = f"pgseal-{version}-linux-{arch}"
    files = binary_files(build, version, arch, packages)
    tar_gz(out / f"{name}.tar.gz", name, files, epoch)
    digest = hashlib.sha256((out / f"{name}.tar.gz").read_bytes()).hexdigest()
    (out / f"{name}.tar.gz.sha256").write_text(f"{digest}  {name}.tar.gz\n")
    together = out / f"pgseal-{version}-sources.tar.gz"
    together.unlink(missing_ok=True)
    try:
        tar_gz(together, f"pgseal-{version}-sources", source_files(packages, sources), epoch)
    except NoSources as e:
        print(f"WARNING: {together.name} could not be made, and without it the LGPL does not allow to hand on the program.\n"
              f"The mirror has no sources of {e}\nAre the packages here older than the mirror's? apt-get upgrade helps then.")
    size = len(files["bin/pgseal"][0])
    print(f"{name}.tar.gz: {(out / (name + '.tar.gz')).stat().st_size / 1e6:.1f} MB, the program {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
