#!/bin/sh
# Builds the shared library as it is released and fails if it is larger than allowed: check-size.sh BYTES [CARGO OPTION…]
set -eu
limit=$1
shift
tools/build-library.sh "$@"
size=$(wc -c <target/capi/libfbchat.so)
echo "libfbchat.so${*:+ ($*)}: $size bytes of $limit"
[ "$size" -le "$limit" ] || { echo "The shared library is too large." >&2; exit 1; }
