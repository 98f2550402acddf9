#!/usr/bin/env bash
# Installs the Debian packages of a directory into a root directory of its own. Checks what each contains, that it runs from there,
# and that it can be removed: test-deb.sh DIRECTORY
set -euo pipefail

debs=$(realpath "$1")
work=$(mktemp -d)
root=$work/root
triplet=$(dpkg-architecture --query DEB_HOST_MULTIARCH)
version=$(dpkg-deb --field "$debs"/libfbchat0_*.deb Version)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT

fail() {
	echo "FAILED: $*" >&2
	exit 1
}

# same WHAT EXPECTED: compares standard input.
same() {
	diff <(echo "$2") - || fail "$1 (<: as it should be, >: as it is)"
}

# quietly COMMAND...: shows the output only if the command fails.
quietly() {
	"$@" >"$work/said" 2>&1 || { cat "$work/said" >&2; fail "$*"; }
}

# The service manager of this machine must not start what is installed there.
mkdir "$work/bin"
ln -s /bin/true "$work/bin/systemctl"
ln -s /bin/true "$work/bin/deb-systemd-invoke"
mkdir -p "$root/var/lib/dpkg"
touch "$root/var/lib/dpkg/status"
packages() {
	PATH=$work/bin:$PATH quietly fakeroot dpkg --root="$root" --force-script-chrootless --force-depends --log=/dev/null "$@"
}
remaining() { (cd "$root" && find . -path ./var/lib/dpkg -prune -o ! -type d -printf '/%P\n' | sort); }

for deb in "$debs"/*.deb; do
	dpkg-deb --fsys-tarfile "$deb" | tar -t | grep -v '/$' | grep -v /usr/share/doc/ | sed "s|^\.|$(dpkg-deb --field "$deb" Package) |"
done | LC_ALL=C sort | same "files of the packages" "\
fbchat /usr/bin/fbchat
fbchat /usr/share/man/man1/fbchat.1.gz
fbchatd /etc/fbchatd/fbchatd.toml
fbchatd /lib/systemd/system/fbchatd.service
fbchatd /usr/bin/fbchatd
fbchatd /usr/share/man/man1/fbchatd.1.gz
libfbchat-dev /usr/include/fbchat.h
libfbchat-dev /usr/lib/$triplet/libfbchat.a
libfbchat-dev /usr/lib/$triplet/libfbchat.so
libfbchat-dev /usr/lib/$triplet/pkgconfig/fbchat.pc
libfbchat0 /usr/lib/$triplet/libfbchat.so.0
libfbchat0 /usr/lib/$triplet/libfbchat.so.$version
purple-fbchat /usr/bin/purple-fbchat-check
purple-fbchat /usr/lib/$triplet/purple-2/libfbchat-purple.so
purple-fbchat /usr/share/locale/de/LC_MESSAGES/purple-fbchat.mo
purple-fbchat /usr/share/locale/es/LC_MESSAGES/purple-fbchat.mo
purple-fbchat /usr/share/locale/fr/LC_MESSAGES/purple-fbchat.mo
purple-fbchat /usr/share/locale/nl/LC_MESSAGES/purple-fbchat.mo
purple-fbchat /usr/share/man/man1/purple-fbchat-check.1.gz
purple-fbchat /usr/share/metainfo/local.fbchat.purple.metainfo.xml
purple-fbchat /usr/share/pixmaps/pidgin/protocols/16/fbchat.png
purple-fbchat /usr/share/pixmaps/pidgin/protocols/22/fbchat.png
purple-fbchat /usr/share/pixmaps/pidgin/protocols/48/fbchat.png
purple-fbchat /usr/share/pixmaps/pidgin/protocols/scalable/fbchat.svg"

# Debian or the packages themselves provide what they depend on. The root directory has none of it.
quietly apt-get install --simulate "$debs"/*.deb
packages --install "$debs"/*.deb
export LD_LIBRARY_PATH=$root/usr/lib/$triplet

# The server is a service, with valid settings.
test -L "$root/etc/systemd/system/multi-user.target.wants/fbchatd.service" || fail "the service is not enabled"
test -x "$root$(sed -n 's/^ExecStart=\([^ ]*\).*/\1/p' "$root/lib/systemd/system/fbchatd.service")" || fail "the service starts nothing"
quietly "$root/usr/bin/fbchatd" config check "$root/etc/fbchatd/fbchatd.toml"

exec 3< <(exec "$root/usr/bin/fbchatd" demo --listen 127.0.0.1:0 2>"$work/server.err")
server=$!
read -r -t 20 -u 3 line || fail "the server does not start: $(cat "$work/server.err")"
url=${line#listening on }

# The terminal client can use it.
echo demo >"$work/password"
chmod 600 "$work/password"
echo /buddies | timeout 60 "$root/usr/bin/fbchat" --server "$url" --password-file "$work/password" alice@example.org >"$work/buddies" 2>&1
grep -q "Bob Example" "$work/buddies" || fail "the terminal client has no friends"

# Programs can be built with the library and run.
export PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_LIBDIR=$root/usr/lib/$triplet/pkgconfig
for library in -lfbchat -l:libfbchat.a; do
	flags=$(pkg-config --cflags --libs $([ $library = -lfbchat ] || echo --static) fbchat)
	# shellcheck disable=SC2086 # a list of words
	cc "$root/usr/share/doc/libfbchat-dev/examples/hello.c" ${flags/-lfbchat/$library} -o "$work/hello"
	timeout 60 "$work/hello" "$url" | same "a program built with $library" "Hello, 2008!"
done

# libpurple loads the plugin, which uses the shared library.
quietly "$root/usr/bin/purple-fbchat-check" "$root/usr/lib/$triplet/purple-2"
used=$(ldd "$root/usr/lib/$triplet/purple-2/libfbchat-purple.so")
# Not in a pipe: grep would end before ldd has written everything, and the shell would take that for a failure of ldd.
grep -q "libfbchat.so.0 => $root" <<<"$used" || fail "the plugin does not use libfbchat0"

# Changed settings and the enabled service survive a removal; nothing survives a purge.
echo "hold_s = 5" >>"$root/etc/fbchatd/fbchatd.toml"
packages --remove fbchat fbchatd libfbchat-dev libfbchat0 purple-fbchat
remaining | grep -v ^/var/lib/systemd/ | same "files after the removal" "\
/etc/fbchatd/fbchatd.toml
/etc/systemd/system/multi-user.target.wants/fbchatd.service"
packages --purge fbchat fbchatd libfbchat-dev libfbchat0 purple-fbchat
left=$(remaining)
[ -z "$left" ] || fail "a purge leaves behind: $left"
echo "test-deb: $(cd "$debs" && echo ./*.deb | wc -w) packages, all good"
