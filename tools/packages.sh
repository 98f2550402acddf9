#!/bin/sh
# Installs the Debian packages named as arguments that are missing. Without root, sudo or apt-get it prints what to do.
set -eu

missing=
for package in "$@"; do
	if ! dpkg-query --show --showformat='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed; then
		missing="$missing $package"
	fi
done
[ -n "$missing" ] || exit 0

command="apt-get install --yes --no-install-recommends$missing"
if ! command -v apt-get >/dev/null; then
	echo "These Debian packages, or what your system calls them, are needed:$missing" >&2
	exit 1
fi
if [ "$(id -u)" -eq 0 ]; then
	as_root=
elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
	as_root=sudo
else
	printf 'Packages are missing. As root, run:\n\n    apt-get update && %s\n\nand then make again.\n' "$command" >&2
	exit 1
fi

echo "Installing:$missing"
# A package list from long ago names packages that are gone; only then a new one is fetched.
# sudo drops the environment, so what apt is to know goes in behind it.
as_root="$as_root env DEBIAN_FRONTEND=noninteractive"
# shellcheck disable=SC2086 # both are lists of words
$as_root $command || { $as_root apt-get update && $as_root $command; }
