#!/bin/sh
# Unpacks Debian packages into a directory instead of installing them: unpack-packages.sh DIRECTORY PACKAGE…
# For servers that tests and benchmarks run: installing them would start them as services of this machine. Needs no root.
set -eu

directory=$1
shift
[ ! -e "$directory/unpacked" ] || exit 0
mkdir -p "$directory"
cd "$directory"
rm -f -- *.deb
# Package lists are fetched only if downloading fails without: old ones name packages that are gone.
apt-get download -q "$@" || { [ "$(id -u)" -eq 0 ] && apt-get update -q && apt-get download -q "$@"; } || {
	echo "Debian's package lists are missing or old. As root, run apt-get update, then make again." >&2
	exit 1
}
for package in *.deb; do
	dpkg-deb --extract "$package" .
done
touch unpacked
