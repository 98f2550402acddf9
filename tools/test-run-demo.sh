#!/usr/bin/env bash
# Runs the demo of `make run` without a display, with a dead display, and in Pidgin. Checks that it starts, that the two users can
# chat, that it ends, and that it leaves nothing behind.
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

# In a process group of its own, as in a terminal, so that Ctrl-C can be simulated.
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

# Ctrl-C by an impatient user. It is the way to end the demo, so it is not a failure.
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
# Standard input stays open, as in a terminal.
mkfifo "$work/keys"
exec 9<>"$work/keys"

# In the terminal, ended by /quit.
start env -u DISPLAY "$here/run-demo.sh" "$bin" <&9 >"$work/terminal.out" 2>&1
wait_for 20 "buddy list" says_what "$work/terminal.out" "Bob Example"
says_what "$work/terminal.out" "There is no display" || fail "no message about the missing display"
bob_says "hello terminal" "$work/terminal.out" || fail "bob could not send"
wait_for 20 "message from bob" says_what "$work/terminal.out" "Bob Example: hello terminal"
echo /quit >&9
wait_for 20 "end after /quit" gone
wait "$demo" || fail "the terminal demo ended with status $?"
demo=
nothing_left "The terminal demo"

# A display that is set but dead, as after ssh or su: again in the terminal, ended by Ctrl-C.
start env DISPLAY=:777 "$here/run-demo.sh" "$bin" <&9 >"$work/dead.out" 2>&1
wait_for 20 "buddy list" says_what "$work/dead.out" "Bob Example"
says_what "$work/dead.out" "Pidgin did not open on the display :777" || fail "no message about the dead display"
interrupt
nothing_left "The demo on a dead display"
exec 9>&-

# In Pidgin, on a display of its own, and without a message bus, which Pidgin would otherwise start.
Xvfb -displayfd 3 -nolisten tcp 3>"$work/display" >"$work/xvfb.out" 2>&1 &
display=$!
wait_for 20 "display" test -s "$work/display"
start env DISPLAY=":$(cat "$work/display")" DBUS_SESSION_BUS_ADDRESS=disabled: "$here/run-demo.sh" "$bin" >"$work/pidgin.out" 2>&1
wait_for 30 "address" says_what "$work/pidgin.out" "http://"
# Read completely before searching: a reader that stops early, as grep -q does, is an error for the writer.
online() {
	echo /buddies | "$bin/fbchat" --server "$(url "$work/pidgin.out")" --password-file "$work/password" bob@example.org \
		>"$work/buddies" 2>>"$work/bob.out" && says_what "$work/buddies" "Alice Example.*online"
}
wait_for 60 "alice online in Pidgin" online
interrupt
nothing_left "The demo in Pidgin"
echo "test-run-demo: 3 passed, 0 failed"
