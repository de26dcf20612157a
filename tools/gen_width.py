#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""Writes src/cli/width_tab.h: which code points PostgreSQL 15 shows in no or in two columns.

The rules are those of PostgreSQL's generate-unicode_*_table.pl: a run of Mn and Me characters may
span unassigned code points; East Asian Wide and Fullwidth count two, also the unassigned ones of
the ideographic blocks. PostgreSQL 15 carries Unicode 14, so this refuses to run with another one.
"""
import sys, unicodedata as u

if u.unidata_version != "14.0.0":
    sys.exit(f"Unicode {u.unidata_version}, but PostgreSQL 15 carries 14.0.0: use Python 3.11")

zero, wide, run = [], [], False
for c in range(0x110000):
    cat = u.category(chr(c))
    if cat in ("Cn", "Cs", "Co"):
        continue
    if cat in ("Mn", "Me"):
        if run:
            zero[-1][1] = c
        else:
            zero.append([c, c])
        run = True
    else:
        run = False
IDEOGRAPHS = [(0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2FFFD), (0x30000, 0x3FFFD)]
for c in range(0x110000):
    if u.category(chr(c)) == "Cn":
        two = any(a <= c <= b for a, b in IDEOGRAPHS)
    else:
        two = u.east_asian_width(chr(c)) in "WF"
    if two:
        if wide and wide[-1][1] == c - 1:
            wide[-1][1] = c
        else:
            wide.append([c, c])

print("/* SPDX-License-Identifier: PostgreSQL */")
print("/* Made by tools/gen_width.py from Unicode 14.0.0: do not edit. */")
print("/* clang-format off */")
for name, rows in (("zero_width", zero), ("double_width", wide)):
    print(f"static const struct range {name}[] = {{")
    line = "   "
    for a, b in rows:
        item = f" {{0x{a:04x}, 0x{b:04x}}},"
        if len(line) + len(item) > 99:
            print(line)
            line = "   "
        line += item
    print(line)
    print("};")
