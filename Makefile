# fbchat: everything is built, tested, run and installed from here. `make help` lists the targets.

CARGO ?= cargo
RELEASE := target/release
# Tests build in a debug profile: quick to compile, and with overflow checks on.
DEBUG := target/debug
ARTEFACTS := target/artefacts

# Debian packages, by what needs them. Rust itself comes from rustup (https://rustup.rs): Debian 12's is too old.
BUILD_PACKAGES := gcc g++ make pkg-config libpurple-dev
RUN_PACKAGES := pidgin
TEST_PACKAGES := python3 binutils tmux xvfb xauth openbox xdotool imagemagick dbus dbus-x11 libglib2.0-bin \
	fonts-dejavu-core fonts-droid-fallback fonts-noto-color-emoji libssl-dev

# Built one by one: together, Cargo would give the library every feature that the server wants of a common dependency, among them
# signal handling, which has no place in a library.
CRATES := fbchat fbchat-cli fbchatd
# The library with the system's TLS.
NATIVE_TLS := --package fbchat --no-default-features --features native-tls

.DEFAULT_GOAL := all
# Two package installations at once would fight for dpkg's lock, two test runs for the display.
.NOTPARALLEL:
.PHONY: all help rust plugin build-packages run-packages test-packages run test test-style test-rust test-purple test-run \
	header built install install-user uninstall uninstall-user clean

## make                 build everything into target/release/
all: rust plugin

help:
	@grep '^## ' $(MAKEFILE_LIST) | sed 's/^## //'

build-packages:
	@tools/packages.sh $(BUILD_PACKAGES)

run-packages:
	@tools/packages.sh $(BUILD_PACKAGES) $(RUN_PACKAGES)

test-packages:
	@tools/packages.sh $(BUILD_PACKAGES) $(RUN_PACKAGES) $(TEST_PACKAGES)

rust: build-packages
	for crate in $(CRATES); do $(CARGO) build --release --locked --package $$crate || exit 1; done
	# The name that programs linked with the library look for.
	ln -sf libfbchat.so $(RELEASE)/libfbchat.so.0

plugin: rust
	$(MAKE) -C purple BUILD=$(CURDIR)/$(RELEASE) plugin

## make run             chat in Pidgin (or the terminal) with a server of its own; Ctrl-C ends it all
run: run-packages all
	@tools/run-demo.sh $(RELEASE)

## make test            every check there is; also what CI runs
test: test-packages test-style test-rust test-purple test-run
	@echo "All tests passed. Screenshots: $(ARTEFACTS)/"

test-style:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(CARGO) clippy $(NATIVE_TLS) --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --document-private-items --locked

# The server first: the others' tests talk to it.
test-rust:
	$(CARGO) build --locked --package fbchatd
	$(CARGO) test --locked $(NATIVE_TLS) --test network_options
	for crate in $(CRATES); do $(CARGO) test --locked --package $$crate || exit 1; done

test-purple:
	for crate in $(CRATES); do $(CARGO) build --locked --package $$crate || exit 1; done
	$(MAKE) -C purple BUILD=$(CURDIR)/$(DEBUG) ARTEFACTS=$(CURDIR)/$(ARTEFACTS) test

# What `make run` does after building, with and without a display.
test-run: test-purple
	tools/test-run-demo.sh $(DEBUG)

## make header          write include/fbchat.h anew from the Rust sources
header:
	FBCHAT_UPDATE_HEADER=1 $(CARGO) test --locked --test c_api header_is_what_the_source_says

PREFIX ?= /usr/local
DESTDIR ?=

# Not after `all`: root has no Rust, and should leave no files in target/.
built:
	@test -x $(RELEASE)/fbchatd -a -e $(RELEASE)/libfbchat-purple.so || { echo "Run make first." >&2; exit 1; }

## make install         programs, library and header into PREFIX (/usr/local), the plugin where libpurple looks for it
install: built
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib $(DESTDIR)$(PREFIX)/include
	install -m 755 $(RELEASE)/fbchat $(RELEASE)/fbchatd $(DESTDIR)$(PREFIX)/bin/
	install -m 644 $(RELEASE)/libfbchat.so $(DESTDIR)$(PREFIX)/lib/libfbchat.so.0
	ln -sf libfbchat.so.0 $(DESTDIR)$(PREFIX)/lib/libfbchat.so
	install -m 644 include/fbchat.h $(DESTDIR)$(PREFIX)/include/
	$(MAKE) -C purple BUILD=$(CURDIR)/$(RELEASE) DESTDIR=$(DESTDIR) install

## make uninstall       take back what install put there
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/fbchat $(DESTDIR)$(PREFIX)/bin/fbchatd $(DESTDIR)$(PREFIX)/include/fbchat.h
	rm -f $(DESTDIR)$(PREFIX)/lib/libfbchat.so.0 $(DESTDIR)$(PREFIX)/lib/libfbchat.so
	$(MAKE) -C purple DESTDIR=$(DESTDIR) uninstall

## make install-user    only the plugin, into ~/.purple/plugins, without root
install-user: all
	$(MAKE) -C purple BUILD=$(CURDIR)/$(RELEASE) install-user

## make uninstall-user  take that back
uninstall-user:
	$(MAKE) -C purple uninstall-user

clean:
	rm -rf target
