# SPDX-License-Identifier: PostgreSQL
"""What psql 15 prints, pgseal connect prints: the same SQL, options, files and standard input through both."""
import itertools
import os
import re
import subprocess

import pytest

import parity
import referee

FORMATS = {"aligned": [], "unaligned": ["-A"], "tuples": ["-t"], "bare": ["-At"], "expanded": ["-x"],
           "expandedbare": ["-x", "-A", "-t"], "expandedtuples": ["-x", "-t"], "expandedunaligned": ["-x", "-A"],
           "csv": ["--csv"], "csvtuples": ["--csv", "-t"], "csvexpanded": ["--csv", "-x"],
           "separators": ["-A", "-F", ";", "-R", "<>"], "zeros": ["-A", "-z", "-0"]}
SELECTS = {
    "one": "select 1",
    "none": "select 1 as a, 'x' as b where false",
    "nocolumns": "select",
    "nocolumns3": "select from generate_series(1, 3)",
    "numbers": "select g as n, g * 1.5 as half, g::text as t, -g::float8 as f from generate_series(8, 11) g",
    "nulls": "select null as a, '' as b, null::int as c, 0 as d",
    "booleans": "select true as t, false as f, null::bool as n",
    "headers": "select 1 as \"A b\", 2 as \"?\", 3 as \"日本語\", 4 as \"a\nb\"",
    "samenames": "select 1 as a, 2 as a",
    "japanese": "select '東京' as city, 'Tokyo' as latin, 13960000 as people union all select '大阪市', 'Osaka', 2750000",
    "halfwidth": "select 'ｱｲｳ' as h, 'ＡＢ' as f, 'é' as e, 'e' || chr(769) as combining",
    "emoji": "select '😀' as a, chr(8203) || 'x' as zerowidth, '한국어' as b",
    "lines": "select E'first\\nsecond\\n\\nlast' as a, 1 as b, E'x\\ny' as c",
    "lineend": "select E'a\\n' as a, E'\\n' as b, E'\\nb' as c",
    "cr": "select E'a\\rb' as a, E'a\\r\\nb' as b, E'\\r' as c",
    "tabs": "select E'a\\tb' as a, E'\\t' as b, E'1234567\\t8' as c",
    "control": "select E'a\\001b' as a, E'\\x1b[31mred' as b, E'\\x7f' as c, E'\\u0085' as d",
    "quotes": "select 'a\"b' as a, 'a,b' as b, 'a;b' as c, ' x ' as d, '\"' as e, E'a\\nb' as f",
    "backslash": "select E'a\\\\b' as a, '\\.' as b",
    "bytea": "select '\\x00ff'::bytea as a, '{1,2}'::int[] as b, '{\"k\": 1}'::jsonb as c",
    "dates": "select date '2026-11-23' as d, interval '1 day 02:03' as i, timestamp '2026-11-23 01:02:03.5' as t",
    "money": "select 1.10::numeric(10,2) as n, 'NaN'::float8 as x, 1e20::float8 as e, 5::oid as o, 7::int2 as s,"
             " '8'::xid as xid, '0/1'::pg_lsn as lsn, 9::money as m",
    "wide": "select repeat('x', 300) as a, 1 as b",
    "long": "select g from generate_series(1, 1000) g",
    "many": "select " + ", ".join("%d as c%d" % (i, i) for i in range(60)),
    "multiexpanded": "select g as id, repeat('y', g) as name from generate_series(9, 11) g",
    "emptystring": "select '' as a",
    "values": "values (1, 'a'), (2, null)",
    "explain": "explain (costs off) select 1",
    "show": "show server_version_num",
}
OTHERS = {
    "command": "create temp table t (a int); insert into t values (1), (2); update t set a = 3; delete from t",
    "two": "select 1 as a; select 2 as b",
    "empty": "",
    "semicolons": ";;",
    "comment": "-- nothing\n/* more */",
    "returning": "create temp table t (a int); insert into t values (1) returning a",
    "transaction": "begin; select 1; commit",
    "notice": "do $$ begin raise notice 'hello %', 1; raise warning 'careful' using detail = 'd', hint = 'h'; end $$",
    "info": "do $$ begin raise info 'i'; raise log 'l'; raise debug 'd'; end $$",
    "warning": "rollback",
    "error": "select 1/0",
    "syntax": "select *** from",
    "position": "select 1,\n       nosuch,\n       2 from pg_class",
    "positionwide": "select '東京', nosuch",
    "positiontabs": "select\t1,\tnosuch",
    "positionlong": "select " + "1 + " * 60 + "nosuch" + " + 1" * 60,
    "function": "do $$ begin perform 1/0; end $$",
    "internal": "do $$ begin execute 'select nosuch'; end $$",
    "detail": "create temp table t (a int primary key); insert into t values (1), (1)",
    "constraint": "create temp table t (a int check (a > 0)); insert into t values (-1)",
    "raisefields": "do $$ begin raise exception 'm' using errcode = 'P0123', detail = 'd', hint = 'h', column = 'c',"
                   " table = 't', schema = 's'; end $$",
    "multiline": "do $$ begin raise exception E'first\\nsecond' using detail = E'x\\ny'; end $$",
    "errorthenmore": "select 1 as a; select 1/0; select 2 as b",
    "copyout": "copy (select g, null, E'a\\tb' from generate_series(1, 3) g) to stdout",
    "copycsv": "copy (select g as n, 'x,y' as t from generate_series(1, 3) g) to stdout (format csv, header)",
    "copybinary": "copy (select 1) to stdout (format binary)",
    "copyfail": "copy (select 1/0) to stdout",
    "set": "set datestyle = german; select date '2026-11-23'",
    "listen": "listen c; notify c, 'payload'",
    "cursor": "begin; declare c cursor for values (1), (2); fetch all c; close c; end",
    "terminate": "select pg_terminate_backend(pg_backend_pid())",
    "unknown": "nonsense",
    "vacuum": "vacuum nosuch",
    "dollar": "select $q$a;b$q$ as a; select 'x;y' as b",
}
SCRIPTS = {
    "plain": "select 1 as a;\nselect 2 as b;\n",
    "noend": "select 1 as a",
    "error": "select 1 as a;\nselect 1/0;\nselect 2 as b;\n",
    "errorline": "\n\n-- c\nselect\n  nosuch\n;\nselect 1;\n",
    "copyin": "create temp table t (a int, b text);\ncopy t from stdin;\n1\tx\n2\t\\N\n\\.\nselect * from t;\n",
    "copyincsv": "create temp table t (a int, b text);\ncopy t from stdin (format csv);\n1,\"x\ny\"\n2,\n\\.\nselect * from t;\n",
    "copyinbad": "create temp table t (a int);\ncopy t from stdin;\nx\n\\.\nselect 'after';\n",
    "copyineof": "create temp table t (a int);\ncopy t from stdin;\n1\n2\n",
    "copymixed": "select 1;\ncopy (values (1)) to stdout;\nselect 2;\n",
    "quotes": "select 'it''s; here', current_user::text = $$x;y$$ as d, E'\\';' as e;\n",
    "comments": "select 1 /* a; /* nested; */ b */ as a; -- x;\nselect 2;\n",
    "function": "create function pg_temp.f() returns int language sql begin atomic select 1; select 2; end;\nselect pg_temp.f();\n",
    "sameline": "select 1 as a; select 2 as b; select 1/0; select 3 as c;\n",
    "unterminated": "select 'abc;\n",
    "crlf": "select 1 as a;\r\nselect 2 as b;\r\n",
    "bom": "\ufeffselect 1 as a;\n",
    "fail": "begin;\nselect 1/0;\nselect 1;\ncommit;\n",
    "quit": "select 1;\n\\q\nselect 2;\n",
    "expand": "select 1 as a;\n\\x\nselect 1 as a;\n\\x\nselect 1 as a;\n",
    "notice": "do $$ begin raise notice 'n'; end $$;\nselect 1;\n",
}


