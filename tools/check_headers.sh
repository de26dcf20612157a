#!/bin/sh
# SPDX-License-Identifier: PostgreSQL
# Fails when a public header does not compile alone, in C11 and in C++11, or clang dislikes its documentation.
# Usage: tools/check_headers.sh [root]
set -u
cd "${1:-$(dirname "$0")/..}" || exit 2
bad=0
for h in include/pgseal/*.h; do
    for lang in "c c11" "c++ c++11"; do
        # shellcheck disable=SC2086
        set -- $lang
        # -include makes the header part of a translation unit, where -Wdocumentation is not muted as in a system header.
        clang -fsyntax-only -x "$1" -std="$2" -Wall -Wextra -Wpedantic -Wdocumentation -Werror -Wno-empty-translation-unit -I include \
            -include "pgseal/${h##*/}" /dev/null || { echo "$h does not compile alone as $2"; bad=1; }
    done
done
exit $bad
