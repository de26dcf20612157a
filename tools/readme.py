#!/usr/bin/python3
# SPDX-License-Identifier: PostgreSQL
"""What README.md, README.ja.md and docs/demo.md show is what the programs print: makes their blocks, or checks them.

    tools/readme.py [--check] [--pgseal PROGRAM] [--psql PROGRAM]

A block stands between `<!-- readme: NAME -->` and `<!-- end -->`. `demo` is the transcript of
`pgseal demo`; `pair-*` is one command given to psql and to pgseal, on the server of `pgseal demo --keep`. Ports,
directories, times and versions are made equal before comparing, and ports and directories before writing.
"""
import argparse
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "README.ja.md", ROOT / "docs/demo.md"]
BLOCK = re.compile(r"(<!-- readme: (\S+) -->\n)(.*?)(<!-- end -->)", re.S)
HOST = "demo.cluster-cx5u2qk1abcd.ap-northeast-1.rds.amazonaws.com"

# NAME: what the server presents, the connection string, what else stands on the command line.
PAIRS = {
    "pair-region": ("current", "host=$HOST sslmode=verify-full sslrootcert=us-east-1-bundle.pem", []),
    "pair-expired": ("expired-subordinate",
                     "host=$HOST sslmode=verify-full sslrootcert=ap-northeast-1-bundle.pem", []),
    "pair-missing": ("current", "host=$HOST sslmode=require sslrootcert=missing.pem",
                     ["-At", "-c", "select ssl_is_used()"]),
}

# NAME: what the server presents, the words behind `pgseal`, how many lines of the answer are shown.
ONES = {
    "one-status": ("current", ["status", "host=$HOST sslmode=verify-full sslrootcert=ap-northeast-1-bundle.pem"], 20),
}


def run(argv, env=None, cwd=None):
    done = subprocess.run(argv, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=60)
    return done.stdout


class Server:
    """The server that `pgseal demo --keep` leaves running; ended and removed by `end`."""

    def __init__(self, pgseal, tmp):
        self.pgseal = pgseal
        self.out = run([pgseal, "demo", "--keep"], env=dict(os.environ, TMPDIR=tmp, NO_COLOR="1"))
        kept = re.search(r"kill -INT (\d+) && rm -r (\S+)", self.out)
        if not kept or "went as the story says" not in self.out:
            sys.exit("the demo failed:\n" + self.out)
        self.pid, self.dir = int(kept.group(1)), kept.group(2)
        self.port = re.search(r"127\.0\.0\.1:(\d+)", self.out).group(1)
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        self.env.update(PGHOSTADDR="127.0.0.1", PGPORT=self.port, PGUSER="postgres", PGDATABASE="postgres",
                        PGPASSFILE=self.dir + "/client/pgpass", HOME=self.dir, NO_COLOR="1", LC_ALL="C.UTF-8")

    def sql(self, *statements):
        argv = [self.pgseal, "connect", "host=%s sslmode=require" % HOST, "-q"]
        for statement in statements:
            argv += ["-c", statement]
        return run(argv, env=self.env)

    def present(self, identity):
        """The server's certificate; waits until a new session sees the reload."""
        before = self.sql("select pg_conf_load_time()")
        self.sql("alter system set ssl_cert_file = '%s.pem'" % identity,
                 "alter system set ssl_key_file = '%s.key'" % identity, "select pg_reload_conf()")
        for _ in range(100):
            if self.sql("select pg_conf_load_time()") != before:
                return
            time.sleep(0.05)
        sys.exit("the server did not reload")

    def pair(self, psql, identity, conninfo, more):
        self.present(identity)
        text = ""
        for shown, argv in (("psql", [psql]), ("pgseal connect", [self.pgseal, "connect"])):
            out = run(argv + [conninfo.replace("$HOST", HOST)] + more, env=self.env, cwd=self.dir + "/client")
            words = " ".join('"%s"' % word if " " in word else word for word in [conninfo] + more)
            text += "$ %s %s\n%s" % (shown, words, out)
        self.present("current")
        return "```console\n" + self.plain(text) + "```\n"

    def one(self, identity, argv, lines):
        self.present(identity)
        out = run([self.pgseal] + [word.replace("$HOST", HOST) for word in argv], env=self.env,
                  cwd=self.dir + "/client").splitlines(keepends=True)
        words = " ".join('"%s"' % word if " " in word else word for word in argv)
        text = "$ pgseal %s\n%s%s" % (words, "".join(out[:lines]), "...\n" if len(out) > lines else "")
        self.present("current")
        return "```console\n" + self.plain(text) + "```\n"

    def plain(self, text):
        text = text.replace(self.port + "  ", "5432  " + " " * (len(self.port) - 4))  # columns stay columns
        return text.replace(self.dir, "/tmp/pgseal-demo").replace(self.port, "5432")

    def end(self):
        os.kill(self.pid, signal.SIGINT)
        for _ in range(200):
            if not os.path.exists(self.dir + "/data/postmaster.pid"):
                break
            time.sleep(0.05)
        shutil.rmtree(self.dir, ignore_errors=True)


def make_blocks(pgseal, psql):
    tmp = tempfile.mkdtemp(prefix="pgseal-readme-")
    os.chmod(tmp, 0o755)
    try:
        server = Server(pgseal, tmp)
        try:
            story = re.search(r"SSL connections to Aurora.*?went as the story says, [0-9.]+ s\n", server.out, re.S)
            blocks = {"demo": "```console\n" + server.plain(story.group(0)) + "```\n"}
            for name, (identity, conninfo, more) in PAIRS.items():
                blocks[name] = server.pair(psql, identity, conninfo, more)
            for name, (identity, argv, lines) in ONES.items():
                blocks[name] = server.one(identity, argv, lines)
        finally:
            server.end()
    finally:
        shutil.rmtree(tmp, ignore_errors=True)
    return blocks


def comparable(text):
    text = re.sub(r"\d{4}-\d\d-\d\d\s+\d\d:\d\d:\d\d UTC", "TIME", text)
    text = re.sub(r"\d+ days? ago", "AGO", text)
    text = re.sub(r"\b1\d\.\d+ \(Debian [^)]*\)", "VERSION", text)
    text = re.sub(r"(127\.0\.0\.1:|backend pid +)\d+( +)?(127\.0\.0\.1:)?\d*", r"\1N", text)
    text = re.sub(r"sha256 [0-9a-f]+", "sha256 X", text)
    text = re.sub(r"says, [0-9.]+ s", "says, SECONDS", text)
    return " ".join(text.split())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--pgseal", default=str(ROOT / "build" / "pgseal"))
    parser.add_argument("--psql", default=None, help="default: psql of pg_config --bindir")
    args = parser.parse_args()
    psql = args.psql or os.path.join(run(["pg_config", "--bindir"]).strip(), "psql")
    blocks = make_blocks(os.path.abspath(args.pgseal), psql)
    wrong, shown = [], set()
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for _, name, body, _ in BLOCK.findall(text):
            shown.add(name)
            if comparable(body) != comparable(blocks.get(name, "")):
                wrong.append("%s: %s" % (page.name, name))
        if not args.check:
            page.write_text(BLOCK.sub(lambda m: m.group(1) + blocks[m.group(2)] + m.group(4), text), encoding="utf-8")
    if args.check and (wrong or shown != set(blocks)):
        sys.exit("what is shown is not what is printed: %s (make it so: tools/readme.py)" %
                 ", ".join(wrong + sorted(set(blocks) - shown)))


main()
