# SPDX-License-Identifier: PostgreSQL
"""What `pgseal ca fetch` does to files: what must stay stays, whatever goes wrong; and the real bundles as its source."""
import hashlib
import json
import os
import pty
import resource
import select
import shutil
import signal
import ssl
import subprocess
import time

import pytest

import ca_stage
import rds_bundle
from ca_stage import OLD, refused, untouched
from rds_bundle import Minted

web_ca, web, place, old = ca_stage.web_ca, ca_stage.web, ca_stage.place, ca_stage.old  # fixtures


# ---- what would be lost --------------------------------------------------------------------------------------------------


def test_fetch__onto_a_private_key__is_refused(place, web, web_ca):
    place.file.write_bytes(OLD + web_ca.key_pem)
    p = place.from_web(web.url("good"))
    refused(p, "EXISTS", 1)
    assert place.file.read_bytes() == OLD + web_ca.key_pem
    assert place.files() == ["bundle.pem"]


def test_fetch__onto_somebody_elses_authorities__is_refused(place, web, web_ca):
    place.file.write_bytes(OLD + web_ca.pem)
    p = place.from_web(web.url("good"))
    refused(p, "EXISTS", 1)
    assert "pgseal test web authority" in p.stderr
    assert place.file.read_bytes() == OLD + web_ca.pem


def test_fetch__onto_another_partition__is_refused(place):
    commercial, gov = rds_bundle.rds("eu-minted-1"), rds_bundle.rds("us-gov-minted-1")
    (place.dir.parent / "gov.pem").write_bytes(gov.pem)
    (place.dir / "global-bundle.pem").write_bytes(commercial.pem)
    p = place.fetch("--gov", "--from", str(place.dir.parent / "gov.pem"))
    refused(p, "EXISTS", 1)
    assert (place.dir / "global-bundle.pem").read_bytes() == commercial.pem


def test_fetch__onto_an_error_page__replaces_and_keeps_it(place, web):
    place.file.write_bytes(b'<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>')
    p = place.from_web(web.url("good"))
    assert place.file.read_bytes() == rds_bundle.bundle()
    assert "  was:  no bundle. The file is an S3 error page" in " ".join(p.stdout.split("\n"))
    assert (place.dir / "bundle.pem~").read_bytes().startswith(b"<?xml")


@pytest.mark.parametrize("was", [
    b"root:x:0:0:root:/root:/bin/sh\n", b"listen_addresses = '*'\n", b"\x7fELF\x02\x01\x01\x00\x00", b"#!/bin/sh\nexit 0\n",
    b'<?xml version="1.0"?>\n<Server port="8005"/>\n', b"{}\n",
    b"-----BEGIN DH PARAMETERS-----\nMAYCAQUCAQI=\n-----END DH PARAMETERS-----\n"],
    ids=["passwd", "settings", "elf", "script", "xml", "json", "dh"])
def test_fetch__onto_something_else__is_refused(place, web, was):
    """A name that was mistyped: what was never a bundle stays what it is, whatever is allowed."""
    place.file.write_bytes(was)
    inode = place.file.stat().st_ino
    p = place.from_web(web.url("good"), allow=("--allow-gone", "--allow-foreign"))
    refused(p, "EXISTS", 1)
    assert '"bundle.pem" is no bundle of certificates and is not replaced' in p.stderr
    assert (place.file.read_bytes(), place.file.stat().st_ino, place.files()) == (was, inode, ["bundle.pem"])


@pytest.mark.parametrize("was", [
    b"", b"\n", b"<!DOCTYPE html>\n<html><body>404</body></html>\n", OLD[:400], OLD.replace(b"-----END CERTIFICATE-----", b"", 1),
    b"-----BEGIN CERTIFICATE-----\nPUT YOUR CERTIFICATE HERE\n-----END CERTIFICATE-----\n"],
    ids=["empty", "blank", "html", "cut", "no-end", "placeholder"])
def test_fetch__onto_what_should_have_been_a_bundle__replaces_it(place, web, was):
    place.file.write_bytes(was)
    p = place.from_web(web.url("good"))
    assert p.stdout.startswith("bundle.pem: written\n"), p.stderr
    assert (place.file.read_bytes(), (place.dir / "bundle.pem~").read_bytes()) == (rds_bundle.bundle(), was)


