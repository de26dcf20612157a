# SPDX-License-Identifier: PostgreSQL
"""Connection strings: pgseal and libpq must make the same of them, thousands of generated ones.

Referee is libpq 18; libpq 15 judges the rows that it knows. Where pgseal masks a password in an error text, the rest of
the text must be equal. PGSEAL_TEST_SEED repeats a run, PGSEAL_FULL=1 makes it twenty times as long.
"""
import glob
import json
import os
import pwd
import random
import re
import subprocess

import pytest

import installs

ROUNDS = 100000 if os.environ.get("PGSEAL_FULL") else 5000
SEED = int(os.environ.get("PGSEAL_TEST_SEED", random.SystemRandom().randrange(1 << 32)))
MASK = "***"
SECRETS = ("password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key")


@pytest.fixture(scope="module")
def dump():
    built = glob.glob(os.path.join(installs.ROOT, "build*", "tests", "unit", "conninfo", "conninfo_dump"))
    if not built:
        pytest.skip("conninfo_dump is not built: run ./dev test")
    return max(built, key=os.path.getmtime)


@pytest.fixture(scope="module")
def clean_home(workdir):
    path = os.path.join(workdir, "conninfo-home")
    os.mkdir(path)
    return path


def environment(home, extra=None):
    env = {"PATH": os.environ["PATH"], "HOME": home, "LC_ALL": "C"}
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
        if name in os.environ:
            env[name] = os.environ[name]
    env.update(extra or {})
    return env


def ask(command, strings, env):
    """One JSON value for each string."""
    data = b"".join(s.encode("latin-1") + b"\0" for s in strings)
    out = subprocess.run(command, input=data, stdout=subprocess.PIPE, env=env, timeout=600, check=True).stdout
    answers = [json.loads(line) for line in out.decode("ascii").splitlines()]
    assert len(answers) == len(strings)
    return answers


def libpq(driver, install, verb, home):
    return [driver, install.libpq, verb], {"LD_LIBRARY_PATH": os.path.dirname(install.libpq)} if install.major > 15 else {}


def same_text(ours, theirs, may_mask):
    theirs = theirs[:-1] if theirs.endswith("\n") else theirs
    if MASK not in ours or ours == theirs:
        return ours == theirs
    pattern = ".*".join(re.escape(part) for part in ours.split(MASK))
    return bool(may_mask) and re.fullmatch(pattern, theirs, re.S) is not None


def has_secret(text):
    """Whether something in it could be a password (user:password@host), or an unknown query parameter have one."""
    return any(s in text for s in SECRETS) or re.search(":.*@", text, re.S) or ("://" in text and "?" in text)


def compare(text, ours, theirs):
    """None, or what differs."""
    if "error" in ours or theirs.get("error") is not None:
        if "error" not in ours or theirs.get("error") is None:
            return "one of them fails"
        return None if same_text(ours["error"], theirs["error"], has_secret(text)) else "different texts"
    return None if ours["options"] == theirs["options"] else "different values"


def said(one, other):
    """The error, or the values that the other has not."""
    return one.get("error") or {k: v for k, v in one["options"].items() if v != other.get("options", {}).get(k)}


def judge(strings, ours, theirs):
    wrong = [(why, s, o, t) for s, o, t in zip(strings, ours, theirs) if (why := compare(s, o, t))]
    text = "\n".join("%s: %s\n  pgseal %s\n  libpq  %s" % (why, s, said(o, t), said(t, o)) for why, s, o, t in wrong[:10])
    if wrong:
        pytest.fail("seed %d: %d of %d differ\n%s" % (SEED, len(wrong), len(strings), text), pytrace=False)


# ---------------------------------------------------------------- generators

KEYWORDS = ("host", "port", "user", "password", "dbname", "sslmode", "sslrootcert", "options", "service", "requiressl",
            "hostaddr", "sslpassword", "application_name", "oauth_client_secret", "ssl", "passwd", "SSLMODE", "sslmod")
VALUES = ("a", "1", "5432", "", "verify-full", "h1,h2", "/tmp", "x y", "it's", "back\\slash", "p@ss", "p/w", "a=b", "\xe9",
          "-c x=y", "true", "%41", "%", "%0", "%00", "100%25", "[::1]", "::1", "'", "''", "\\", "\t", "?", "&", ":", "#")
