#!/usr/bin/env bash
# Runs the C programs of tests/c/ and examples/, linked with the shared and with the static library, under the checkers of memory
# and threads: AddressSanitizer with LeakSanitizer, ThreadSanitizer, valgrind's memcheck and DRD. Each checker must first find a
# deliberate mistake (tests/c/proof/), which proves that it works.
#
#   sanitize.sh DIRECTORY      where fbchatd and the library were built; the sanitizers' own builds go next to it
set -euo pipefail

cd "$(dirname "$0")/.."
plain=$1
target=$(dirname "$plain")
work=$(mktemp -d)
server= lanes=()
host=$(rustc -vV | sed -n 's/^host: //p')
rust=$(rustc --print sysroot)/lib/rustlib/$host/lib
# Injected panics need no backtrace.
export RUST_BACKTRACE=0
# Flags for every program. A program may replace a function of the system, hence -rdynamic.
flags=(-std=c99 -D_POSIX_C_SOURCE=200809L -g -O1 -pthread -rdynamic -Iinclude)

fail() {
	echo "FAILED: $*" >&2
	exit 1
}

finish() {
	local each
	for each in "${lanes[@]}"; do
		kill "$each" 2>/dev/null || true
	done
	wait
	rm -rf "$work"
}
trap finish EXIT

# Sanitizers are not stable yet, hence RUSTC_BOOTSTRAP; the standard library is built without them, hence the mismatch.
build() {
	local sanitizer=$1
	shift
	RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zsanitizer=$sanitizer -Cunsafe-allow-abi-mismatch=sanitizer" \
		CARGO_PROFILE_DEV_DEBUG=line-tables-only \
		cargo rustc --quiet --locked --package fbchat --lib --features fault-injection --target "$host" --target-dir "$target/$sanitizer" -- "$@"
	ln -sf libfbchat.so "$target/$sanitizer/$host/debug/libfbchat.so.0"
}