def test_fetch__authority_of_others_comes_in__only_when_allowed(place, web_ca, tmp_path):
    (tmp_path / "mixed.pem").write_bytes(rds_bundle.bundle() + web_ca.pem)
    command = ("--region", "eu-minted-1", "--from", str(tmp_path / "mixed.pem"), "-o", "bundle.pem")
    for was in (None, rds_bundle.bundle()):
        if was is not None:
            place.file.write_bytes(was)
        p = place.fetch(*command)
        assert (p.returncode, p.stdout) == (1, "")
        assert "\n  code: CA_FETCH_FOREIGN\n" in p.stderr and '"pgseal test web authority"' in p.stderr
        assert f"sha256 {web_ca.sha256}" in p.stderr
        assert place.files() == ([] if was is None else ["bundle.pem"])
        assert was is None or place.file.read_bytes() == was
    facts = json.loads(place.fetch(*command, "--json").stdout)
    assert (facts["status"], [f["id"] for f in facts["findings"]]) == ("refused", ["CA_FETCH_FOREIGN"])
    p = place.fetch(*command[:-2], "-o", "-")
    assert (p.returncode, p.stdout) == (1, "")
    p = place.fetch(*command, "--allow-foreign")
    assert p.stdout.startswith("bundle.pem: written\n") and "code: CA_FETCH_FOREIGN" in p.stdout
    # What the file has already is no news: a fetch of the same and more goes through, and is told.
    more = rds_bundle.bundle() + web_ca.pem + rds_bundle.rds("eu-minted-1", "RSA4096").pem + b"# more\n"
    (tmp_path / "mixed.pem").write_bytes(more)
    p = place.fetch(*command)
    assert (p.returncode, p.stdout.startswith("bundle.pem: written\n"), place.file.read_bytes()) == (1, True, more), p.stderr


def test_fetch__smaller_bundle__replaces_only_when_allowed(old, web):
    p = old.from_web(web.url("good"), allow=())
    assert (p.returncode, p.stdout) == (1, "")
    assert 'lacks 2 roots of "bundle.pem" that have not ended' in " ".join(p.stderr.split())
    assert "\n  code: CA_FETCH_GONE\n" in p.stderr and p.stderr.count("eu-before-1 Root CA") == 2
    untouched(old)
    p = old.from_web(web.url("good"), "--json", allow=())
    facts = json.loads(p.stdout)
    assert (facts["status"], [f["id"] for f in facts["findings"]]) == ("refused", ["CA_FETCH_GONE"])
    untouched(old)
    p = old.from_web(web.url("good"), "--check", allow=())
    assert p.stdout.startswith("bundle.pem: differs\n") and "code: CA_FETCH_GONE" in p.stdout
    untouched(old)
    p = old.from_web(web.url("good"), allow=("--allow-gone",))
    assert p.stdout.startswith("bundle.pem: written\n") and "code: CA_FETCH_GONE" in p.stdout
    assert (old.dir / "bundle.pem~").read_bytes() == OLD


def test_fetch__only_ended_roots_go__nobody_is_asked(place, web):
    ended = Minted("Amazon RDS eu-minted-1 Root CA RSA1024 G1", days=(-900, -1))
    place.file.write_bytes(rds_bundle.bundle() + ended.pem)
    p = place.from_web(web.url("good"), allow=())
    assert p.stdout.startswith("bundle.pem: written\n"), p.stderr
    assert "CA_FETCH_GONE" not in p.stdout and place.file.read_bytes() == rds_bundle.bundle()


def test_fetch__onto_a_directory_or_device__is_refused(place, web):
    place.file.mkdir()
    p = place.from_web(web.url("good"))
    assert (p.returncode, "is a directory" in p.stderr) == (1, True)
    p = place.from_web(web.url("good"), "-o", "/dev/null")
    assert (p.returncode, "no regular file" in p.stderr) == (1, True)


# ---- what goes wrong here ------------------------------------------------------------------------------------------------


