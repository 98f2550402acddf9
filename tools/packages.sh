#!/bin/sh
# Finds out whether what the project needs is installed: packages.sh check|install GROUP…
#
# The groups are those of packages.txt. `check` installs nothing: it names what is missing and fails. `install` installs it from Debian's
# packages as root or with sudo, and then checks.
set -eu

here=$(dirname "$0")
action=$1
shift
groups=$*

# is_there EVIDENCE PACKAGE
is_there() {
	name=${1#*:}
	case $1 in
	program:*) command -v "$name" ;;
	file:*) [ -e "$name" ] ;;
	pkg:*) pkg-config --exists "$name" ;;
	python:*) /usr/bin/python3 -c "import $name" ;;
	header:*) echo "#include <$name>" | cc -fsyntax-only -x c - ;;
	package) ! command -v dpkg-query || dpkg-query --show --showformat='${db:Status-Status}\n' "$2" | grep -qx installed ;;
	*) echo "packages.txt: $1 is not known." >&3 && exit 2 ;;
	esac >/dev/null 2>&1
}

# look GROUP…: what is missing, as `packages`, and as `lines` for people.
look() {
	packages= lines=
	while read -r group package evidence; do
		case " $* " in *" $group "*) ;; *) continue ;; esac
		is_there "$evidence" "$package" && continue
		packages="$packages $package"
		lines="$lines$(printf '\n    %-24s' "$package")"
		[ "$evidence" = package ] || lines="$lines ($evidence)"
	done 3>&2 <<-TABLE
		$(sed '/^#/d; /^$/d' "$here/packages.txt")
	TABLE
}

fail_if_missing() {
	[ -n "$packages" ] || return 0
	printf 'These Debian packages, or what your system calls them, are missing:%s\n' "$lines" >&2
	printf 'To install them, run:\n\n    make deps FOR="%s"\n\nor, as root:\n\n    apt-get install --no-install-recommends%s\n\n' "$groups" "$packages" >&2
	exit 1
}

check_rust() {
	command -v "${CARGO:-cargo}" >/dev/null || {
		echo "Rust is missing. Install it with rustup (https://rustup.rs); packages.sh does not." >&2
		exit 1
	}
}

install_missing() {
	[ -n "$packages" ] || return 0
	command -v apt-get >/dev/null || fail_if_missing
	if [ "$(id -u)" -eq 0 ]; then
		as_root=
	elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
		as_root=sudo
	else
		fail_if_missing
	fi
	echo "Installing:$packages"
	# sudo clears the environment, so variables for apt are set behind it. Package lists are fetched only if installing fails without:
	# old ones name packages that are gone.
	as_root="$as_root env DEBIAN_FRONTEND=noninteractive"
	command="apt-get install --yes --no-install-recommends$packages"
	# The tests start a PostgreSQL of their own. Debian's package would serve another one that nobody has asked for.
	clusters=/etc/postgresql-common/createcluster.conf
	case "$packages " in *" postgresql "*)
		[ -e "$clusters" ] || $as_root sh -c "mkdir -p ${clusters%/*} && echo 'create_main_cluster = false' >$clusters"
		;;
	esac
	# shellcheck disable=SC2086 # both are lists of words
	$as_root $command || { $as_root apt-get update && $as_root $command; }
	look "$@"
}

check_rust
look "$@"
case $action in
check) ;;
install) install_missing "$@" ;;
*) echo "usage: packages.sh check|install GROUP…" >&2 && exit 2 ;;
esac
fail_if_missing
