# SPDX-License-Identifier: PostgreSQL
"""tools/check_docs.py refuses rows without pages, pages without rows, and pages that would test nothing."""
import importlib.util
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools/check_docs.py"
spec = importlib.util.spec_from_file_location("check_docs", TOOL)
check_docs = importlib.util.module_from_spec(spec)
spec.loader.exec_module(check_docs)

PAGE = """# {name}

What it is.

## Seen

Words.

## Why

Words.

## Fix

    # a comment, not a heading

## Try

<!-- stage: server cert=expired tls=only -->
```console
$ pgseal connect "sslmode=require"
> -c 'select 1'
## not a heading
...
[2]
```
"""
PROOF = PAGE.split("<!--")[0] + "Proof: tests/unit/x/test_x.c test_x__works\n"


def tree(tmp_path):
    """A good tree with one of everything."""
    files = {
        "include/pgseal/err.h": "enum pgseal_code {\n    PGSEAL_OK = 0,\n    PGSEAL_E_NOMEM = -1, /* memory */\n};\n",
        "src/core/conninfo/params.def": "/* PARAM(kw, env): a row. */\nPARAM(sslmode, \"PGSSLMODE\", ...)\nPARAM(host, ...)\n",
        "src/core/wire/messages.def": 'MESSAGE("Bind", \'B\')\n',
        "src/cli/verbs.def": "VERB(connect, verb_connect, \"...\")\n",
        "docs/params/sslmode.md": PAGE.format(name="sslmode"),
        "docs/params/host.md": PROOF.format(name="host"),
        "docs/params/README.md": "no page\n",
        "docs/errors/NOMEM.md": PAGE.format(name="NOMEM"),
        "docs/topics/iam.md": PROOF.format(name="iam").replace("What it is.", "See [x](../params/host.md).\n\n<!-- also: a b; c -->"),
        "docs/man/pgseal.1.scd": "",
        "docs/man/pgseal-connect.1.scd": "",
        "tests/unit/x/test_x.c": "static void test_x__works(void **state)\n",
        "tests/integration/pki.py": '\nLEAVES = {\n    "good": dict(),\n    "expired": dict(),\n}\n',
        "src/cli/ca.def": "VERB(show, ...)\n",
        "docs/man/pgseal-ca-show.1.scd": "",
        "docs/story.md": "".join(f"| {n} | it | `pgseal {'ca show' if n > 1 else 'connect'} F` | [test_x__works](../tests/unit/x/test_x.c) |\n"
                                 for n in range(1, 31)),
        "dev": "#!/bin/bash\n\ndo_test() {\n",
        "README.md": "Type `./dev test`, then\n\n    $ pgseal connect\n\n[a page](docs/params/host.md)\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def complaints(root, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["check_docs.py", str(root)])
    code = check_docs.main()
    out = capsys.readouterr().out.splitlines()
    assert code == (1 if out else 0)
    return out


def test_docs__good_tree__passes(tmp_path, monkeypatch, capsys):
    assert complaints(tree(tmp_path), monkeypatch, capsys) == []


def replace(old, new):
    return lambda text: text.replace(old, new)


@pytest.mark.parametrize("name, change, complaint", [
    ("docs/params/host.md", None, "docs/params/host.md is missing"),
    ("docs/errors/NOMEM.md", None, "docs/errors/NOMEM.md is missing"),
    ("docs/man/pgseal-connect.1.scd", None, "docs/man/pgseal-connect.1.scd is missing"),
    ("docs/man/pgseal.1.scd", None, "docs/man/pgseal.1.scd is missing"),
    ("docs/params/gone.md", lambda _: PAGE.format(name="gone"), "docs/params/gone.md belongs to no row"),
    ("docs/errors/OK.md", lambda _: PAGE.format(name="OK"), "docs/errors/OK.md belongs to no row"),
    ("src/lab/new.def", lambda _: "X(a)\n", "does not know what documents a row"),
    ("src/cli/verbs.def", lambda _: "/* VERB(connect) */\n", "no row found"),
    ("src/core/conninfo/params.def", lambda t: t + "PARAM(host, ...)\n", "host is there 2 times"),
    ("docs/params/host.md", replace("# host", "# Host"), 'line 1 must be "# host"'),
    ("docs/params/host.md", replace("What it is.", ""), "between title and Seen"),
    ("docs/params/host.md", replace("## Why\n\nWords.", "## Why\n"), "Why is empty"),
    ("docs/params/host.md", replace("## Why", "## Because"), "the sections must be"),
    ("docs/params/host.md", replace("## Why", "### More\n\n## Why"), "no headings below"),
    ("docs/params/host.md", replace("Proof:", "Prove:"), "neither a console block nor a Proof"),
    ("docs/params/host.md", replace("test_x__works", "test_x__wor"), "has no test test_x__wor"),
    ("docs/params/host.md", replace("x/test_x.c", "x/test_y.c"), "test_y.c does not exist"),
    ("docs/params/host.md", replace(" test_x__works", ""), "a Proof line is"),
    ("docs/params/sslmode.md", replace("$ pgseal", "pgseal"), "starts with a command"),
    ("docs/params/sslmode.md", replace("## not a heading\n...\n[2]\n", ""), "shows no output"),
    ("docs/params/sslmode.md", replace("## not a heading\n...\n[2]\n", "...\n"), "is only ..."),
    ("docs/params/sslmode.md", replace("```console", "```"), "neither a console block"),
    ("docs/params/sslmode.md", replace("```console", "```console\n$ a\nb\n```\n```sh"), "no ```console block"),
    ("docs/params/sslmode.md", replace("cert=expired", "cert=rotten"), 'stage option "cert=rotten"'),
    ("docs/params/sslmode.md", replace("stage: server", "stage: client"), "only \"server\""),
    ("docs/params/host.md", replace("What it is.", "[x](gone.md)"), "links to gone.md"),
    ("docs/params/host.md", replace("What it is.", "What.\n\n<!-- also: a, b;c -->"), "such a line is"),
    ("docs/topics/iam.md", replace("## Why", "## Because"), "docs/topics/iam.md: the sections must be"),
    ("docs/story.md", replace("| 7 |", "| seven |"), "the steps are not 1 to 30"),
    ("docs/story.md", replace("pgseal connect F", "pgseal ca shwo F"), "step 1: there is no such verb"),
    ("docs/story.md", replace("[test_x__works]", "[test_x__wor]"), "step 1: Proof: tests/unit/x/test_x.c has no test"),
    ("README.md", replace("./dev test", "./dev tset"), "there is no ./dev tset"),
    ("README.md", replace("pgseal connect", "pgseal conect"), "there is no verb pgseal conect"),
    ("README.md", replace("host.md", "hots.md"), "docs/params/hots.md, which does not exist"),
])
def test_docs__one_thing_wrong__is_named(tmp_path, monkeypatch, capsys, name, change, complaint):
    path = tree(tmp_path) / name
    if change is None:
        path.unlink()
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text() if path.exists() else ""
        path.write_text(change(before))
        assert path.read_text() != before
    assert any(complaint in c for c in complaints(tmp_path, monkeypatch, capsys))


def test_docs__this_tree__is_complete():
    p = subprocess.run([sys.executable, TOOL], capture_output=True, text=True, check=False)
    assert p.stdout == ""
    assert p.returncode == 0
