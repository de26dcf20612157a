#!/usr/bin/env bash
# SPDX-License-Identifier: PostgreSQL
# Downloads Debian source packages into a folder, verified by apt's signatures; /etc/apt is not touched, no root is needed.
# usage: tools/debian_source.sh DIR PACKAGE[=VERSION]...
set -euo pipefail
[ $# -ge 2 ] || { sed -n '3,4s/^# //p' "$0" >&2; exit 2; }
mkdir -p "$1"
dir=$(cd "$1" && pwd)
shift
state=$(mktemp -d)
trap 'rm -rf "$state"' EXIT
mkdir -p "$state/parts" "$state/lists/partial"

# The same mirrors and suites as this machine's binary packages, whatever form its lists have.
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
# shellcheck disable=SC2016 # apt's own variables
apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)' 'Created-By: Packages' | sort -u |
    while read -r uri release component origin; do
        [ "$origin" = Debian ] || continue
        printf 'Types: deb-src\nURIs: %s\nSuites: %s\nComponents: %s\nSigned-By: %s\n\n' \
            "$uri" "$release" "$component" "$keyring"
    done >"$state/parts/sources.sources"
[ -s "$state/parts/sources.sources" ] || { echo "debian_source.sh: apt knows no Debian mirror here" >&2; exit 1; }
cat >"$state/apt.conf" <<CONF
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$state/parts";
Dir::State::lists "$state/lists";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
APT::Sandbox::User "";
APT::Get::AllowUnauthenticated "false";
Acquire::Retries "2";
Acquire::http::Timeout "30";
CONF
export APT_CONFIG=$state/apt.conf
apt-get -q -o APT::Update::Error-Mode=any update
cd "$dir"
apt-get -q --only-source --download-only source "$@"
