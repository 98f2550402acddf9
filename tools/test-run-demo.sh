#!/usr/bin/env bash
# Runs what `make run` runs: without a display, on a dead one and in Pidgin. Sees that it comes up, that the two can talk, that
# it ends, and that it leaves nothing behind.
#
#   test-run-demo.sh DIRECTORY      where fbchatd, fbchat and libfbchat-purple.so were built
set -euo pipefail

bin=$1
here=$(dirname "$0")
work=$(mktemp -d)
demo= display=
export TMPDIR=$work/tmp HOME=$work/home
mkdir "$TMPDIR" "$HOME"

fail() {
	echo "FAILED: $*" >&2
	tail -n 50 "$work"/*.out >&2 || true
	exit 1
}

finish() {
	[ -z "$demo" ] || kill -- "-$demo" 2>/dev/null || true
	[ -z "$display" ] || kill "$display" 2>/dev/null || true
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
bob_says() { echo "Alice Example: $1" | "$bin/fbchat" --server "$(url "$2")" --password-file "$work/password" bob@example.org >>"$work/bob.out" 2>&1; }
says_what() { grep -q "$2" "$1"; }

# Ctrl-C by someone impatient. It is the way to end the demo, so it is no failure.
interrupt() {
	local times
	for times in 1 2 3; do
		kill -INT -- "-$demo" 2>/dev/null || true
		sleep "0.0$times"
	done
	wait_for 20 "end after Ctrl-C" gone
	wait "$demo" || fail "after Ctrl-C the demo ended with status $?"
	demo=
}

nothing_left() {
	local left
	left=$(find "$TMPDIR" "$HOME" -mindepth 1)
	[ -z "$left" ] || fail "$1 left behind: $left"
}

echo demo >"$work/password"
chmod 600 "$work/password"
# Standard input stays open, as a person's would.
mkfifo "$work/keys"
exec 9<>"$work/keys"

# In the terminal, ended by /quit.
start env -u DISPLAY "$here/run-demo.sh" "$bin" <&9 >"$work/terminal.out" 2>&1
wait_for 20 "buddy list" says_what "$work/terminal.out" "Bob Example"
says_what "$work/terminal.out" "There is no display" || fail "no word of the missing display"
bob_says "hello terminal" "$work/terminal.out" || fail "bob could not send"
wait_for 20 "message from bob" says_what "$work/terminal.out" "Bob Example: hello terminal"
echo /quit >&9
wait_for 20 "end after /quit" gone
wait "$demo" || fail "the terminal demo ended with status $?"
demo=
nothing_left "The terminal demo"

# A display that is set but dead, as after ssh or su: the terminal again, ended by Ctrl-C.
start env DISPLAY=:777 "$here/run-demo.sh" "$bin" <&9 >"$work/dead.out" 2>&1
wait_for 20 "buddy list" says_what "$work/dead.out" "Bob Example"
says_what "$work/dead.out" "Pidgin did not open on the display :777" || fail "no word of the dead display"
interrupt
nothing_left "The demo on a dead display"
exec 9>&-

# In Pidgin, under a display of its own; no message bus, which Pidgin would start if it found none.
Xvfb -displayfd 3 -nolisten tcp 3>"$work/display" >"$work/xvfb.out" 2>&1 &
display=$!
wait_for 20 "display" test -s "$work/display"
start env DISPLAY=":$(cat "$work/display")" DBUS_SESSION_BUS_ADDRESS=disabled: "$here/run-demo.sh" "$bin" >"$work/pidgin.out" 2>&1
wait_for 30 "address" says_what "$work/pidgin.out" "http://"
# All is read before one looks: a reader that leaves early, as grep -q does, is an error for the writer.
online() {
	echo /buddies | "$bin/fbchat" --server "$(url "$work/pidgin.out")" --password-file "$work/password" bob@example.org \
		>"$work/buddies" 2>>"$work/bob.out" && says_what "$work/buddies" "Alice Example.*online"
}
wait_for 60 "alice online in Pidgin" online
interrupt
nothing_left "The demo in Pidgin"
echo "test-run-demo: 3 passed, 0 failed"
