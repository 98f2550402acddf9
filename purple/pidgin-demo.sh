#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Starts Pidgin with a temporary profile, signed on through the plugin, and removes the profile when Pidgin ends.
# The user's own profile and a Pidgin that is already running are not touched; nothing is written outside the temporary profile.
#
#   pidgin-demo.sh PLUGIN SERVER-URL [E-MAIL]      (alice@example.org; the password is the demo server's)
set -eu

if [ $# -lt 2 ]; then
	echo "usage: $0 PLUGIN SERVER-URL [E-MAIL]" >&2
	exit 2
fi
plugin=$1
server=$2
email=${3:-alice@example.org}

[ -r "$plugin" ] || { echo "$0: $plugin is missing, run make first" >&2; exit 1; }
[ -n "${DISPLAY:-}" ] || { echo "$0: there is no display to open Pidgin on" >&2; exit 1; }
command -v pidgin >/dev/null || { echo "$0: Pidgin is not installed (Debian: apt install pidgin)" >&2; exit 1; }

umask 077
profile= pidgin=
# A second Ctrl-C must not stop this halfway. It can come before the first line; then it runs all of this itself.
clean_up() {
	trap '' INT TERM HUP
	trap - EXIT
	if [ -n "$pidgin" ] && kill "$pidgin" 2>/dev/null; then
		# Pidgin may be showing a dialog; it gets five seconds to quit.
		tries=50
		while [ "$tries" -gt 0 ] && kill -0 "$pidgin" 2>/dev/null; do
			sleep 0.1
			tries=$((tries - 1))
		done
		# Only if it is still running: otherwise the process number may belong to another program by now.
		[ "$tries" -gt 0 ] || kill -9 "$pidgin" 2>/dev/null || true
	fi
	[ -z "$profile" ] || rm -rf "$profile"
}
trap clean_up EXIT
trap 'clean_up; exit 130' INT
trap 'clean_up; exit 143' TERM HUP
# Not interruptible, because otherwise a directory could remain whose name is not known here.
profile=$(trap '' INT TERM HUP && mktemp -d "${TMPDIR:-/tmp}/fbchat-pidgin.XXXXXX")

xml() {
	printf '%s' "$1" | sed -e 's/&/\&amp;/g' -e 's/</\&lt;/g' -e 's/>/\&gt;/g' -e "s/'/\&apos;/g" -e 's/"/\&quot;/g'
}

mkdir "$profile/plugins" "$profile/cache" "$profile/config" "$profile/data"
cp "$plugin" "$profile/plugins/libfbchat-purple.so"

# Signing on at start is a setting of Pidgin, whose settings still carry its former name.
cat >"$profile/accounts.xml" <<END
<?xml version='1.0' encoding='UTF-8' ?>
<account version='1.0'>
	<account>
		<protocol>prpl-fbchat</protocol>
		<name>$(xml "$email")</name>
		<password>demo</password>
		<proxy><type>none</type></proxy>
		<settings>
			<setting name='server' type='string'>$(xml "$server")</setting>
		</settings>
		<settings ui='gtk-gaim'>
			<setting name='auto-login' type='bool'>1</setting>
		</settings>
	</account>
</account>
END

# No sounds; offline friends are listed; no tray icon, so that closing the list ends Pidgin; the two windows are side by
# side.
cat >"$profile/prefs.xml" <<END
<?xml version='1.0' encoding='UTF-8' ?>
<pref version='1' name='/'>
	<pref name='pidgin'>
		<pref name='sound'>
			<pref name='method' type='string' value='none'/>
		</pref>
		<pref name='docklet'>
			<pref name='show' type='string' value='never'/>
		</pref>
		<pref name='blist'>
			<pref name='list_visible' type='bool' value='1'/>
			<pref name='show_offline_buddies' type='bool' value='1'/>
			<pref name='x' type='int' value='30'/>
			<pref name='y' type='int' value='40'/>
			<pref name='width' type='int' value='270'/>
			<pref name='height' type='int' value='440'/>
		</pref>
		<pref name='conversations'>
			<pref name='im'>
				<pref name='x' type='int' value='330'/>
				<pref name='y' type='int' value='40'/>
				<pref name='width' type='int' value='520'/>
				<pref name='height' type='int' value='440'/>
				<pref name='default_width' type='int' value='480'/>
				<pref name='default_height' type='int' value='210'/>
			</pref>
		</pref>
	</pref>
</pref>
END

# -m: also if a Pidgin is already running. -f: also if the network manager finds no network, because the server is local.
# Files of GTK and others go into the profile too. GStreamer would scan all its plugins because its cache is new.
env XDG_CACHE_HOME="$profile/cache" XDG_CONFIG_HOME="$profile/config" XDG_DATA_HOME="$profile/data" \
	GST_PLUGIN_SYSTEM_PATH_1_0="$profile/no-media-plugins" GST_PLUGIN_PATH_1_0="$profile/no-media-plugins" \
	pidgin -m -f -c "$profile" &
pidgin=$!
status=0
wait "$pidgin" || status=$?
pidgin=
exit "$status"
