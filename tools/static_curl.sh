#!/usr/bin/env bash
# SPDX-License-Identifier: PostgreSQL
# Builds the libcurl of the static client from Debian's source: HTTPS and proxies alone. Debian's own libcurl.a needs
# Kerberos, LDAP and RTMP, which have no static libraries.
# usage: tools/static_curl.sh DIR    leaves DIR/lib/libcurl.a, DIR/lib/pkgconfig, DIR/include, DIR/copyright, DIR/version
set -euo pipefail
[ $# -eq 1 ] || { sed -n '3,5s/^# //p' "$0" >&2; exit 2; }
mkdir -p "$1/source"
dir=$(cd "$1" && pwd)
tools=$(cd "$(dirname "$0")" && pwd)
jobs=${JOBS:-$(nproc)}

if ! "$tools/debian_source.sh" "$dir/source" curl; then
    [ -f "$dir/version" ] || { echo "static_curl.sh: the source of curl could not be fetched" >&2; exit 1; }
    echo "no mirror could be asked; going on with libcurl $(cat "$dir/version")"
    exit 0
fi
dsc=$(find "$dir/source" -name 'curl_*.dsc' -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d' ' -f2-)
version=$(sed -n 's/^Version: //p' "$dsc")
recipe=$(sha256sum "$0" | cut -c1-16)
[ "$(cat "$dir/built" 2>/dev/null)" != "$version $recipe" ] || { echo "libcurl $version is built"; exit 0; }

work=$dir/work
rm -rf "$work" "$dir/built" && mkdir -p "$work/build"
dpkg-source --no-check -x "$dsc" "$work/curl" # apt checked it: its list is signed
without=(ares ftp file ldap ldaps rtsp dict telnet tftp pop3 imap smb smtp gopher mqtt ntlm ntlm-wb tls-srp unix-sockets
    cookies doh mime alt-svc hsts websockets manual libcurl-option shared dependency-tracking)
foreign=(zlib brotli zstd libpsl libgsasl libssh2 librtmp libidn2 nghttp2 ca-bundle ca-path)
cd "$work/build"
# --with-ca-fallback: roots are where OpenSSL says; src/standalone/places.c says it for the machine it runs on.
../curl/configure --quiet --prefix="$dir" --enable-static --with-openssl --with-ca-fallback --enable-threaded-resolver \
    "${without[@]/#/--disable-}" "${foreign[@]/#/--without-}" \
    CFLAGS="-O2 -g -fPIE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection -fcf-protection=full \
-ftrivial-auto-var-init=zero -ffile-prefix-map=$work=." </dev/null
make -j "$jobs" -C lib V=0
make -C lib install-libLTLIBRARIES >/dev/null
make -C include install >/dev/null
make install-pkgconfigDATA >/dev/null
cp ../curl/debian/copyright "$dir/copyright"
echo "$version" >"$dir/version"
cd "$dir"
rm -rf "$work"
echo "$version $recipe" >"$dir/built"
echo "built libcurl $version"
