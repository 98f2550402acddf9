#!/bin/sh
# What `make run` shows: a server in memory, and alice signed on to it in Pidgin, or in the terminal where there is no display.
#
#   run-demo.sh DIRECTORY      where fbchatd, fbchat and libfbchat-purple.so were built
#
# Everything that it started ends with it; nothing outside its own temporary directory is written.
set -eu

bin=$1
here=$(dirname "$0")
umask 077
work=$(mktemp -d "${TMPDIR:-/tmp}/fbchat-demo.XXXXXX")
server= chat=

clean_up() {
	trap - EXIT INT TERM HUP
	[ -z "$chat" ] || { kill "$chat" 2>/dev/null && wait "$chat" 2>/dev/null; } || true
	[ -z "$server" ] || { kill "$server" 2>/dev/null && wait "$server" 2>/dev/null; } || true
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# The usual port if it is free, else any.
start_server() {
	"$bin/fbchatd" demo --listen "$1" >"$work/server.out" 2>"$work/server.err" &
	server=$!
	tries=100
	while [ "$tries" -gt 0 ] && kill -0 "$server" 2>/dev/null; do
		url=$(sed -n 's/^listening on //p' "$work/server.out")
		[ -z "$url" ] || return 0
		sleep 0.1
		tries=$((tries - 1))
	done
	kill "$server" 2>/dev/null || true
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
  To be bob, open another terminal here and type (the password is: demo)
      $bin/fbchat --server $url bob@example.org
TXT

if [ -n "${DISPLAY:-}" ] && command -v pidgin >/dev/null; then
	printf '\nPidgin opens as alice. Ctrl-C here, or closing the buddy list, ends it all.\n'
	"$here/../purple/pidgin-demo.sh" "$bin/libfbchat-purple.so" "$url" >"$work/pidgin.out" 2>&1 &
	chat=$!
	status=0
	wait "$chat" || status=$?
	chat=
	[ "$status" -eq 0 ] || { echo "Pidgin ended with an error:" >&2 && cat "$work/pidgin.out" >&2; }
else
	printf '\nThere is no display, so here is alice in the terminal. /quit ends it all.\n\n'
	echo demo >"$work/password"
	status=0
	"$bin/fbchat" --server "$url" --password-file "$work/password" alice@example.org || status=$?
fi
exit "$status"