PIECES = KEYWORDS + VALUES + ("=", " = ", " ", "  ", "'", "\\", "\n", "\\'", "= ", " =")
URI_PIECES = KEYWORDS + VALUES + ("@", "@", ":", ":", "/", "/", "?", "?", "&", "=", "=", ",", "[", "]", "%20", " ", "%zz",
                                  "%2f", "sslmode=require", "user=u", "password=pw", "ssl=true", "[::1]", "[fe80::1%25e]")


def quote(rng, value):
    if rng.random() < 0.5 or value == "":
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return re.sub(r"([\\' \t\n])", r"\\\1", value)


def tidy_pairs(rng):
    return " ".join("%s=%s" % (rng.choice(KEYWORDS), quote(rng, rng.choice(VALUES))) for _ in range(rng.randrange(1, 6)))


def wild_pairs(rng):
    return "".join(rng.choice(PIECES) for _ in range(rng.randrange(1, 10)))


def percent(rng, value):
    return "".join("%%%02x" % ord(c) if not c.isalnum() or rng.random() < 0.1 else c for c in value)


def tidy_uri(rng):
    uri = rng.choice(("postgresql://", "postgres://"))
    if rng.random() < 0.7:
        uri += percent(rng, rng.choice(VALUES).replace("%00", ""))
        if rng.random() < 0.7:
            uri += ":" + percent(rng, rng.choice(VALUES))
        uri += "@"
    hosts = []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        host = rng.choice(("", "h", "[::1]", "127.0.0.1", "%2Ftmp", "a.b.c"))
        hosts.append(host + rng.choice(("", "", ":5432", ":", ":x")))
    uri += ",".join(hosts)
    if rng.random() < 0.7:
        uri += "/" + percent(rng, rng.choice(VALUES))
    if rng.random() < 0.6:
        uri += "?" + "&".join("%s=%s" % (rng.choice(KEYWORDS), percent(rng, rng.choice(VALUES)))
                              for _ in range(rng.randrange(0, 4)))
    return uri


def wild_uri(rng):
    return rng.choice(("postgresql://", "postgres://")) + "".join(rng.choice(URI_PIECES) for _ in range(rng.randrange(0, 12)))


def mutated(rng):
    text = rng.choice((tidy_pairs, tidy_uri))(rng)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(text) + 1)
        text = text[:at] + rng.choice((chr(rng.randrange(1, 256)), "", "=", "'", "\\", "%", "@")) + text[at + rng.randrange(2):]
    return text


GENERATORS = {"tidy_pairs": tidy_pairs, "wild_pairs": wild_pairs, "tidy_uri": tidy_uri, "wild_uri": wild_uri, "mutated": mutated}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", sorted(GENERATORS))
def test_parse__generated_strings__as_libpq18(name, dump, driver, pg18, clean_home):
    rng = random.Random("%d %s" % (SEED, name))
    strings = [GENERATORS[name](rng) for _ in range(ROUNDS)]
    command, extra = libpq(driver, pg18, "parse", clean_home)
    theirs = ask(command, strings, environment(clean_home, extra))
    judge(strings, ask([dump, "parse"], strings, environment(clean_home)), theirs)


# ---------------------------------------------------------------- rows

def rows(command, env):
    out = subprocess.run(command, stdout=subprocess.PIPE, env=env, timeout=60, check=True).stdout
    return {row["keyword"]: row for row in json.loads(out)}


def test_params__every_row__is_libpq18s_in_its_order(dump, driver, pg18, clean_home):
    ours = rows([dump, "defaults"], environment(clean_home))
    command, extra = libpq(driver, pg18, "defaults", clean_home)
    theirs = rows(command, environment(clean_home, extra))
    assert list(ours) == list(theirs)
    for keyword, row in theirs.items():
        for fact in ("envvar", "compiled", "label", "dispchar"):
            assert ours[keyword][fact] == row[fact], (keyword, fact)


