#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""Writes the completion of a shell from the tables: rows of verbs, commands and options as --help shows them.

usage: tools/gen_completion.py bash|zsh PROGRAM SOURCE_ROOT >FILE

Every verb's rows go through one printer (cli_optrows_help), so its --help is the table that the program was built with, a
client build's included. Connection keywords come from params.def, regions from known.def, the names of pages from docs/.
"""
import pathlib
import re
import subprocess
import sys

OPTION = re.compile(r"^  (?:-(\S), |    )?--([a-z0-9-]+)(?:=(\S+)| ([A-Z]+))?(?:  +(.*))?$", re.M)
COMMAND = re.compile(r"^  ([a-z][a-z0-9-]*)  +(\S.*)$", re.M)
# Values of keywords that are a choice, as params.def's help lists them.
CHOICE = re.compile(r": ([\w.,\- ]+?)\.?$")


class Command:
    """One verb or command: its options, what is below it, and its usage line."""

    def __init__(self, words, text):
        self.words, self.text = words, text
        self.options, self.below, self.usage = [], [], ""

    @property
    def path(self):
        return " ".join(self.words)


def ask(program, words, text=""):
    """The Command tree below these words."""
    p = subprocess.run([program, *words[1:], "--help"], check=True, capture_output=True, text=True, timeout=30)
    me = Command(words, text)
    shown = re.sub(r"(?<=\S)\n {14,}(?=\S)", " ", p.stdout)  # what was wrapped is one line again
    shown = re.sub(r"^(      --\S+) (?=\S)", r"\1  ", shown, flags=re.M)
    me.usage = (re.findall(r"^Usage: (.*)$", shown, re.M) or [""])[0]
    for section in re.split(r"\n(?=[A-Z][A-Za-z ]*:\n)", shown):
        head = section.partition("\n")[0]
        if head.startswith(("Verbs", "Commands")):
            me.below += [ask(program, words + [name], what) for name, what in COMMAND.findall(section)]
    me.options = [(short, name, arg or word, what) for short, name, arg, word, what in OPTION.findall(shown)]
    if me.below:
        me.options.append(("", "help", "", "show help"))
    if len(words) == 1:
        me.options.append(("V", "version", "", "show the version"))
    return me


def walk(command):
    yield command
    for below in command.below:
        yield from walk(below)


def rows(path):
    """First argument and last string of each row."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.S)
    for row in re.findall(r"^PGSEAL_ROW\((.*?)\)$", text, re.M | re.S):
        yield row.split(",")[0].strip(' "'), [s for s in re.findall(r'"((?:[^"\\]|\\.)*)"', row)], row


def keywords(root):
    """{connection keyword: its values when it is a choice}, without secrets, debugging and what pgseal does not act on."""
    out = {}
    for name, strings, row in rows(root / "src/core/conninfo/params.def"):
        if '"*", ' in row or '"D", ' in row or ", false," in row:
            continue
        m = CHOICE.search(strings[-1])
        values = [v.strip() for v in m.group(1).split(",")] if m and "," in m.group(1) else []
        out[name] = values if all(re.fullmatch(r"[\w.-]+", v) for v in values) else []
    out["sslnegotiation"] = ["postgres", "direct"]
    out["sslsni"] = out["keepalives"] = ["0", "1"]
    out["load_balance_hosts"] = ["disable", "random"]
    out["sslrootcert"] = ["system"]
    out["require_auth"] = ["scram-sha-256", "md5", "password", "none"]
    return out


def regions(root):
    return sorted({strings[2] for _, strings, _ in rows(root / "src/core/cert/known.def") if re.fullmatch(r"[a-z]+(-[a-z]+)+-\d", strings[2])})


def pages(root):
    """What `explain` has a page for."""
    return sorted({p.stem for d in ("errors", "findings", "params", "topics") for p in (root / "docs" / d).glob("*.md")} - {"README"})


def operand(command):
    """What the operands are, by the words of the usage line."""
    usage = command.usage[len(command.path):]
    fixed = re.findall(r"(?<![\w-])[a-z]{2,}(?![\w-])", usage)
    if "CONNINFO" in usage or "CONNECTION STRING" in usage:
        return "CONNINFO FILE" if re.search("FILE|CERT", usage) else "CONNINFO"
    if command.words[-1] == "explain":
        return "PAGE"
    if fixed:
        return "WORDS " + " ".join(fixed)
    if re.search(r"FILE|CERT|\bA B\b", usage):
        return "FILE"
    return "REGION" if "REGION" in usage else ""