class Programs:
    """psql and pgseal on one server with one environment."""

    def __init__(self, psql, pgseal, conninfo, env, directory):
        self.psql, self.pgseal, self.conninfo, self.env, self.dir = psql, pgseal, conninfo, env, directory

    def run(self, program, args, stdin, env):
        done = subprocess.run(program + ["-X"] + args + ["-d", self.conninfo], input=stdin, capture_output=True,
                              timeout=25, env=dict(self.env, **env), cwd=self.dir)
        return done.returncode, done.stdout, done.stderr

    def compare(self, args, stdin=b"", env=None):
        env = env or {}
        expected = self.run([self.psql], args, stdin, env)
        assert expected[1] or expected[2] or expected[0] == 0, "psql itself says nothing"
        if self.pgseal is None:
            pytest.skip("pgseal with connect is not built: run ./dev build, or set PGSEAL")
        got = self.run([self.pgseal, "connect"], args, stdin, env)
        assert without_pid(got[1]) == without_pid(expected[1]), "stdout"
        stderr = re.sub(rb"(?m)^psql:", b"pgseal:", expected[2])
        assert without_warnings(got[2]) == stderr, "stderr"
        assert got[0] == expected[0], "exit status"


def without_warnings(stderr):
    """Our own warnings (and what is indented below one) are ours; the rest must be psql's, word for word."""
    return re.sub(rb"(?m)^pgseal: warning: .*\n( {8}.*\n)*", b"", stderr)