def test_params__first_version__agrees_with_libpq15(dump, driver, pg15, clean_home):
    ours = rows([dump, "defaults"], environment(clean_home))
    theirs = rows([driver, pg15.libpq, "defaults"], environment(clean_home))
    assert set(theirs) == {k for k, row in ours.items() if float(row["since"]) <= 15}
    for keyword, row in theirs.items():
        for fact in ("envvar", "compiled", "label"):
            if (keyword, fact) != ("gssencmode", "compiled"):  # Debian's libpq is built with GSS
                assert ours[keyword][fact] == row[fact], (keyword, fact)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ["tidy_pairs", "wild_pairs"])
def test_parse__generated_pairs__as_libpq15(name, dump, driver, pg15, clean_home):
    known = rows([driver, pg15.libpq, "defaults"], environment(clean_home))
    rng = random.Random("%d 15 %s" % (SEED, name))
    strings = [GENERATORS[name](rng) for _ in range(ROUNDS)]
    theirs = ask([driver, pg15.libpq, "parse"], strings, environment(clean_home))
    kept = [(s, o, t) for s, o, t in zip(strings, ask([dump, "parse"], strings, environment(clean_home)), theirs)
            if "oauth" not in s]
    for _, ours, _ in kept:
        if "options" in ours:
            ours["options"] = {k: v for k, v in ours["options"].items() if k in known}
    judge(*zip(*kept))


# ---------------------------------------------------------------- sources and validation

SETTINGS = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full", "", "Require", "verify_full", "1"),
    "sslrootcert": ("system", "", "/x", "SYSTEM"),
    "sslnegotiation": ("postgres", "direct", "", "Direct"),
    "sslcertmode": ("allow", "disable", "require", "", "on"),
    "channel_binding": ("prefer", "require", "disable", "", "on"),
    "gssencmode": ("disable", "prefer", "require", "", "no"),
    "require_auth": ("", "password", "scram-sha-256,md5", "!password,!md5", "password,!md5", "!md5,password", "md5,md5",
                     "!none", "none", "none,none", "!none,!none", "gss,sspi,oauth", "!gss,!sspi,!gss", "SCRAM", ",", "md5,",
                     "!", "!!md5", "scram-sha-256-plus", " md5", "none,!none",
                     "!password,!md5,!gss,!sspi,!scram-sha-256,!oauth,!none"),
    "ssl_min_protocol_version": ("TLSv1", "tlsv1.1", "TLSv1.2", "TLSV1.3", "", "SSLv3", "1.2", "TLSv1.0"),
    "ssl_max_protocol_version": ("TLSv1", "tlsv1.1", "TLSv1.2", "TLSV1.3", "", "SSLv3", "1.2"),
    "min_protocol_version": ("3.0", "3.2", "latest", "", "3.1", "3", "LATEST"),
    "max_protocol_version": ("3.0", "3.2", "latest", "", "3.1", "3", "LATEST"),
    "target_session_attrs": ("any", "read-write", "read-only", "primary", "standby", "prefer-standby", "", "master"),
    "load_balance_hosts": ("disable", "random", "", "on"),
    "scram_client_key": ("", "x", "AAAA", "A" * 43 + "=", "A" * 44, "A" * 42 + "==", "AA==" * 11, "AAA=" * 16, "AA AA",
                         "AAAA=AAA", "====", "AAA\xe9"),
    "scram_server_key": ("", "A", "B" * 43 + "=", "B" * 43, "AA==AAA="),
    "host": ("", "/nonexistent", "@nonexistent", ",", "/nonexistent,/no2", "/nonexistent,", "/a,/b,/c", "127.0.0.1"),
    "hostaddr": ("", "127.0.0.1", "127.0.0.1,127.0.0.1", "::1,", ",", "x"),
    "port": ("", "1", "1,1", ",", "1,1,1", "x", "0", "65536", " 1 ", "1 x", "+1", "-1", "0x1", "99999999999"),
    "user": ("", "u", "OS USER"),
    "dbname": ("", "d", "a=b"),
    "password": ("", "pw"),
    "passfile": ("", "/nonexistent"),
    "connect_timeout": ("", "x", "1"),
    "keepalives": ("", "x", "0"),
    "client_encoding": ("", "auto", "UTF8", "nonsense"),
    "sslsni": ("", "0", "x"),
    "requiressl": ("", "1", "0", "10", "x"),
    "application_name": ("", "a"),
    "oauth_issuer": ("", "x"),
    "krbsrvname": ("", "x"),
    "sslkeylogfile": ("", "/x"),
    "replication": ("", "true", "x"),
}
ENV_ONLY = {"PGREQUIRESSL": ("0", "1", "", "1x"), "PGTZ": ("UTC", "default"), "PGSERVICEFILE": ("", "/nonexistent")}
# What libpq says once it has begun to connect: until then everything was accepted.
CONNECTING = re.compile(r'connection to server |could not parse network address|invalid port number|Unix-domain socket path|'
                        r'invalid integer value ".*" for connection option "port"', re.S)


