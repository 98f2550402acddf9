#!/bin/sh
# Fails if programs that were compiled with the header of the baseline in abi/ would not run with this library.
#
#   check-abi.sh [HEADER LIBRARY]           compares them with abi/; default include/fbchat.h target/release/libfbchat.so
#   check-abi.sh --write [HEADER LIBRARY]   makes them the baseline: with each release, and after additions
#
# Three comparisons. Functions and their types: abidiff, of the header as a C compiler sees it, because the debug information of
# the library itself describes private Rust types. Constants: their numbers, as a C compiler sees them. The built library: it
# exports every function of the baseline, has the ABI version of the header, and knows every status by its number. That the
# header matches the library's sources is tested in tests/c_api/.
set -eu
export LC_ALL=C
write=
[ "${1-}" != --write ] || { write=yes; shift; }
case $# in
	0) header=$(dirname "$0")/../include/fbchat.h library=$(dirname "$0")/../target/release/libfbchat.so ;;
	2) header=$1 library=$2 ;;
	*) echo "usage: check-abi.sh [--write] [HEADER LIBRARY]" >&2; exit 2 ;;
esac
baseline=$(dirname "$0")/../abi
[ -e "$library" ] || { echo "$library is missing: run make first." >&2; exit 2; }
library=$(realpath "$library")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$header" "$work/fbchat.h"

# Every constant with its number.
echo '#include "fbchat.h"' >"$work/header.c"
{ cc -E -P "$work/header.c"; cc -E -dM "$work/header.c" | sed -n 's/^#define \(FBCHAT_[A-Z0-9_]*\) .*[0-9].*/\1/p'; } |
	grep -o '\bFBCHAT_[A-Z0-9_]*' | sort -u >"$work/names"
{
	printf '#include "fbchat.h"\n#include <stdio.h>\nint main(void)\n{\n'
	sed 's/.*/printf("& %lld\\n", (long long)&);/' "$work/names"
	echo 'return 0; }'
} >"$work/constants.c"
cc -o "$work/constants" "$work/constants.c"
"$work/constants" >"$work/constants.txt"

# A library of the same functions, empty, and what abidw says of it.
cp "$work/header.c" "$work/functions.c"
cc -fsyntax-only -aux-info "$work/prototypes" "$work/functions.c"
sed -n 's|^/\*[^*]*\*/ *extern \(.*fbchat_.*\);$|\1 { __builtin_trap(); }|p' "$work/prototypes" >>"$work/functions.c"
grep -q __builtin_trap "$work/functions.c" || { echo "No functions were found in $header." >&2; exit 1; }
cc -std=gnu2x -g -shared -fPIC -Wl,-soname,libfbchat.so -o "$work/functions.so" "$work/functions.c"
abidw --no-corpus-path --no-comp-dir-path --no-show-locs --out-file "$work/functions.abi" "$work/functions.so"

if [ -n "$write" ]; then
	mkdir -p "$baseline"
	cp "$work/functions.abi" "$baseline/fbchat.abi"
	cp "$work/constants.txt" "$baseline/fbchat.constants"
	echo "$header and $library are the baseline now."
fi

version() { sed -n 's/^FBCHAT_ABI_VERSION //p' "$1"; }
if [ "$(version "$baseline/fbchat.constants")" != "$(version "$work/constants.txt")" ]; then
	echo "The ABI version is $(version "$work/constants.txt"), that of the baseline $(version "$baseline/fbchat.constants"):" \
		"programs have to be compiled again, so anything may differ. Make a new baseline with --write."
	exit 0
fi

failed=0
gone=$(comm -23 "$baseline/fbchat.constants" "$work/constants.txt")
if [ -n "$gone" ]; then
	printf 'These constants are gone or have another number:\n%s\n' "$gone" >&2
	failed=1
fi
abidiff --no-added-syms --no-architecture "$baseline/fbchat.abi" "$work/functions.so" >&2 || failed=1

# The library as a program meets it.
{
	printf '#include "fbchat.h"\n#include <dlfcn.h>\n#include <stdio.h>\n#include <string.h>\n'
	echo 'static const char *const functions[] = {'
	sed -n "s/.*<elf-symbol name='\(fbchat_[a-z0-9_]*\)'.*/\"\1\",/p" "$baseline/fbchat.abi"
	echo '}; static const struct { const char *name; int number; } statuses[] = {'
	sed -n 's/^\(FBCHAT_OK\|FBCHAT_NO_EVENT\|FBCHAT_WOKEN\|FBCHAT_ERR_[A-Z0-9_]*\) \(.*\)/{"\1", \2},/p' "$baseline/fbchat.constants"
	cat <<'C'
};

int main(int argc, char **argv)
{
    void *library = argc == 2 ? dlopen(argv[1], RTLD_NOW) : NULL;
    uint32_t (*abi_version)(void);
    const char *(*status_name)(fbchat_status);
    int failed = 0;
    size_t i;
    if (!library)
        return fprintf(stderr, "%s\n", dlerror()), 1;
    for (i = 0; i < sizeof functions / sizeof functions[0]; i++)
        if (!dlsym(library, functions[i]))
            failed = fprintf(stderr, "The library has no function %s.\n", functions[i]);
    *(void **)&abi_version = dlsym(library, "fbchat_abi_version");
    *(void **)&status_name = dlsym(library, "fbchat_status_name");
    if (!abi_version || !status_name)
        return 1;
    if (abi_version() != FBCHAT_ABI_VERSION)
        failed = fprintf(stderr, "The library has ABI version %u.\n", (unsigned)abi_version());
    for (i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
        if (strcmp(status_name(statuses[i].number), statuses[i].name) != 0)
            failed = fprintf(stderr, "The library knows status %d as %s, not as %s.\n", statuses[i].number,
                             status_name(statuses[i].number), statuses[i].name);
    return failed != 0;
}
C
} >"$work/meet.c"
cc -std=gnu99 -Wall -Wextra -o "$work/meet" "$work/meet.c" -ldl
"$work/meet" "$library" || failed=1

if [ $failed -ne 0 ]; then
	echo "Restore this, or raise FBCHAT_ABI_VERSION and the SONAME (docs/abi.md)." >&2
	exit 1
fi
echo "Programs compiled with the header of the baseline run with this library."
