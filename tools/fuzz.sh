#!/usr/bin/env bash
# Coverage-guided fuzzing with stable Rust and libFuzzer. `cargo fuzz run TARGET` does the same one by one with nightly Rust.
#
#   fuzz.sh SECONDS [TARGET…]      runs each target (default: all of fuzz/fuzz_targets/) for that long, two at a time
#
# Starts from fuzz/seeds/TARGET/ and from what earlier runs have found, which is kept in target/fuzz/corpus/TARGET/. An input that
# breaks something is left in target/fuzz/findings/; add it to fuzz/seeds/TARGET/ with the fix, so that it stays fixed.
set -euo pipefail

cd "$(dirname "$0")/.."
seconds=${1:?usage: fuzz.sh SECONDS [TARGET…]}
shift
targets=("$@")
if [ ${#targets[@]} = 0 ]; then
	targets=(fuzz/fuzz_targets/*.rs)
	targets=("${targets[@]##*/}")
	targets=("${targets[@]%.rs}")
fi
place=$PWD/target/fuzz
host=$(rustc -vV | sed -n 's/^host: //p')
lanes=()

finish() {
	local each
	for each in "${lanes[@]}"; do
		kill -- "-$each" 2>/dev/null || true
	done
}
trap finish EXIT

# What `cargo fuzz` passes, too. --target keeps the flags from build scripts.
build() {
	local flags=(-Cpasses=sancov-module)
	local each
	for each in level=4 inline-8bit-counters pc-table trace-compares; do
		flags+=("-Cllvm-args=-sanitizer-coverage-$each")
	done
	flags+=(-Cllvm-args=-simplifycfg-branch-fold-threshold=0 -Ccodegen-units=1 --cfg fuzzing)
	RUSTFLAGS="${flags[*]}" cargo build --locked --release --manifest-path fuzz/Cargo.toml \
		--target "$host" --target-dir "$place" "${targets[@]/#/--bin=}"
}

# Runs one target, and prints its last line: executions, coverage (edges and features), and the size of the corpus.
run() {
	local target=$1 corpus=$place/corpus/$1 log=$place/$1.log options=()
	mkdir -p "$corpus" "$place/findings"
	[ ! -e "fuzz/$target.dict" ] || options+=("-dict=fuzz/$target.dict")
	if ! "$place/$host/release/$target" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=20 -max_len=8192 \
		-print_final_stats=1 -artifact_prefix="$place/findings/$target-" "${options[@]}" \
		"$corpus" "fuzz/seeds/$target" >"$log" 2>&1; then
		tail -n 60 "$log" >&2
		echo "FAILED: $target; the input is in $(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)" >&2
		return 1
	fi
	echo "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") executions," \
		"$(grep -o 'cov: .*' "$log" | tail -n 1)"
}

# Every second target, beginning with the given one.
lane() {
	local status=0 at
	for ((at = $1; at < ${#targets[@]}; at += 2)); do
		run "${targets[at]}" || status=1
	done
	return "$status"
}

build
set -m
for first in 0 1; do
	lane "$first" &
	lanes+=($!)
done
set +m
status=0
for each in "${lanes[@]}"; do
	wait "$each" || status=1
done
exit "$status"