def test_fetch__disk_full__old_file_is_whole(old, web):
    if os.getuid() != 0:
        pytest.skip("only root can mount a small file system")
    script = ('mount -t tmpfs -o size=8k tmpfs "$1" && cp "$2" "$1/bundle.pem" && cd "$1" && shift 2 && "$@"; code=$?; '
              'ls -A . >&2; cmp bundle.pem "$OLD_FILE" && exit $code; exit 99')
    keep = old.dir.parent / "old.pem"
    keep.write_bytes(OLD)
    small = old.dir.parent / "small"
    small.mkdir()
    p = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", small, keep,
                        *old.command("--region", "eu-minted-1", "--from", web.url("good"), "--cacert", str(old.ca), "-o",
                                     "bundle.pem", "--allow-gone")],
                       env={**old.env, "OLD_FILE": str(keep)}, capture_output=True, text=True, check=False, timeout=30)
    if "permission denied" in p.stderr.lower() or "Operation not permitted" in p.stderr:
        pytest.skip("no mount namespaces here: " + p.stderr)
    assert p.returncode == 1, p.stderr
    assert "No space left on device" in p.stderr
    assert "\n  code: FILE\n" in p.stderr
    assert [line for line in p.stderr.splitlines()[-3:] if line.startswith("bundle")][0] == "bundle.pem"
    assert "\n." not in p.stderr


def test_fetch__file_size_limit__old_file_is_whole(old, web):
    p = old.from_web(web.url("good"), preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1500, 1500)))
    assert p.returncode == 1
    assert "File too large" in p.stderr
    assert old.file.read_bytes() == OLD
    # The copy of the old file fitted, or it did not: in no case a half one.
    assert old.files() in (["bundle.pem"], ["bundle.pem", "bundle.pem~"])


def test_fetch__read_only_directory__old_file_is_whole(old, web):
    if os.getuid() != 0:
        pytest.skip("needs root to become another user")
    for d in (old.dir.parent, *old.dir.parent.parents):
        if not d.stat().st_mode & 0o005 == 0o005:
            d.chmod(d.stat().st_mode | 0o055)
    old.dir.chmod(0o755)
    old.program = shutil.copy(old.program, old.dir.parent / "pgseal")  # the other user may not enter root's folders
    p = old.from_web(web.url("good"), user=65534, group=65534, extra_groups=[])
    assert (p.returncode, "\n  code: FILE\n" in p.stderr, p.stdout) == (1, True, "")
    assert "Permission denied" in p.stderr
    untouched(old)


KILLER = r"""
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
/* Ends the program at the Nth call of what it is about to do with a file. */
static void maybe(const char *what)
{
    static int calls;
    const char *at = getenv("KILL_AT");

    if (at != NULL && strcmp(at, what) == 0 && ++calls == atoi(getenv("KILL_NTH")))
        kill(getpid(), SIGKILL);
}
int linkat(int a, const char *b, int c, const char *d, int flags)
{
    if (getenv("NO_TMPFILE") != NULL) {
        errno = ENOENT;
        return -1;
    }
    return (int)syscall(SYS_linkat, a, b, c, d, flags);
}
int fsync(int fd) { maybe("fsync"); return fdatasync(fd); }
int renameat2(int, const char *, int, const char *, unsigned);
int rename(const char *a, const char *b) { maybe("rename"); return renameat2(-100, a, -100, b, 0); }
"""


@pytest.fixture(scope="module", name="killer")
def _killer(tmp_path_factory):
    directory = tmp_path_factory.mktemp("killer")
    (directory / "killer.c").write_text(KILLER)
    subprocess.run(["cc", "-D_GNU_SOURCE", "-shared", "-fPIC", "-o", directory / "killer.so", directory / "killer.c"], check=True,
                   timeout=60)
    return str(directory / "killer.so")


@pytest.mark.parametrize("call,nth,kept,new", [
    ("fsync", 1, False, False), ("rename", 1, False, False), ("fsync", 2, True, False), ("fsync", 3, True, False),
    ("rename", 2, True, False), ("fsync", 4, True, True)])
def test_fetch__killed_while_writing__the_file_is_old_or_new(old, web, unsanitized, killer, call, nth, kept, new):
    old.program = unsanitized
    p = old.from_web(web.url("good"), env={"LD_PRELOAD": killer, "KILL_AT": call, "KILL_NTH": str(nth)})
    assert p.returncode == -signal.SIGKILL
    assert old.file.read_bytes() == (rds_bundle.bundle() if new else OLD)
    assert (old.dir / "bundle.pem~").exists() == kept
    if kept:
        assert (old.dir / "bundle.pem~").read_bytes() == OLD
    # What a kill -9 leaves just before a rename is a name nobody reads; before that nothing. The next fetch works.
    assert len([f for f in old.files() if f.startswith(".bundle.pem")]) == (1 if call == "rename" else 0)
    p = old.from_web(web.url("good"))
    assert old.file.read_bytes() == rds_bundle.bundle()


