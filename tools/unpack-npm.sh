#!/bin/sh
# Unpacks one package of npm without installing it or what it depends on: unpack-npm.sh DIRECTORY NAME@VERSION SHA512
# For web clients that tests run in a browser. SHA512 is in base64, as package-lock.json has it. Needs no root.
set -eu

directory=$1
[ ! -e "$directory/unpacked-$2" ] || exit 0
mkdir -p "$directory"
cd "$directory"
rm -rf package npm
mkdir npm
npm pack --silent --pack-destination npm "$2" >/dev/null
found=$(openssl dgst -sha512 -binary npm/*.tgz | openssl base64 -A)
[ "$found" = "$3" ] || {
	echo "$2 is not the package that it was: its SHA-512 is $found." >&2
	exit 1
}
tar -xzf npm/*.tgz
rm -r npm
touch "unpacked-$2"