def setting(rng):
    keyword = rng.choice(sorted(SETTINGS))
    return keyword, rng.choice(SETTINGS[keyword])


def settings(rng):
    return " ".join("%s=%s" % (k, quote(rng, v)) for k, v in (setting(rng) for _ in range(rng.randrange(0, 5))))


def variables(rng, names):
    """Some environment variables; a host that cannot be reached is always set."""
    env = {"PGHOST": "/nonexistent"}
    for _ in range(rng.choice((0, 1, 1, 2, 4))):
        keyword, value = setting(rng)
        if names.get(keyword) and keyword not in ("host", "hostaddr"):
            env[names[keyword]] = value
    if rng.random() < 0.2:
        name = rng.choice(sorted(ENV_ONLY))
        env[name] = rng.choice(ENV_ONLY[name])
    return {k: v for k, v in env.items() if "\xe9" not in v}


def accepted(theirs):
    """What begins to connect was accepted; what its text says then is another test's."""
    if theirs["error"] is not None and CONNECTING.match(theirs["error"]):
        theirs["error"] = None
    return theirs


def merge(dump, driver, pg18, home, strings, env):
    command, extra = libpq(driver, pg18, "merge", home)
    theirs = [accepted(t) for t in ask(command, strings, environment(home, {**env, **extra}))]
    ours = ask([dump, "merge"], strings, environment(home, env))
    for o, t in zip(ours, theirs):
        if o.get("options", {}).get("client_encoding") == "" and t["error"] is None:
            o["options"]["client_encoding"] = t["options"]["client_encoding"] or ""
    judge(["%s %s" % (env, s) for s in strings], ours, theirs)
    return ours, theirs


