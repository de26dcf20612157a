#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""Fails where a source file breaks the rules of CONVENTIONS.md that no compiler knows.

Line 1 is the SPDX licence, line 2 one sentence of purpose (a public header documents itself after its
include guard); fewer than 600 lines except tables; no // comment, tab, trailing blank or line over 120.
Usage: tools/check_style.py [root]
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent).resolve()
SPDX = "SPDX-License-Identifier: PostgreSQL"
TABLES = (".def", ".tbl")
# A string may hold "//" (a URI); a comment marker outside of one is meant. Character constants: '"' must not open one.
STRING = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])+\'')


def files():
    """Tracked and new files, so that a check before the commit sees them."""
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True,
                         check=True).stdout
    return sorted(ROOT / f for f in out.splitlines() if (ROOT / f).is_file())


def check(path):
    """The complaints about one file, as (line, text)."""
    lines = path.read_text(encoding="utf-8").split("\n")
    code = path.suffix in (".c", ".h", ".def")
    script = path.suffix in (".py", ".sh") or lines[0].startswith("#!")
    if not code and not script:
        return
    top = lines[1:] if lines[0].startswith("#!") else lines
    if SPDX not in top[0]:
        yield 1, f"the licence line is missing: {SPDX}"
    elif code and path.suffix != ".h" and not top[1].startswith("/*"):
        yield 2, "line 2 says in one sentence what this file is for"
    if len(lines) > 601 and path.suffix not in TABLES:
        yield len(lines) - 1, "600 lines or more: is there a second thing inside?"
    if lines[-1] != "":
        yield len(lines), "no newline at the end"
    in_comment = False
    for n, line in enumerate(lines, 1):
        if "\t" in line or line != line.rstrip():
            yield n, "a tab or trailing blank"
        if not code:
            continue
        bare = STRING.sub('""', line)
        if not in_comment and re.search(r"//", bare.split("/*")[0]):
            yield n, "a // comment is a private note and is not committed"
        for mark in re.findall(r"/\*|\*/", bare):
            in_comment = mark == "/*"


def main():
    bad = 0
    for path in files():
        try:
            for line, text in check(path):
                print(f"{path.relative_to(ROOT)}:{line}: {text}")
                bad += 1
        except UnicodeDecodeError:
            continue
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