def test_fetch__backup_name_is_a_link__is_not_followed(old, web):
    """Who may write to the directory must not choose which file of root's becomes the copy."""
    precious = old.dir.parent / "precious"
    precious.write_text("keep me")
    (old.dir / "bundle.pem~").symlink_to(precious)
    p = old.from_web(web.url("good"))
    assert p.stdout.startswith("bundle.pem: written\n")
    assert precious.read_text() == "keep me"
    assert not (old.dir / "bundle.pem~").is_symlink()
    assert (old.dir / "bundle.pem~").read_bytes() == OLD


def test_fetch__onto_a_link_to_nothing__is_refused(place, web):
    place.file.symlink_to("nowhere.pem")
    p = place.from_web(web.url("good"))
    assert (p.returncode, "\n  code: EXISTS\n" in p.stderr, p.stdout) == (1, True, "")
    assert place.files() == ["bundle.pem"] and place.file.is_symlink()


def test_fetch__libcurl_is_not_there__is_said(old, web):
    empty = old.dir.parent / "lib"
    empty.mkdir()
    subprocess.run(["cc", "-shared", "-x", "c", "-o", empty / "libcurl.so.4", "/dev/null"], check=True, timeout=60)
    p = old.from_web(web.url("good"), env={"LD_LIBRARY_PATH": str(empty)})
    if p.stdout.startswith("bundle.pem: written"):
        pytest.skip("this program has libcurl inside: it is a static one")
    assert p.returncode == 3
    assert "fetching needs libcurl, which is not there" in p.stderr and "--from FILE" in p.stderr
    untouched(old)


def test_fetch__file_system_without_nameless_files__works_too(old, web, unsanitized, killer):
    """O_TMPFILE is refused, as by NFS: a temporary file with a name does it."""
    old.program = unsanitized
    p = old.from_web(web.url("good"), env={"LD_PRELOAD": killer, "NO_TMPFILE": "1"})
    assert p.stdout.startswith("bundle.pem: written\n")
    assert (old.dir / "bundle.pem~").read_bytes() == OLD
    assert old.file.read_bytes() == rds_bundle.bundle()
    assert old.files() == ["bundle.pem", "bundle.pem~"]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_fetch__ended_while_downloading__leaves_nothing(old, web, how):
    web.half.clear()
    command = old.command("--region", "eu-minted-1", "--from", web.url("hang"), "--cacert", str(old.ca), "-o", "bundle.pem")
    # nohup ignores SIGHUP for its children, and what is ignored stays so.
    with subprocess.Popen(command, cwd=old.dir, env=old.env, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          preexec_fn=lambda: how != signal.SIGKILL and signal.signal(how, signal.SIG_DFL)) as p:
        assert web.half.wait(20)
        time.sleep(0.2)
        p.send_signal(how)
        out, err = p.communicate(timeout=10)
    assert p.returncode == -how
    assert out == ""
    if how == signal.SIGINT:
        assert err.endswith("pgseal: interrupted; nothing was changed\n")
    untouched(old)


# ---- the command line ----------------------------------------------------------------------------------------------------


def test_fetch__terminal__shows_bytes_of_all(old, web):
    """On a terminal there is a bar with the bytes, and it is wiped at the end."""
    web.half.clear()
    primary, secondary = pty.openpty()
    command = old.command("--region", "eu-minted-1", "--from", web.url("hang"), "--cacert", str(old.ca), "-o", "bundle.pem",
                          "--timeout", "2")
    with subprocess.Popen(command, cwd=old.dir, env={**old.env, "TERM": "xterm"}, stderr=secondary, stdout=subprocess.PIPE) as p:
        os.close(secondary)
        shown = b""
        while select.select([primary], [], [], 10)[0]:
            try:
                piece = os.read(primary, 4096)
            except OSError:
                break
            if not piece:
                break
            shown += piece
        p.communicate(timeout=10)
    os.close(primary)
    half, whole = len(rds_bundle.bundle()) // 2, len(rds_bundle.bundle())
    assert f"]  {half} of {whole} bytes\r\x1b[K".encode() in shown
    assert b"[################" in shown
    assert b"pgseal: fetching" not in shown


@pytest.mark.parametrize("url,words", [
    ("http://example.com/global-bundle.pem", "http is not https"),
    ("HTTP://example.com/global-bundle.pem", "http is not https"),
    ("ftp://example.com/global-bundle.pem", '"ftp" is not https'),
    ("gopher://example.com/", '"gopher" is not https'),
    ("", "--from is empty"),
])
def test_fetch__other_schemes__are_refused_without_a_connection(old, url, words):
    p = old.from_web(url)
    assert p.returncode == 2
    assert words in p.stderr
    untouched(old)


