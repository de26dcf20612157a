# SPDX-License-Identifier: PostgreSQL
"""tools/gen_explain.py takes the right words out of pages and sources, and writes C that holds them unchanged."""
import ctypes
import importlib.util
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
spec = importlib.util.spec_from_file_location("gen_explain", ROOT / "tools/gen_explain.py")
gen_explain = importlib.util.module_from_spec(spec)
spec.loader.exec_module(gen_explain)

PAGE = """# {name}

What it `is`: one sentence. And another.

<!-- also: other-name; some message "X" of others -->

## Seen

Environment: `PGTHING`. It says `could not open file "F": REASON` or, over a line's end, `the second
message here`.

| value | means |
|---|---|
| `on` | yes |

## Why

A `word`, a command `openssl x509 -in FILE`, a setting `a b=c`.

## Fix

Words.

## Try

```console
$ true
pgseal: error: connection to server at "a", port 1 failed: FATAL:  the shown one is 12 long
```
"""


@pytest.mark.parametrize("message, wanted", [
    ('server certificate for "A" does not match host name "B"', "server certificate for * does not match host name"),
    ("authentication method N not supported", "authentication method * not supported"),
    ("could not send data to server: REASON", "could not send data to server"),
    ("SSL SYSCALL error: EOF detected", "ssl syscall error: eof detected"),
    ("self-signed certificate in  certificate chain", "self signed certificate in certificate chain"),
    ("issuer certificate doesn't have a public key", "issuer certificate doesnt have a public key"),
    ("line 12 too long in file", "line * too long in file"),
    ("... and more of this", "and more of this"),
    ("SSL error", None),        # every refusal has it
    ("connection", None),       # one word
    ('"A" "B" "C" N', None),    # nothing is left
])
def test_pattern__what_differs__is_a_star(message, wanted):
    assert gen_explain.pattern(message) == wanted


def tree(tmp_path):
    for kind, folder in gen_explain.KINDS:
        (tmp_path / folder).mkdir(parents=True)
    for name in ("docs/params/thing", "docs/errors/X509_ODD", "docs/errors/BAD", "docs/topics/story"):
        (tmp_path / (name + ".md")).write_text(PAGE.format(name=name.rpartition("/")[2]))
    (tmp_path / "docs/params/README.md").write_text("no page\n")
    (tmp_path / "src/a b").mkdir(parents=True)
    (tmp_path / "src/a b/x.c").write_text(
        'int f(void)\n{\n    return pgseal__fail(err, PGSEAL_E_BAD, "complained about \\"%s\\" and "\n'
        '                        "%-5lu%%\\nsecond line", name, n);\n}\n'
        'int g(void)\n{\n    return pgseal__fail(&s->err, PGSEAL_E_BAD,\n        x ? "one of two possible texts" : "and the other of the two");\n}\n')
    return tmp_path


def test_page__names_and_messages(tmp_path):
    found = {row[1]: row for row in gen_explain.pages(tree(tmp_path))}
    assert list(found) == ["story", "thing", "BAD", "X509_ODD"]  # the order of the list, README is none
    kind, _, summary, names, messages, text = found["thing"]
    assert (kind, summary) == ("PARAMETER", "What it is: one sentence")
    assert names == ["PGTHING", "on", "other-name", 'some message "X" of others']
    assert messages == ["!some message * of others", "could not open file", "the second message here",
                        "the shown one is * long"]
    assert text == PAGE.format(name="thing")
    assert found["BAD"][3][0] == "PGSEAL_E_BAD"
    assert found["X509_ODD"][3][:2] == ["X509_V_ERR_ODD", "ODD"]
    said = found["BAD"][4]
    assert {"complained about * and *%", "one of two possible texts", "and the other of the two"} <= set(said)
    assert not any("second line" in m or "openssl" in m or "=" in m for m in said)


def test_literal__any_text__survives_the_compiler(tmp_path):
    text = 'a\\n"b" ??( ??/ %s\ttab \u00fc\u65e5\n\nlast \\\n??'
    source = tmp_path / "x.c"
    source.write_text("const char text[] =\n     " + gen_explain.literal(text) + ";\n", encoding="utf-8")
    library = tmp_path / "x.so"
    subprocess.run(["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", library, source],
                   check=True, timeout=60)
    held = ctypes.c_char * (len(text.encode()) + 1)
    assert held.in_dll(ctypes.CDLL(str(library)), "text").raw == text.encode() + b"\0"


def test_packed__each_text_has_its_nul__also_before_a_digit(tmp_path):
    source = tmp_path / "x.c"
    source.write_text(f"const char text[] = {gen_explain.packed(['a', '10', 'b?'])};\n"
                      f"const char none[] = {gen_explain.packed([])};\n")
    library = tmp_path / "x.so"
    subprocess.run(["cc", "-std=c11", "-shared", "-fPIC", "-o", library, source], check=True, timeout=60)
    loaded = ctypes.CDLL(str(library))
    assert (ctypes.c_char * 9).in_dll(loaded, "text").raw == b"a\00010\0b?\0\0"
    assert (ctypes.c_char * 1).in_dll(loaded, "none").raw == b"\0"


def test_depfile__names_pages_folders_and_sources(tmp_path):
    root, out, dep = tree(tmp_path), tmp_path / "out.c", tmp_path / "out.d"
    subprocess.run([sys.executable, ROOT / "tools/gen_explain.py", root, out, dep], check=True, timeout=60)
    text = dep.read_text()
    assert text.startswith(f"{out}: ")
    for name in ("docs", "docs/topics", "docs/findings", "docs/params/thing.md", "src/a\\ b/x.c"):
        assert f"{root}/{name}" in text
    before = out.read_bytes()
    subprocess.run([sys.executable, ROOT / "tools/gen_explain.py", root, out, dep], check=True, timeout=60)
    assert out.read_bytes() == before
