#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""Fails when something a user can meet has no page, or a page has not the shape of docs/design/docs-are-tested.md.

usage: tools/check_docs.py [root]

What a page *shows* is run by tests/integration/test_docs.py; this looks at what can be seen without running.
"""
import collections
import pathlib
import re
import sys

SECTIONS = ["Seen", "Why", "Fix", "Try"]
STAGE_OPTIONS = {  # as tests/integration/docs_stage.py has them; cert= is a row of LEAVES in pki.py there
    "auth": {"scram", "md5", "password", "trust", "cert", "reject"},
    "tls": {"on", "off", "only", "v1.2"},
}
# Which page a row of a table has, or what else proves the row. A table that is not here is an error.
TABLES = {
    "params.def": "docs/params/{}.md",
    "x509.def": "docs/errors/X509_{}.md",
    "verbs.def": "docs/man/pgseal-{}.1.scd",
    "ca.def": "docs/man/pgseal-ca-{}.1.scd",
    "findings.def": "docs/findings/{}.md",
    "peers.def": None,  # tests/unit/nego: every row is recognised
    "messages.def": None,  # tests/unit/wire: every row is printed once
    "mechs.def": None,  # tests/unit/auth: every row runs against itself
    "status.def": None,  # the page is compared with --help by tests/tools/test_man.py
    "status_sum.def": None,  # part of status.def
    "providers.def": None,  # tests/unit/status/test_enforce.c: every row has a plan or nothing to do
    "points.def": None,  # tests/unit/status/test_judge.c: every row differs once
    "target.def": None,  # the first rows of opts.def
    "known.def": None,  # tests/unit/cert/test_known.c and tests/tools/test_known.py
    "opts.def": None,  # tests/unit/cli/test_opts.c: what psql has and we not is handed over, ours is in the help
}
# The first argument of a row; a comment and the text of a macro's definition are no rows.
ROW = re.compile(r'^\s*[A-Z][A-Z0-9_]*\(\s*"?([A-Za-z0-9_-]+)"?\s*[,)]', re.M)
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.M | re.S)
STAGE = re.compile(r"^<!-- stage:(.*)-->$", re.M)


def rows(path):
    """Names of the rows of a table."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.S)
    return [m for line in text.split("\n") if not line.lstrip().startswith("#") for m in ROW.findall(line)]


def error_codes(root):
    """What pgseal_code_str() can give for a failure."""
    header = root / "include/pgseal/err.h"
    if not header.exists():
        return set()
    return set(re.findall(r"^\s*PGSEAL_E_([A-Z0-9_]+)\s*=", header.read_text(encoding="utf-8"), re.M))


def missing_and_orphans(root):
    """Complaints about pages that are not there, or belong to nothing."""
    wanted = {folder: {} for folder in ("docs/params", "docs/errors", "docs/findings", "docs/man")}
    for table in sorted((root / "src").rglob("*.def")):
        name = table.relative_to(root)
        if table.name not in TABLES:
            yield f"{name}: tools/check_docs.py does not know what documents a row of this table"
            continue
        found = rows(table)
        if not found:
            yield f"{name}: no row found: is the name its first argument, one row per line?"
        for row, n in collections.Counter(found).items():
            page = TABLES[table.name]
            if n > 1 and page:
                yield f"{name}: {row} is there {n} times"
            if page:
                path = pathlib.PurePath(page.format(row))
                wanted[str(path.parent)][path.name] = f"{name}: {row}"
    for code in error_codes(root):
        wanted["docs/errors"][code + ".md"] = f"include/pgseal/err.h: {code}"
    wanted["docs/man"]["pgseal.1.scd"] = "the program"
    for folder, pages in wanted.items():
        there = {p.name for p in (root / folder).glob("*.scd" if folder == "docs/man" else "*.md")} - {"README.md"}
        for page in sorted(pages.keys() - there):
            yield f"{folder}/{page} is missing ({pages[page]})"
        for page in sorted(there - pages.keys()):
            yield f"{folder}/{page} belongs to no row or code"


def check_proof(root, line):
    """A Proof line names a file and a test in it."""
    m = re.fullmatch(r"Proof: (\S+) (\S+)", line)
    if not m:
        return f'"{line}": a Proof line is: Proof: FILE TEST'
    path = root / m.group(1)
    if not path.is_file():
        return f"Proof: {m.group(1)} does not exist"
    # The definition, not a mention: int/void NAME( in C, def NAME( in Python.
    if not re.search(rf"(?:\bvoid|\bdef)\s+{re.escape(m.group(2))}\(", path.read_text(encoding="utf-8")):
        return f"Proof: {m.group(1)} has no test {m.group(2)}"
    return None


def certificates(root):
    """The server certificates a stage can have."""
    text = (root / "tests/integration/pki.py").read_text(encoding="utf-8")
    return set(re.findall(r'^    "(\w+)": dict', text.partition("\nLEAVES = {")[2].partition("\n}")[0], re.M))


