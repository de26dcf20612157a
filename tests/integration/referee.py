# SPDX-License-Identifier: PostgreSQL
"""Runs psql, libpq in the driver, and pgseal on the same conninfo and environment."""
import dataclasses
import os
import re
import subprocess

QUERY = ("select s.ssl, s.version, s.cipher, current_user from pg_stat_ssl s "
         "where s.pid = pg_backend_pid()")
TIMEOUT = 25


@dataclasses.dataclass
class Outcome:
    """status as psql's, text = the message after the program's name, data = what it printed."""
    status: int
    text: str
    data: str
    noise: str = ""  # other lines of stderr
    events: list = None  # what the fake server saw


def environment(home, extra=None):
    """Nothing of the caller's PG*, SSL_* or OpenSSL settings; a home directory of the test's own."""
    env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": home, "LC_ALL": "C.UTF-8", "TZ": "UTC",
           "PSQLRC": "/dev/null", "PGSEAL_HISTORY": "/dev/null"}
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "LLVM_PROFILE_FILE"):
        if name in os.environ:
            env[name] = os.environ[name]
    env.update(extra or {})
    return env


def _run(args, env, cwd=None, stdin=None):
    done = subprocess.run(args, env=env, cwd=cwd, timeout=TIMEOUT, capture_output=True,
                          stdin=subprocess.DEVNULL if stdin is None else None, input=stdin)
    return (done.returncode, done.stdout.decode("utf-8", "replace"),
            done.stderr.decode("utf-8", "backslashreplace"))


def _split(stderr, mark):
    """(what came before the first line that starts with mark, what followed the mark)."""
    m = re.search("^" + re.escape(mark), stderr, re.M)
    if not m:
        return stderr, ""
    return stderr[:m.start()], stderr[m.end():]


def psql(install, conninfo, env, sql=QUERY, cwd=None):
    """psql itself (the binary, not Debian's Perl wrapper)."""
    status, out, err = _run([install.psql, "-X", "-w", "-At", "-c", sql, conninfo], env, cwd)
    noise, text = _split(err, "psql: error: ")
    return Outcome(status, text.rstrip("\n"), out, noise)


def libpq(driver, library, conninfo, env, sql=QUERY, cwd=None):
    """The C driver with that libpq; data is its JSON line."""
    status, out, err = _run([driver, library, "connect", conninfo, sql], env, cwd)
    noise, text = _split(err, "psql: error: ")
    return Outcome(status, text.rstrip("\n"), out, noise)


def pgseal(program, conninfo, env, sql=QUERY, cwd=None, more=()):
    """Our program; text ends where its own story begins."""
    status, out, err = _run([program, "connect", "-X", "-w", "-At", *more, "-c", sql, conninfo], env, cwd)
    noise, text = _split(err, "pgseal: error: ")
    text, story = (re.split(r"^  code: ", text, 1, re.M) + [""])[:2]
    return Outcome(status, text.rstrip("\n"), out, noise + ("  code: " + story if story else ""))
