#!/bin/sh
# Fails if programs that were compiled with one header would not run with a library of another: check-abi.sh OLD NEW
#
# Compared is what a C compiler makes of the headers: the library's own debug information tells of Rust types, private ones too.
# That the library exports just what its header declares is tested elsewhere.
set -eu
[ $# -eq 2 ] || { echo "usage: check-abi.sh OLD-HEADER NEW-HEADER" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for side in old new; do
	header=$1
	shift
	cp "$header" "$work/fbchat.h"
	echo '#include "fbchat.h"' >"$work/$side.c"
	# Every constant with its number.
	cc -E -dM "$work/$side.c" | sed -n 's/^#define \(FBCHAT_[A-Z0-9_]*\) \(.*[0-9].*\)$/\1 \2/p' | sort >"$work/$side.numbers"
	# A library of the same functions, empty.
	cc -fsyntax-only -aux-info "$work/$side.protos" "$work/$side.c"
	sed -n 's|^/\*[^*]*\*/ *extern \(.*fbchat_.*\);$|\1 { __builtin_trap(); }|p' "$work/$side.protos" >>"$work/$side.c"
	grep -q __builtin_trap "$work/$side.c" || { echo "No functions were found in $header." >&2; exit 1; }
	cc -std=gnu2x -g -shared -fPIC -o "$work/$side.so" "$work/$side.c"
done

old_abi=$(sed -n 's/^FBCHAT_ABI_VERSION //p' "$work/old.numbers")
new_abi=$(sed -n 's/^FBCHAT_ABI_VERSION //p' "$work/new.numbers")
if [ "$old_abi" != "$new_abi" ]; then
	echo "The ABI version went from $old_abi to $new_abi: programs have to be compiled anew, and anything may change."
	exit 0
fi

failed=0
gone=$(comm -23 "$work/old.numbers" "$work/new.numbers")
if [ -n "$gone" ]; then
	printf 'These constants are gone or have another number:\n%s\n' "$gone" >&2
	failed=1
fi
abidiff --no-added-syms "$work/old.so" "$work/new.so" >&2 || failed=1
[ $failed -eq 0 ] || { echo "Mend this, or raise FBCHAT_ABI_VERSION and the SONAME (docs/abi.md)." >&2; exit 1; }
echo "Programs compiled with the old header run with the new library."