def check_try(root, text):
    """Complaints about a Try section."""
    blocks, proofs = BLOCK.findall(text), re.findall(r"^Proof:.*$", text, re.M)
    if not blocks and not proofs:
        yield "Try has neither a console block nor a Proof line"
    if len(re.findall(r"^```", text, re.M)) != 2 * len(blocks):
        yield "Try has a fence that is no ```console block"
    for proof in proofs:
        wrong = check_proof(root, proof)
        if wrong:
            yield wrong
    for block in blocks:
        lines = block.split("\n")[:-1]
        if not lines or not lines[0].startswith("$ "):
            yield "a console block starts with a command: $ ..."
        elif not any(line and not line.startswith(("$ ", "> ")) for line in lines):
            yield "a console block shows no output: nothing would be tested"
        elif all(line.strip() == "..." for line in lines if not line.startswith(("$ ", "> "))):
            yield "the output of a console block is only ...: nothing would be tested"
    for stage in STAGE.findall(text):
        words = stage.split()
        if words and words[0] != "server":
            yield f'stage "{stage.strip()}": only "server" and its options are known'
        for word in words[1:]:
            key, _, value = word.partition("=")
            if value not in (certificates(root) if key == "cert" else STAGE_OPTIONS.get(key, ())):
                yield f'stage option "{word}" is not known'


def check_page(root, path):
    """Complaints about the shape of one page."""
    text = path.read_text(encoding="utf-8")
    lines = text.split("\n")
    if lines[0] != f"# {path.stem}":
        yield f'line 1 must be "# {path.stem}"'
    intro, sections, deeper = split(lines[1:])
    if list(sections) != SECTIONS:
        yield f"the sections must be {', '.join(SECTIONS)}, not {', '.join(sections) or 'none'}"
        return
    if deeper:
        yield "no headings below the four sections"
    if not intro.strip():
        yield "between title and Seen, one or two sentences say what it is"
    for head, part in sections.items():
        if not part.strip():
            yield f"{head} is empty"
    yield from check_try(root, sections["Try"])
    yield from check_found(path, text)


def check_found(path, text):
    """Complaints about how a page leads on, and how `pgseal explain` finds it."""
    for link in re.findall(r"\]\(([^)#:]+\.md)\)", text):
        if not (path.parent / link).is_file():
            yield f"links to {link}, which does not exist"
    for also in re.findall(r"^<!-- *also.*$", text, re.M):
        if not re.fullmatch(r"<!-- also: [^;]+(; [^;]+)* -->", also):
            yield f'"{also}": such a line is <!-- also: NAME; NAME -->'


def split(lines):
    """(text before the first section, {heading: text}, any deeper heading); a # inside a fence is no heading."""
    intro, sections, head, fenced, deeper = [], {}, None, False, False
    for line in lines:
        fenced ^= line.startswith("```")
        if not fenced and line.startswith("## "):
            head = line[3:]
            sections[head] = []
            continue
        deeper |= not fenced and line.startswith("###")
        (intro if head is None else sections[head]).append(line)
    return "\n".join(intro), {h: "\n".join(t) for h, t in sections.items()}, deeper


def check_readme(root):
    """Every ./dev verb and pgseal verb that the front pages name exists."""
    dev = (root / "dev").read_text(encoding="utf-8")
    verbs_def = root / "src/cli/verbs.def"
    verbs = set(rows(verbs_def)) if verbs_def.exists() else set()
    for name in ("README.md", "README.ja.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "SECURITY.md", "CHANGELOG.md"):
        page = root / name
        if not page.exists():
            continue
        text = page.read_text(encoding="utf-8")
        for verb in set(re.findall(r"\./dev ([a-z]+)", text)):
            if f"\ndo_{verb}() {{" not in dev:
                yield f"{name}: there is no ./dev {verb}"
        code = "\n".join(re.findall(r"^(?: {4}|\$ )(.*)$", text, re.M)) + "\n".join(re.findall(r"`([^`\n]+)`", text))
        for verb in set(re.findall(r"(?:^|\s|/)pgseal ([a-z]+)\b", code, re.M)):
            if verbs and verb not in verbs and name != "ARCHITECTURE.md":  # which also draws the plan
                yield f"{name}: there is no verb pgseal {verb}"
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
            if not (root / link).exists():
                yield f"{name}: links to {link}, which does not exist"


def check_story(root):
    """Every step of docs/story.md names a command that exists and a test that exists."""
    page = root / "docs/story.md"
    if not page.exists():
        return
    text = page.read_text(encoding="utf-8")
    steps = re.findall(r"^\| (\d+) \|.*\| `([^`]+)` \| \[(\w+)\]\(\.\./([^)]+)\) \|$", text, re.M)
    if [int(n) for n, *_ in steps] != list(range(1, 31)):
        yield "docs/story.md: the steps are not 1 to 30, each with a command and a proof"
    verbs = set(rows(root / "src/cli/verbs.def")) | {"ca " + name for name in rows(root / "src/cli/ca.def")}
    for n, command, test, path in steps:
        verb = re.search(r"\bpgseal (ca \w+|\w+)", command)
        if not verb or verb.group(1) not in verbs:
            yield f"docs/story.md: step {n}: there is no such verb: {command}"
        wrong = check_proof(root, f"Proof: {path} {test}")
        if wrong:
            yield f"docs/story.md: step {n}: {wrong}"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent).resolve()
    complaints = list(missing_and_orphans(root))
    for folder in ("docs/params", "docs/errors", "docs/findings", "docs/topics"):
        for path in sorted((root / folder).glob("*.md")):
            if path.name != "README.md":
                complaints += [f"{path.relative_to(root)}: {c}" for c in check_page(root, path)]
    complaints += check_readme(root)
    complaints += check_story(root)
    for c in complaints:
        print(c)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
