#!/usr/bin/env bash
# Runs two commands at the same time: one with programs that mostly wait, and one that computes, with a lower priority, so that it mostly
# takes what the first one leaves. The second one's output is shown when it has ended. If one fails, the other one is ended, too.
#
#   side-by-side.sh WAITING COMPUTING
set -euo pipefail

output=$(mktemp)
lanes=()

finish() {
	local each
	for each in "${lanes[@]}"; do
		kill -- "-$each" 2>/dev/null || true
	done
	wait
	rm -f "$output"
}
trap finish EXIT

# Each in a process group of its own, so that all of it can be ended.
set -m
bash -c "$1" </dev/null &
lanes+=($!)
nice -n 5 bash -c "$2" </dev/null >"$output" 2>&1 &
lanes+=($!)
set +m
computing=$!

while [ ${#lanes[@]} -gt 0 ]; do
	status=0
	wait -n -p ended "${lanes[@]}" || status=$?
	[ "$ended" != "$computing" ] || cat "$output"
	[ "$status" = 0 ] || { echo "FAILED: $([ "$ended" = "$computing" ] && echo "$2" || echo "$1")" >&2; exit 1; }
	for at in "${!lanes[@]}"; do
		[ "${lanes[at]}" != "$ended" ] || unset "lanes[at]"
	done
done