@pytest.mark.timeout(600)
def test_merge__generated_settings_and_environment__as_libpq18(dump, driver, pg18, clean_home):
    names = {k: row["envvar"] for k, row in rows([dump, "defaults"], environment(clean_home)).items()}
    rng = random.Random("%d merge" % SEED)
    for _ in range(ROUNDS // 100):
        strings = [settings(rng) for _ in range(50)]
        merge(dump, driver, pg18, clean_home, strings, variables(rng, names))


SERVICE_LINES = ("[s]", "[t]", "[s ]", " [s]", "[s]x", "[S]", "[]", "# c", "", "   ", "host=/nonexistent", "dbname=d", "dbname=e",
                 "dbname = d", "user=u v ", "sslmode=verify-full", "sslmode=", "requiressl=1", "service=t", "nonsense=1", "x",
                 "port=1", "=", "password=p=q", "port=1\r", "options=" + "x" * 1010, "options=" + "x" * 1013,
                 "options=" + "x" * 1014, "options=" + "x" * 1015, "ldap://x", "#" + "y" * 1100)


@pytest.mark.timeout(600)
def test_merge__generated_service_files__as_libpq18(dump, driver, pg18, clean_home, workdir):
    rng = random.Random("%d service" % SEED)
    files = {"PGSERVICEFILE": os.path.join(workdir, "services"), "PGSYSCONFDIR": os.path.join(workdir, "sysconf")}
    os.mkdir(files["PGSYSCONFDIR"])
    for _ in range(ROUNDS // 50):
        for path in (files["PGSERVICEFILE"], files["PGSYSCONFDIR"] + "/pg_service.conf", clean_home + "/.pg_service.conf"):
            with open(path, "w") as f:
                lines = rng.choices(SERVICE_LINES, k=rng.randrange(8))
                f.write("\n".join(["[s]"] * (rng.random() < 0.7) + lines) + rng.choice(("", "\n")))
        env = {k: v for k, v in files.items() if rng.random() < 0.7}
        if "PGSYSCONFDIR" not in env:
            env["PGSYSCONFDIR"] = "/nonexistent"
        env.update({"PGHOST": "/nonexistent", "PGSERVICE": rng.choice(("s", "s", "t", "", "u"))})
        merge(dump, driver, pg18, clean_home, ["", "service=s", "dbname=x service=t", "sslmode=allow port=9"], env)
    os.remove(clean_home + "/.pg_service.conf")


PASS_FIELDS = ("*", "*", "*", "h", "a\\:b", "\\*", "localhost", "127.0.0.1", "1", "5432", "u", "d", "**", "", "\\")


def pass_line(rng):
    if rng.random() < 0.1:
        return rng.choice(("", "#", "# *:*:*:*:x", "x", ":::::", "*:*:*:*:", "*:*:*:*", " *:*:*:*:x", "*:*:*:*:\r", "\0*:*:*:*:y"))
    fields = rng.choices(PASS_FIELDS, k=4)
    return ":".join(fields) + ":" + rng.choice(("pw", "p\\:w", "p:w", "p\\\\w", "", "p\\", "p w ", "\\*", "p\r", "p\0w"))


@pytest.mark.timeout(600)
def test_merge__generated_passfiles__give_the_password_libpq18_takes(dump, driver, pg18, clean_home, workdir):
    rng = random.Random("%d passfile" % SEED)
    path = os.path.join(workdir, "passfile")
    strings = ["host=%s port=%s user=%s dbname=%s" % (h, p, u, d)
               for h in ("/nonexistent", "''", "'' hostaddr=127.0.0.1") for p in ("1", "''")
               for u, d in (("u", "d"), ("u", "''"), ("'a:b'", "*"), ("'\\\\'", "d"))]
    for _ in range(ROUNDS // 50):
        with open(path, "wb") as f:
            f.write("\n".join(pass_line(rng) for _ in range(rng.randrange(6))).encode() + rng.choice((b"", b"\n", b"\r\n")))
        os.chmod(path, 0o600)
        ours, theirs = merge(dump, driver, pg18, clean_home, strings, {"PGPASSFILE": path})
        for text, o, t in zip(strings, ours, theirs):
            if (o["hosts"][0]["password"] or "") != t["password"]:
                with open(path, "rb") as f:
                    pytest.fail("seed %d: %s: pgseal %r, libpq %r, file %r" % (
                        SEED, text, o["hosts"][0]["password"], t["password"], f.read()), pytrace=False)


# ---------------------------------------------------------------- the tables of the unit tests

HIDDEN = {"<SP>": " ", "<TAB>": "\t", "<LF>": "\n", "<CR>": "\r", "<VT>": "\v", "<FF>": "\f"}


def unhide(text):
    for name, char in HIDDEN.items():
        text = text.replace(name, char)
    return text.encode("utf-8").decode("latin-1")  # the driver speaks of bytes


class Row:
    """One row of params.tbl or uri.tbl, with the world it is played in."""

    def __init__(self, place, finish, text, env, files, oracle):
        self.place, self.finish, self.text, self.env, self.files, self.oracle = place, finish, text, env, files, oracle
        self.expect = []


def read_table(name):
    """Rows of a table; oracle is false where libpq cannot be put into the same world."""
    rows_read = []
    with open(os.path.join(installs.ROOT, "tests", "data", name), encoding="utf-8") as f:
        for number, line in enumerate(f.read().split("\n"), 1):
            if line.startswith("# ---") or number == 1:
                env, files, oracle = {}, {}, True
            word, _, rest = line.partition(" ")
            if line.startswith(">"):
                rows_read.append(Row("%s:%d" % (name, number), word == ">>", unhide(rest), dict(env), dict(files), oracle))
            elif word == "env":
                env[rest.split("=", 1)[0]] = rest.split("=", 1)[1]
            elif word == "file":
                mode, _, last = rest.partition(" ")
                files[last] = [int(mode, 8), ""]
            elif word == "dir":
                files[rest] = None
            elif word.startswith("|"):
                files[last][1] += unhide(line[2:] if line.startswith("| ") else line[1:]) + "\n"
            elif word in ("element", "nouser", "nohome"):
                oracle = False
            elif line and line[0] in " !~?":
                rows_read[-1].expect.append(unhide(line))
    return rows_read


def make_world(root, row):
    """Writes the row's files below root; its environment and string with paths there."""
    for path, content in row.files.items():
        os.makedirs(root + (os.path.dirname(path) if content else path), exist_ok=True)
        if content:
            with open(root + path, "w", encoding="latin-1") as f:
                f.write(content[1])
            os.chmod(root + path, content[0])
    env = {k: root + v if v.startswith("/") else v for k, v in row.env.items()}
    env.setdefault("PGSYSCONFDIR", root)
    text = re.sub(r"passfile=/", lambda m: "passfile=" + root + "/", row.text)
    return env, text


def expected_values(row):
    for line in row.expect:
        if line.endswith(" <- locale"):
            continue  # libpq's is that of its program, and the driver has none
        match = re.match(r"  (-?)([a-z_]+)(=(.*?)( <- .*)?)?$", line, re.S)
        if match and match.group(1):
            yield match.group(2), None
        elif match and match.group(3):
            yield match.group(2), match.group(4)


def judge_row(row, theirs, root, me):
    text = json.dumps(theirs).replace(root, "").replace('"%s"' % me, '"OSUSER"')
    theirs = json.loads(text)
    first = row.expect[0]
    if first.startswith("!"):
        ours = first.split(" ", 2)[2]
        assert theirs.get("error") is not None and same_text(ours, theirs["error"], True), (row.place, row.text, theirs)
        return
    late = [line.split(" ", 2)[2] for line in row.expect if line.startswith("?")]
    for ours in late:
        assert "connection option" in ours or same_text(ours, theirs["error"], True) or ours in theirs["error"], (row.place, theirs)
    assert theirs.get("error") is None or CONNECTING.match(theirs["error"]) or "could not translate" in theirs["error"] or late, (
        row.place, row.text, theirs["error"])
    values = dict(expected_values(row))
    for key, value in values.items():
        assert theirs["options"][key] == value, (row.place, row.text, key, theirs["options"][key])
    if not row.finish:
        assert values == {k: v for k, v in theirs["options"].items() if v is not None}, (row.place, row.text)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("table", ["params.tbl", "uri.tbl"])
def test_tables__every_row__is_what_libpq18_says(table, driver, pg18, workdir):
    me = pwd.getpwuid(os.geteuid()).pw_name
    judged = 0
    for n, row in enumerate(read_table(table)):
        if not row.oracle:
            continue
        root = os.path.join(workdir, "%s-%d" % (table, n))
        home = root + "/home/u"
        os.makedirs(home)
        env, text = make_world(root, row)
        command, extra = libpq(driver, pg18, "merge" if row.finish else "parse", home)
        env = environment(home, {**env, **extra, "RES_OPTIONS": "timeout:1 attempts:1"})
        judge_row(row, ask(command, [text], env)[0], root, me)
        judged += 1
    assert judged > 150


# ---------------------------------------------------------------- what only a connection brings up

NOBODY = "127.0.0.1 port=1"
LONG = "/" + "x" * 96
CONNECTS = [
    "host=%s" % NOBODY, "hostaddr=%s" % NOBODY, "host=x hostaddr=%s" % NOBODY, "host=/nonexistent", "host=/nonexistent port=7",
    "host=/nonexistent,127.0.0.1 port=1", "host=127.0.0.1,127.0.0.2 port=1", "host=127.0.0.1,127.0.0.1 port=1,2",
    "host=127.0.0.1 port=0", "host=127.0.0.1 port=65536", "host=127.0.0.1 port=x", "host=127.0.0.1 port='1 '",
    "host=127.0.0.1,127.0.0.1 port=0,1", "host=127.0.0.1,127.0.0.1,127.0.0.1 port=1,0,x", "host=127.0.0.1,127.0.0.1 port=x,1",
    "host=/nonexistent port=-1", "host=/nonexistent port=' 007 '", "hostaddr=127.0.0.1 port='+1'", "host=%s port=1" % LONG, "host=%s,/nonexistent port=1" % LONG, "host=@nonexistent",
    "hostaddr=300.0.0.1", "hostaddr=300.0.0.1,127.0.0.1 port=1", "hostaddr=1.2.3.4.5 host=x", "hostaddr=::1 port=1",
    "host=::1 port=1", "hostaddr=127.1 port=1", "host=127.1 port=1",
    "host=%s connect_timeout=x" % NOBODY, "host=%s connect_timeout=''" % NOBODY, "host=/nonexistent connect_timeout=x",
    "host=/nonexistent,127.0.0.1 port=1 connect_timeout=x", "host=127.0.0.1,/nonexistent port=1 connect_timeout=x",
    "host=%s keepalives=x" % NOBODY, "host=127.0.0.1,127.0.0.2 port=1 keepalives=x", "host=/nonexistent keepalives=x",
    "host=%s keepalives=x connect_timeout=x" % NOBODY, "host=%s keepalives=0 keepalives_idle=x" % NOBODY,
    "host=%s keepalives_idle=x" % NOBODY, "host=%s keepalives_interval=x" % NOBODY, "host=%s keepalives_count=x" % NOBODY,
    "host=%s tcp_user_timeout=x" % NOBODY, "host=%s keepalives_idle=x tcp_user_timeout=x" % NOBODY,
    "host=127.0.0.1,/nonexistent port=1 keepalives=x connect_timeout=x",
    "host=%s target_session_attrs=prefer-standby" % NOBODY, "host=/nonexistent target_session_attrs=read-write",
    "host=127.0.0.1,/nonexistent port=1 target_session_attrs=prefer-standby", "host=127.0.0.1 port=0 target_session_attrs=prefer-standby",
    "host=%s sslmode=verify-full" % NOBODY, "host=%s sslmode=require sslnegotiation=direct" % NOBODY, "host=%s sslmode=allow" % NOBODY,
    "postgresql://u@127.0.0.1:1/d", "postgresql://[::1]:1", "postgresql://127.0.0.1:0,127.0.0.1:1/", "postgresql://%2Fnonexistent/d",
]


def first_message(stderr, name):
    """The message without the program's name, up to pgseal's story; keepalive settings of one address may come first."""
    text = stderr.decode("utf-8").split("\n  code: ")[0].rstrip("\n")
    lines = [line for line in text.split("\n") if not line.startswith(name + ": warning: ")]
    text = "\n".join(lines)
    assert text.startswith(name + ": error: "), text
    return text[len(name + ": error: "):]


@pytest.mark.timeout(300)
def test_connect__errors_on_the_way_to_a_server__as_libpq18(program, driver, pg18, clean_home):
    command, extra = libpq(driver, pg18, "connect", clean_home)
    env = environment(clean_home, {"PGUSER": "u"})
    wrong = []
    for text in CONNECTS:
        theirs = subprocess.run(command + [text, "select 1"], capture_output=True, env={**env, **extra}, timeout=30)
        ours = subprocess.run([program, "connect", "-w", text, "-c", "select 1"], capture_output=True, env=env, timeout=30)
        a, b = first_message(ours.stderr, "pgseal"), first_message(theirs.stderr, "psql")
        if (ours.returncode, a) != (theirs.returncode, b):
            wrong.append("%s\n  pgseal %d %r\n  libpq  %d %r" % (text, ours.returncode, a, theirs.returncode, b))
    if wrong:
        pytest.fail("%d of %d differ\n%s" % (len(wrong), len(CONNECTS), "\n".join(wrong)), pytrace=False)


@pytest.mark.parametrize("text", ["options='-c nosuch=1'", "options='-c nosuch=1' application_name=a",
                                  "options='-c nosuch=1' sslmode=disable", "options='-c nosuch=1' sslmode=allow"])
def test_connect__setting_the_server_does_not_know__tried_twice_as_libpq18(text, program, driver, pg18, clusters, clean_home):
    server = clusters(15)
    text = "host=%s port=%d user=postgres dbname=postgres %s" % (server.dir, server.port, text)
    command, extra = libpq(driver, pg18, "connect", clean_home)
    env = environment(clean_home)
    theirs = subprocess.run(command + [text, "select 1"], capture_output=True, env={**env, **extra}, timeout=30)
    ours = subprocess.run([program, "connect", "-w", text, "-c", "select 1"], capture_output=True, env=env, timeout=30)
    message = first_message(ours.stderr, "pgseal")
    assert message == first_message(theirs.stderr, "psql")
    assert message.count("unrecognized configuration parameter") == 2
    assert ours.returncode == theirs.returncode == 2
