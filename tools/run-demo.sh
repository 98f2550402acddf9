#!/bin/sh
# The demo of `make run`: a server in memory, and Alice logged in to it in Pidgin, or in the terminal if Pidgin cannot open.
#
#   run-demo.sh DIRECTORY      where fbchatd, fbchat and libfbchat-purple.so were built
#
# Everything that it starts ends with it; it writes only to its own temporary directories.
set -eu

bin=$1
here=$(dirname "$0")
umask 077
work= server= chat=

# A second Ctrl-C must not interrupt this. It can arrive before the first line, and then runs all of it.
clean_up() {
	trap '' INT TERM HUP
	trap - EXIT
	[ -z "$chat" ] || { kill "$chat" 2>/dev/null && wait "$chat" 2>/dev/null; } || true
	[ -z "$server" ] || { kill "$server" 2>/dev/null && wait "$server" 2>/dev/null; } || true
	[ -z "$work" ] || rm -rf "$work"
}
trap clean_up EXIT
# Ctrl-C is the way to end the demo, so it is not a failure.
trap 'clean_up; exit 0' INT
trap 'clean_up; exit 143' TERM HUP
# Without interruption, or a directory could remain whose name was never stored.
work=$(trap '' INT TERM HUP && mktemp -d "${TMPDIR:-/tmp}/fbchat-demo.XXXXXX")

# The usual port if it is free, otherwise any.
start_server() {
	: >"$work/server.out"
	"$bin/fbchatd" demo --listen "$1" >"$work/server.out" 2>"$work/server.err" &
	server=$!
	tries=100
	while [ "$tries" -gt 0 ] && kill -0 "$server" 2>/dev/null; do
		url=$(sed -n 's/^listening on //p' "$work/server.out")
		[ -z "$url" ] || return 0
		sleep 0.1
		tries=$((tries - 1))
	done
	[ "$tries" -gt 0 ] || kill "$server" 2>/dev/null || true
	server=
	return 1
}
start_server 127.0.0.1:8080 || start_server 127.0.0.1:0 || {
	echo "The server did not start:" >&2
	cat "$work/server.err" >&2
	exit 1
}

cat <<TXT

  A chat server is running at $url, with two people and a robot on it.
  To chat as Bob, open another terminal here and type (the password is: demo)
      $bin/fbchat --server $url bob@example.org
TXT

# Ends the demo when Pidgin ends. Returns if Pidgin failed within seconds, because then it never opened.
in_pidgin() {
	printf '\nPidgin opens as Alice. Ctrl-C here, or closing the buddy list, ends everything.\n'
	start=$(date +%s)
	"$here/../purple/pidgin-demo.sh" "$bin/libfbchat-purple.so" "$url" >"$work/pidgin.out" 2>&1 &
	chat=$!
	status=0
	wait "$chat" || status=$?
	chat=
	[ "$status" -ne 0 ] || exit 0
	[ $(($(date +%s) - start)) -gt 5 ] || return 0
	echo "Pidgin ended with an error:" >&2
	cat "$work/pidgin.out" >&2
	exit "$status"
}

if [ -z "${DISPLAY:-}" ]; then
	why="There is no display"
elif ! command -v pidgin >/dev/null; then
	why="Pidgin is not installed"
else
	in_pidgin
	tail -n 3 "$work/pidgin.out" >&2
	why="Pidgin did not open on the display $DISPLAY"
fi
printf '\n%s, so Alice chats in the terminal. /quit ends everything.\n\n' "$why"
echo demo >"$work/password"
status=0
"$bin/fbchat" --server "$url" --password-file "$work/password" alice@example.org || status=$?
exit "$status"