# With the standard library's locks, which ThreadSanitizer would not see otherwise: see tsan_std.c.
build_for_threads() {
	local std names=() wraps=() each name symbol
	std=$(nm -D "$rust"/libstd-*.so | grep -oE 'Cs[A-Za-z0-9]+_3std' | sort | uniq -c | sort -rn | awk 'NR == 1 { print $2 }')
	for each in MUTEX_LOCK=5mutex5futexNtB2_5Mutex14lock_contended RWLOCK_READ=6rwlock5futexNtB2_6RwLock14read_contended \
		RWLOCK_WRITE=6rwlock5futexNtB2_6RwLock15write_contended CONDVAR_WAIT=7condvar5futexNtB2_7Condvar4wait \
		CONDVAR_WAIT_TIMEOUT=7condvar5futexNtB2_7Condvar12wait_timeout; do
		name=${each%%=*}
		symbol=_RNvMNtNtNtNt${std}3sys4sync${each#*=}
		names+=("-D$name=$symbol")
		wraps+=("-Clink-arg=-Wl,--wrap=$symbol")
	done
	cc -c -fPIC -O1 "${names[@]}" tools/tsan_std.c -o "$target/tsan_std.o"
	build thread "-Clink-arg=$(realpath "$target/tsan_std.o")" "${wraps[@]}"
}

# compile KIND shared|static SOURCE: prints the program. KIND is plain or a sanitizer's name.
compile() {
	local kind=$1 linkage=$2 source=$3 place=$plain options=() runtime=() library program
	program=$work/$kind-$linkage-$(basename "$source" .c)
	if [ "$kind" != plain ]; then
		place=$target/$kind/$host/debug
		options=("-fsanitize=$kind" -fno-omit-frame-pointer)
		# Rust's sanitizer runtime, not the C compiler's, because the program contains code of both.
		runtime=(-Wl,--whole-archive "$rust/librustc-stable_rt.${kind:0:1}san.a" -Wl,--no-whole-archive)
	fi
	place=$(realpath "$place")
	library=("$place/libfbchat.a")
	[ "$linkage" = static ] || library=("-L$place" -lfbchat "-Wl,-rpath,$place")
	cc "${flags[@]}" "${options[@]}" -c "$source" -o "$program.o" >&2
	cc -pthread -rdynamic "$program.o" "${runtime[@]}" "${library[@]}" -ldl -lm -lrt -o "$program" >&2
	echo "$program"
}

# A server for each program, so that programs do not affect each other.
with_server() {
	local url="" status=0
	: >"$work/server"
	FBCHATD_LOG=warn "$plain/fbchatd" demo --listen 127.0.0.1:0 >"$work/server" 2>&1 &
	server=$!
	local end=$((SECONDS + 20))
	until url=$(sed -n 's/^listening on //p' "$work/server") && [ -n "$url" ]; do
		[ "$SECONDS" -lt "$end" ] || fail "the server does not start"
		sleep 0.05
	done
	timeout 600 "$@" "$url" >"$work/said" 2>&1 || status=$?
	kill "$server" || fail "the server has died"
	wait "$server" 2>/dev/null || true
	server=
	return "$status"
}

# check NAME COMMAND...: runs the program under the checker.
check() {
	local name=$1
	shift
	# A report of valgrind about a child process is not in the exit status.
	if ! with_server "$@" || grep -q '^==[0-9]*==' "$work/said"; then
		cat "$work/said" >&2
		fail "$name"
	fi
	echo "$name: no report"
}

# must_complain NAME WORDS COMMAND...: the checker finds the deliberate mistake.
must_complain() {
	local name=$1 words=$2
	shift 2
	if timeout 600 "$@" >"$work/said" 2>&1 || ! grep -q "$words" "$work/said"; then
		cat "$work/said" >&2
		fail "$name does not report a deliberate mistake"
	fi
	echo "$name: reports \"$words\""
}

programs=(tests/c/*.c examples/hello.c)

# Memory, by instrumentation. The library with fault injection behaves like the other until a fault is injected.
addresses() {
	local linkage source broken
	build address
	for linkage in shared static; do
		broken=$(compile address $linkage tests/c/proof/broken.c)
		must_complain "AddressSanitizer, $linkage" heap-use-after-free "$broken" use-after-free
		must_complain "LeakSanitizer, $linkage" "LeakSanitizer: detected memory leaks" "$broken" leak
		for source in "${programs[@]}" tests/c/injected/panics.c; do
			check "AddressSanitizer, $linkage, $source" "$(compile address $linkage "$source")"
		done
	done
}

# Threads. The deliberate race is inside the library, where it writes through a pointer: this proves that it is instrumented, too. Which
# of its functions is named depends on how the compiler has merged equal ones.
threads() {
	build_for_threads
	export TSAN_OPTIONS="suppressions=$PWD/tools/tsan.supp history_size=4"
	must_complain ThreadSanitizer "data race.*core/src/ptr" "$(compile thread shared tests/c/proof/broken.c)" race
	check "ThreadSanitizer, eight threads" "$(compile thread shared tests/c/eight_threads.c)"
}

# Memory again, with the uninstrumented library. Only definite losses count: Rust's hash tables are reached through a pointer into
# their middle, which memcheck calls possibly lost.
memcheck() {
	local linkage=$1 source broken
	local memcheck=(valgrind --quiet --error-exitcode=1 --leak-check=full
		--errors-for-leak-kinds=definite --show-leak-kinds=definite)
	broken=$(compile plain "$linkage" tests/c/proof/broken.c)
	must_complain "memcheck, $linkage" "Invalid read" "${memcheck[@]}" "$broken" use-after-free
	must_complain "memcheck, $linkage" "are definitely lost" "${memcheck[@]}" "$broken" leak
	for source in "${programs[@]}"; do
		check "memcheck, $linkage, $source" "${memcheck[@]}" "$(compile plain "$linkage" "$source")"
	done
}

# Threads at the border of program and library, see drd.supp.
drd() {
	local drd=(valgrind --quiet --tool=drd --error-exitcode=1 --suppressions=tools/drd.supp)
	must_complain DRD "Conflicting.*by thread" "${drd[@]}" "$(compile plain shared tests/c/proof/broken.c)" race
	check "DRD, eight threads" "${drd[@]}" "$(compile plain shared tests/c/eight_threads.c)"
}

# lane FUNCTION...: runs the functions one after the other, in parallel to the other lane, in a directory of its own.
lane() {
	(
		work=$work/${1// /-}
		mkdir "$work"
		trap '[ -z "$server" ] || kill "$server"' EXIT
		for each in "$@"; do
			$each
		done
	) &
	lanes+=($!)
}

ln -sf libfbchat.so "$plain/libfbchat.so.0"
lane threads addresses
lane "memcheck shared" "memcheck static" drd
status=0
for each in "${lanes[@]}"; do
	wait "$each" || status=1
done
exit "$status"