def fill(root, shell, tables):
    text = (root / f"docs/completion/pgseal.{shell}.in").read_text(encoding="utf-8")
    for name, value in tables.items():
        text = text.replace(f"@{name}@", value)
    left = re.search(r"@[A-Z_]+@", text)
    if left:
        raise SystemExit(f"gen_completion.py: nothing fills {left.group()}")
    return text


def bash_word(text):
    return "'" + text.replace("'", "'\\''") + "'"


def bash(root, tree):
    below, options, kinds = [], [], []
    for c in walk(tree):
        if c.below:
            below.append(f"    [{bash_word(c.path)}]={bash_word(' '.join(b.words[-1] for b in c.below))}")
        options.append(f"    [{bash_word(c.path)}]={bash_word(' '.join(f'--{name}' + ('=' if arg else '') for _, name, arg, _ in c.options))}")
        for short, name, arg, _ in c.options:
            for word in [f"--{name}"] + ([f"-{short}"] if short else []):
                if arg:
                    kinds.append(f"    [{bash_word(c.path + ' ' + word)}]={bash_word(arg)}")
        if operand(c) and not c.below:
            kinds.append(f"    [{bash_word(c.path)}]={bash_word(operand(c))}")
    keys = keywords(root)
    return fill(root, "bash", {
        "BELOW": "\n".join(below), "OPTIONS": "\n".join(options), "KINDS": "\n".join(kinds),
        "KEYWORDS": "\n".join(f"    [{k}]={bash_word(' '.join(v))}" for k, v in keys.items()),
        "REGIONS": " ".join(regions(root)), "PAGES": " ".join(pages(root))})


def zsh_quote(text):
    """Inside of '...' in a specification of _arguments: [ ] and : are its own."""
    return re.sub(r"([\[\]:\\])", r"\\\1", text).replace("'", "'\\''")


def zsh_action(arg):
    word = re.split(r"[^A-Z]", arg)[0]
    return {"FILE": "_files", "DIR": "_files -/", "DIRECTORY": "_files -/", "HOST": "_hosts", "REGION": "_pgseal_regions",
            "DBNAME": "_pgseal_conninfo", "CONNINFO": "_pgseal_conninfo", "URL": "_files"}.get(word, " ")


def zsh_options(command):
    for short, name, arg, text in command.options:
        said = f"[{zsh_quote(text)}]"
        value = f":{zsh_quote(arg)}:{zsh_action(arg)}" if arg else ""
        if short and short != "?":
            yield f"'*'{{-{short}{'+' if arg else ''},--{name}{'=' if arg else ''}}}'{said}{value}'"
        else:
            yield f"'*--{name}{'=' if arg else ''}{said}{value}'"


def zsh(root, tree):
    functions = []
    for c in walk(tree):
        name = "_pgseal" if len(c.words) == 1 else "_" + "_".join(w.replace("-", "_") for w in c.words)
        specs = list(zsh_options(c))
        if c.below:
            functions.append(f"{name}_below() {{\n    local -a rows=(\n" + "".join(
                f"        '{b.words[-1]}:{zsh_quote(b.text)}'\n" for b in c.below) + "    )\n    _describe command rows\n}")
            cases = "".join(f"        {b.words[-1]}) _{'_'.join(w.replace('-', '_') for w in b.words)} ;;\n" for b in c.below)
            lines = specs + [f"'1:command:{name}_below'", "'*::argument:->argument'"]
            body = ("    local curcontext=$curcontext state line\n    _arguments -C \\\n        " + " \\\n        ".join(lines) +
                    f"\n    [[ $state != argument ]] || case $line[1] in\n{cases}    esac")
        else:
            what = operand(c)
            kind = {"CONNINFO": "_pgseal_conninfo", "CONNINFO FILE": "_pgseal_conninfo_or_file", "PAGE": "_pgseal_pages", "FILE": "_files", "REGION": "_pgseal_regions"}.get(what, " ")
            if what.startswith("WORDS "):
                kind = f"({what[6:]})"
            body = "    _arguments -s \\\n        " + " \\\n        ".join(specs + [f"'*:argument:{kind}'"])
        functions.append(f"{name}() {{\n{body}\n}}")
    keys = keywords(root)
    return fill(root, "zsh", {
        "FUNCTIONS": "\n\n".join(functions),
        "KEYWORDS": "\n".join(f"        '{k}' '{' '.join(v)}'" for k, v in keys.items()),
        "REGIONS": " ".join(regions(root)), "PAGES": " ".join(pages(root))})


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in ("bash", "zsh"):
        raise SystemExit(__doc__)
    tree = ask(sys.argv[2], ["pgseal"])
    sys.stdout.write({"bash": bash, "zsh": zsh}[sys.argv[1]](pathlib.Path(sys.argv[3]), tree))


if __name__ == "__main__":
    main()
