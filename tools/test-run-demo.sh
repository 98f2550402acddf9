#!/usr/bin/env bash
# Runs what `make run` runs, once without and once with a display, and sees that it comes up, that the two can talk, and that it leaves nothing behind.
#
#   test-run-demo.sh DIRECTORY      where fbchatd, fbchat and libfbchat-purple.so were built
set -euo pipefail

bin=$1
here=$(dirname "$0")
work=$(mktemp -d)
demo=
export TMPDIR=$work/tmp HOME=$work/home
mkdir "$TMPDIR" "$HOME"

fail() {
	echo "FAILED: $*" >&2
	tail -n 50 "$work"/*.out >&2 || true
	exit 1
}

finish() {
	[ -z "$demo" ] || kill -- "-$demo" 2>/dev/null || true
	rm -rf "$work"
}
trap finish EXIT

# wait_for SECONDS WHAT COMMAND...: until the command succeeds.
wait_for() {
	local seconds=$1 what=$2
	shift 2
	local end=$((SECONDS + seconds))
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || fail "no $what within $seconds s"
		sleep 0.1
	done
}

# A process group of its own, as a terminal gives it, so that Ctrl-C can be played.
start() {
	set -m
	"$@" &
	demo=$!
	set +m
}

gone() { ! kill -0 -- "-$demo" 2>/dev/null; }
url() { sed -n 's/^.* at \(http:[^,]*\),.*$/\1/p' "$1"; }
bob_says() { echo "Alice Example: $1" | "$bin/fbchat" --server "$(url "$2")" --password-file "$work/password" bob@example.org; }
says_what() { grep -q "$2" "$1"; }

echo demo >"$work/password"
chmod 600 "$work/password"

# In the terminal. Standard input stays open, as a person's would.
mkfifo "$work/keys"
exec 9<>"$work/keys"
start env -u DISPLAY "$here/run-demo.sh" "$bin" <&9 >"$work/terminal.out" 2>&1
wait_for 20 "buddy list" says_what "$work/terminal.out" "Bob Example"
bob_says "hello terminal" "$work/terminal.out" >/dev/null || fail "bob could not send"
wait_for 20 "message from bob" says_what "$work/terminal.out" "Bob Example: hello terminal"
echo /quit >&9
exec 9>&-
wait_for 20 "end after /quit" gone
wait "$demo" || fail "the terminal demo ended with status $?"

# In Pidgin, under a display of its own; Ctrl-C ends it.
start dbus-run-session -- xvfb-run --auto-servernum "$here/run-demo.sh" "$bin" >"$work/pidgin.out" 2>&1
wait_for 30 "address" says_what "$work/pidgin.out" "http://"
online() { echo /buddies | "$bin/fbchat" --server "$(url "$work/pidgin.out")" --password-file "$work/password" bob@example.org | grep -q "Alice Example.*online"; }
wait_for 60 "alice online in Pidgin" online
kill -INT -- "-$demo"
wait_for 20 "end after Ctrl-C" gone
wait "$demo" 2>/dev/null || true
demo=

left=$(find "$TMPDIR" "$HOME" -name 'fbchat*' -o -name .purple)
[ -z "$left" ] || fail "left behind: $left"
echo "test-run-demo: 2 passed, 0 failed"