@pytest.mark.parametrize("args,words", [
    ((), "name what to fetch: rds"),
    (("azure",), "name what to fetch: rds"),
    (("rds", "--gov", "--china"), "only one of"),
    (("rds", "--region", "Tokyo"), '"Tokyo" is not the name of a region'),
    (("rds", "--region", "../../etc"), "is not the name of a region"),
    (("rds", "--timeout", "soon"), "--timeout is a number of seconds"),
    (("rds", "--regoin", "eu-west-1"), "--region"),
])
def test_fetch__wrong_usage__is_2(place, args, words):
    p = subprocess.run([place.program, "ca", "fetch", *args], cwd=place.dir, env=place.env, capture_output=True, text=True,
                       check=False, timeout=10)
    assert p.returncode == 2
    assert words in p.stderr
    assert place.files() == []


def test_fetch__file_that_is_not_there__is_said(old):
    p = old.fetch("--from", "nowhere.pem", "-o", "bundle.pem")
    assert p.returncode == 3
    assert 'could not read "nowhere.pem": No such file or directory' in p.stderr
    untouched(old)


def test_fetch__libcurl__is_loaded_for_a_download_only(place, web):
    """libcurl costs 7 ms: only a download pays for it."""
    (place.dir.parent / "brought.pem").write_bytes(rds_bundle.bundle())
    env = {"LD_DEBUG": "files"}
    brought = place.fetch("--region", "eu-minted-1", "--from", str(place.dir.parent / "brought.pem"), env=env)
    loaded = place.from_web(web.url("good"), env=env)
    assert "written" in brought.stdout and "written" in loaded.stdout
    if "libssl" not in loaded.stderr:
        pytest.skip("this program loads nothing: it is a static one")
    assert "libcurl" in loaded.stderr
    assert "libcurl" not in brought.stderr


# ---- real files under these names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path,code", [
    ("wild/altered-2019-root.pem", "CA_ALTERED"),
    ("wild/one-letter-lowercased.pem", "CA_ALTERED"),
    ("wild/wrong-ca-and-broken-der.pem", "CA_BROKEN_DER"),
    ("wild/web-pki-chain-instead.pem", "CA_NOT_RDS"),
    ("wild/govcloud-named-global.pem", "CA_WRONG_PARTITION"),
    ("wild/indented-first-begin.pem", "CA_HIDDEN_BEGIN"),
    ("wild/placeholder-xxxx.pem", "CA_PLACEHOLDER"),
    ("wild/placeholder-comment.pem", "CA_PLACEHOLDER"),
    ("wild/s3-access-denied.pem", "CA_S3_ERROR"),
    ("rds-combined-ca-bundle.pem", "CA_ALL_EXPIRED"),
    ("history/global-bundle.2022-115.p7b", "CA_PKCS7"),
])
def test_fetch__real_bad_file__is_refused(old, path, code):
    if rds_bundle.real(path) is None:
        pytest.skip("the real bundles are not beside the project")
    p = old.fetch("--from", str(rds_bundle.REAL / path), "-o", "bundle.pem", "--json")
    assert p.returncode == 1
    facts = json.loads(p.stdout)
    assert (facts["status"], facts["error"]["code"]) == ("refused", "ROOT_UNUSABLE")
    assert code in [f["id"] for f in facts["findings"]]
    assert f"\n  code: {code}\n" in p.stderr
    untouched(old)


@pytest.mark.parametrize("inside", ["words\n", "Certificate:\n    Data:\n", " ", "-----BEGIN X509 CRL-----\n-----END X509 CRL-----\n"])
def test_fetch__text_between_certificates__is_refused(old, inside):
    """libpq passes over it; other readers of the file do not, and nothing that is published has any."""
    pems = rds_bundle.bundle().decode().replace("-----BEGIN", inside + "-----BEGIN").split(inside, 2)
    (old.dir.parent / "texts.pem").write_text(pems[1] + inside + pems[2])
    p = old.fetch("--region", "eu-minted-1", "--from", str(old.dir.parent / "texts.pem"), "-o", "bundle.pem")
    assert (p.returncode, p.stdout) == (1, "")
    untouched(old)