def without_pid(text):
    return re.sub(rb"(server process with PID )\d+", rb"\1N", text)


@pytest.fixture(scope="module")
def programs(clusters, pg15, home, workdir):
    import installs
    cluster = clusters(15)
    cluster.configure(parity.HBA["trust"], {"ssl": "off"})
    conninfo = "host=127.0.0.1 port=%d user=anyuser dbname=postgres sslmode=disable" % cluster.port
    directory = os.path.join(workdir, "scripts")
    os.makedirs(directory, exist_ok=True)
    for name, text in SCRIPTS.items():
        with open(os.path.join(directory, name + ".sql"), "w", newline="") as f:
            f.write(text)
    return Programs(pg15.psql, installs.pgseal(), conninfo, referee.environment(home), directory)


@pytest.mark.parametrize("sql, form", itertools.product(SELECTS, FORMATS))
def test_result(sql, form, programs):
    programs.compare(FORMATS[form] + ["-c", SELECTS[sql]], env={"PGCLIENTENCODING": "UTF8"})


@pytest.mark.parametrize("sql", OTHERS)
def test_statement(sql, programs):
    programs.compare(["-c", OTHERS[sql]])


@pytest.mark.parametrize("sql", ("command", "two", "error", "notice", "warning", "copyout"))
def test_quiet(sql, programs):
    programs.compare(["-q", "-c", OTHERS[sql]])


@pytest.mark.parametrize("stop", (False, True))
@pytest.mark.parametrize("name", SCRIPTS)
def test_file(name, stop, programs):
    programs.compare((["-v", "ON_ERROR_STOP=1"] if stop else []) + ["-f", name + ".sql"])


@pytest.mark.parametrize("stop", (False, True))
@pytest.mark.parametrize("name", SCRIPTS)
def test_standard_input(name, stop, programs):
    programs.compare(["-v", "ON_ERROR_STOP=1"] if stop else [], SCRIPTS[name].encode())


@pytest.mark.parametrize("args", (
    ["-c", "select 1 as a", "-c", "select 2 as b"], ["-c", "select 1/0", "-c", "select 2 as b"],
    ["-v", "ON_ERROR_STOP=1", "-c", "select 1/0", "-c", "select 2 as b"], ["-f", "plain.sql", "-c", "select 3 as c"],
    ["-c", "select 3 as c", "-f", "error.sql", "-c", "select 4 as d"], ["-f", "nosuch.sql"],
    ["-c", "create temp table t (a int)", "-c", "copy t from stdin", "-c", "table t"],
    ["-f", "-"], ["-v", "ON_ERROR_STOP=1", "-f", "-"], ["-c", "\\x", "-c", "select 1 as a"], ["-f", "."],
), ids=lambda a: "_".join(a).replace("/", "").replace(" ", "_"))
def test_several(args, programs):
    stdin = SCRIPTS["error"].encode() if "-" in args else b"5\n6\n\\.\n"
    programs.compare(args, stdin)


@pytest.mark.parametrize("encoding", ("UTF8", "LATIN1", "EUC_JP", "SJIS", "SQL_ASCII"))
def test_client_encoding(encoding, programs):
    for form in ([], ["-A"], ["-x"], ["--csv"]):
        programs.compare(form + ["-c", "select 'a' as a, 1 as b"], env={"PGCLIENTENCODING": encoding})
    if encoding in ("EUC_JP", "SJIS"):
        programs.compare(["-c", "select chr(26481) || chr(20140) as city, 1 as b"], env={"PGCLIENTENCODING": encoding})


def test_a_big_copy_is_the_same(programs):
    programs.compare(["-c", "copy (select g, repeat('x', 100) from generate_series(1, 20000) g) to stdout"])
    lines = b"".join(b"%d\t%s\n" % (i, b"y" * 200) for i in range(20000))
    programs.compare(["-q"], b"create temp table t (a int, b text);\ncopy t from stdin;\n" + lines
                     + b"\\.\nselect count(*), sum(a), sum(length(b)) from t;\n")


def test_a_result_with_many_rows_is_the_same(programs):
    programs.compare(["-c", "select g, md5(g::text) from generate_series(1, 30000) g"])
    programs.compare(["-A", "-c", "select g, md5(g::text) from generate_series(1, 30000) g"])
