#!/bin/sh
# Puts what a release contains (RELEASING.md) into target/dist/: dist.sh check|pack VERSION DEBS [TAG]
#
# `check` only finds out whether the commit can be released; it runs before everything is built. `pack` expects programs and packages to be
# built. Sources are those of the current commit. With a tag, it must name the version.
set -eu

action=$1
version=$2
debs=$3
tag=${4:-v$version}
name=fbchat-$version
dist=target/dist

fail() {
	echo "$*" >&2
	exit 1
}

# The version's section of the changelog, without its heading.
notes() {
	awk -v version="$version" '/^## / { found = $2 == version } found && !/^## /' CHANGELOG.md
}

[ "$tag" = "v$version" ] || fail "The tag $tag is not that of version $version in Cargo.toml."
[ -z "$(git status --porcelain)" ] || fail "There are changes that are not committed."
[ -n "$(notes)" ] || fail "CHANGELOG.md has no section $version."
[ "$action" = pack ] || exit 0

rm -rf "$dist"
mkdir -p "$dist"
git archive --prefix="$name/" HEAD | xz >"$dist/$name.tar.xz"

# The tree of `make install`; settings and the plugin are outside of PREFIX.
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
binaries=$name-$(uname -m)-linux
make --no-print-directory install DESTDIR="$root/$binaries" >/dev/null
cp README.md CHANGELOG.md LICENSE-* purple/COPYING "$root/$binaries/"
tar -C "$root" --owner=0 --group=0 --sort=name -c "$binaries" | xz >"$dist/$binaries.tar.xz"

cp "$debs"/*.deb "$dist/"
(cd "$dist" && sha256sum -- * >SHA256SUMS)

notes >"$dist/NOTES.md"
ls -l "$dist"