def test_fetch__comments_and_blank_lines__may_be(place):
    body = b"# by hand\n\n" + rds_bundle.bundle().replace(b"-----BEGIN", b"# one\n-----BEGIN")
    (place.dir.parent / "comments.pem").write_bytes(body)
    p = place.fetch("--region", "eu-minted-1", "--from", str(place.dir.parent / "comments.pem"), "-o", "bundle.pem")
    assert p.stdout.startswith("bundle.pem: written\n")
    assert place.file.read_bytes() == body


@pytest.mark.parametrize("path,args,n", [
    ("global-bundle.pem", (), 108), ("ap-northeast-1-bundle.pem", ("--region", "ap-northeast-1"), 3),
    ("us-gov-global-bundle.pem", ("--gov",), 10), ("us-gov-west-1-bundle.pem", ("--region", "us-gov-west-1"), 5)])
def test_fetch__real_file__is_known_and_complete(place, path, args, n):
    if rds_bundle.real(path) is None:
        pytest.skip("the real bundles are not beside the project")
    p = place.fetch(*args, "--from", str(rds_bundle.REAL / path), "-o", "bundle.pem")
    assert (p.returncode, p.stderr) == (0, "")
    assert f"  has:  {n} certificates of" in p.stdout and "known by fingerprint: all" in p.stdout
    assert place.file.read_bytes() == rds_bundle.real(path)


def test_fetch__altered_among_the_real_ones__is_found(old, tmp_path):
    """One root of the real bundle changed for one of the same name: the file is refused, the line is told."""
    body = rds_bundle.real("ap-northeast-1-bundle.pem")
    if body is None:
        pytest.skip("the real bundles are not beside the project")
    cut = body.rindex(b"-----BEGIN")
    forged = Minted("Amazon RDS ap-northeast-1 Root CA ECC384 G1")
    (tmp_path / "forged.pem").write_bytes(body[:cut] + forged.pem)
    p = old.fetch("--region", "ap-northeast-1", "--from", str(tmp_path / "forged.pem"), "-o", "bundle.pem")
    assert p.returncode == 1
    assert "\n  code: CA_IMPOSTOR\n" in p.stderr
    assert f"forged.pem:{body[:cut].count(10) + 1}: a certificate bears a published name" in p.stderr
    assert forged.sha256[:16] in "".join(p.stderr.split())
    untouched(old)


def test_fetch__one_letter_anywhere_in_a_real_root__is_refused(old, tmp_path):
    """Names, key, dates, identifiers, signature: whichever byte was changed, the root is not let in."""
    body = rds_bundle.real("ap-northeast-1-bundle.pem")
    if body is None:
        pytest.skip("the real bundles are not beside the project")
    end = body.index(b"\n-----END")
    for at in range(30, end, 41):
        if body[at:at + 1] == b"\n":
            continue
        letter = b"B" if body[at:at + 1] == b"A" else b"A"
        (tmp_path / "letter.pem").write_bytes(body[:at] + letter + body[at + 1:])
        p = old.fetch("--region", "ap-northeast-1", "--from", str(tmp_path / "letter.pem"), "-o", "bundle.pem")
        assert (p.returncode, p.stdout) == (1, ""), (at, p.stderr)
    untouched(old)


def test_fetch__history__says_what_is_missing(place):
    """A bundle of two years ago has not the roots of the regions since."""
    if rds_bundle.real("history/global-bundle.2024-102.pem") is None:
        pytest.skip("the real bundles are not beside the project")
    p = place.fetch("--from", str(rds_bundle.REAL / "history/global-bundle.2024-102.pem"), "--json")
    facts = json.loads(p.stdout)
    assert p.returncode == 1
    assert [f["id"] for f in facts["findings"]] == ["CA_FETCH_MISSING"]
    assert len(facts["missing"]) == 6
    served = rds_bundle.real("global-bundle.pem")
    there = {hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem + "-----END CERTIFICATE-----\n")).hexdigest()
             for pem in served.decode().split("-----END CERTIFICATE-----\n")[:-1]}
    assert set(facts["missing"]) < there


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: a link of another user")
def test_fetch__link_of_somebody_else__is_not_followed(place):
    target = place.dir / "target"
    target.write_bytes(OLD)
    place.file.symlink_to(target)
    os.lchown(place.file, 65534, 65534)
    done = place.fetch("--region", "eu-minted-1", "--from", str(target), "-o", "bundle.pem")
    assert done.returncode == 1 and "is a link that belongs to somebody else" in done.stderr, done.stderr
    assert target.read_bytes() == OLD and place.files() == ["bundle.pem", "target"]
