#!/bin/sh
# Builds libfbchat.so and libfbchat.a as they are released, into target/capi/: build-library.sh [CARGO OPTION…]
set -eu
exec "${CARGO:-cargo}" rustc --profile capi --locked --package fbchat --lib --crate-type cdylib,staticlib "$@"
