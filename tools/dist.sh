#!/bin/sh
# Puts what a release contains (RELEASING.md) into target/dist/: dist.sh VERSION DEBS [TAG]
#
# Programs and packages are built before. Sources are those of the current commit. With a tag, it must name the version.
set -eu

version=$1
debs=$2
tag=${3:-v$version}
name=fbchat-$version
dist=target/dist

fail() {
	echo "$*" >&2
	exit 1
}

[ "$tag" = "v$version" ] || fail "The tag $tag is not that of version $version in Cargo.toml."
[ -z "$(git status --porcelain)" ] || fail "There are changes that are not committed."

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

# The version's section of the changelog, without its heading.
awk -v version="$version" '/^## / { found = $2 == version } found && !/^## /' CHANGELOG.md >"$dist/NOTES.md"
[ -s "$dist/NOTES.md" ] || fail "CHANGELOG.md has no section $version."
ls -l "$dist"
