# `make help` explains each target in a line.

SLUICE_CACHE ?= $(HOME)/.cache/sluice
export SLUICE_CACHE
export CARGO_TARGET_DIR ?= $(SLUICE_CACHE)/target
CARGO ?= cargo
# Of each of the two test programs that run at once.
TEST_THREADS ?= 2
export TEST_THREADS

.DEFAULT_GOAL := help
.PHONY: help run test check unit e2e kills mirror-kills pair-kills window windows test-windows test-packages bench bench-commands bench-latency fuzz jars bindings bundle icons setup setup-desktop setup-test format

help: ## This list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## Install what is missing, build, and open the window with two demo clusters (in a terminal: watch their copy there)
	@scripts/run $(ARGS)

test: setup-test check ## Install what is missing, check the style, and run every test
	@scripts/test

check: setup-desktop ## Formatting and lints
	$(CARGO) fmt --all --check
	$(CARGO) clippy --release --workspace --all-targets -- -D warnings

unit: setup-desktop ## The tests that need nothing but this tree
	$(CARGO) test --release --workspace --exclude sluice-tests --exclude sluice-testground

e2e: setup-test jars ## The tests on real brokers alone
	$(CARGO) build --release -p sluice-cli
	$(CARGO) test --release -p sluice-tests -p sluice-testground --no-fail-fast -- --test-threads=$(TEST_THREADS)

kills: setup-test jars ## Kill copies 250 times under load, with 50 restarts of brokers and 25 instances that come back (SLUICE_KILL_ROUNDS)
	$(CARGO) build --release -p sluice-cli
	SLUICE_KILL_ROUNDS=$${SLUICE_KILL_ROUNDS:-250} $(CARGO) test --release -p sluice-tests --test kills -- --nocapture --test-threads=1

mirror-kills: setup-test jars ## Kill a mirror 50 times under load, and compare every offset (SLUICE_KILL_ROUNDS)
	$(CARGO) build --release -p sluice-cli
	SLUICE_KILL_ROUNDS=$${SLUICE_KILL_ROUNDS:-50} $(CARGO) test --release -p sluice-tests --test mirror_kills -- --nocapture --test-threads=1

pair-kills: setup-test jars ## Kill a pair that copies both ways 100 times, with writers on both sides (SLUICE_KILL_ROUNDS)
	$(CARGO) build --release -p sluice-cli
	SLUICE_KILL_ROUNDS=$${SLUICE_KILL_ROUNDS:-100} $(CARGO) test --release -p sluice-tests --test both_ways -- --nocapture --test-threads=1

window: setup-test jars ## The tests of the real window alone
	@tests/window/run

windows: setup-desktop ## Build sluice.exe and the window's program for Windows with MinGW (Debian and Ubuntu), stripped
	@scripts/windows

# These look at the lock of the data folder themselves, and Linux does not see one that a program under Wine holds.
UNIX_LOCKS = --skip a_bounded_task_that_is_completed_stays_so --skip killed_before_the_first_start --skip killed_in_a_passing_state

test-windows: setup-test jars ## Run the tests of the companion that need no Unix with sluice.exe under Wine
	@scripts/windows try
	SLUICE_COMPANION=$(CURDIR)/tests/windows/companion $(CARGO) test --release --workspace --test windows -- --ignored --nocapture --test-threads=2
	SLUICE_COMPANION=$(CURDIR)/tests/windows/companion $(CARGO) test --release --workspace --test daemon -- --nocapture --test-threads=2 $(UNIX_LOCKS)

bench: setup-test jars ## Copy the same topics with Sluice, kcat and MirrorMaker 2; writes docs/benchmarks.md
	$(CARGO) build --release -p sluice-cli
	$(CARGO) run --release -p sluice-bench -- $(ARGS)

bench-commands: setup ## How long the commands take that ask no cluster, with 200 tasks and 10 000 partitions
	$(CARGO) run --release -p sluice-bench --bin sluice-bench-commands

bench-latency: setup jars ## How long a record takes from its production to a reader of the target, in each lane and delivery
	$(CARGO) build --release -p sluice-cli
	$(CARGO) run --release -p sluice-bench --bin sluice-bench-latency -- $(ARGS)

fuzz: ## Feed damaged batches, answers and logins to the wire client (needs nightly and cargo-fuzz; FUZZ_SECONDS, TARGETS)
	@scripts/fuzz

jars: setup-test ## Fetch every Apache Kafka version that the tests start
	$(CARGO) run --release -q -p sluice-testground --bin testground -- jars

bindings: setup ## Write the page's types anew from the Rust ones
	SLUICE_BINDINGS=write $(CARGO) test --release -p sluice-app --test documents

bundle: setup-desktop ## Make the packages of this system: .deb (BUNDLES=deb,rpm,appimage), .dmg, .msi
	@scripts/bundle

test-packages: ## Install the .deb and .rpm of `make bundle BUNDLES=deb,rpm`, start them, remove them, look for what is left (Debian, as root)
	@scripts/test-packages

icons: ## Make the icons' pictures anew from icons/draw.py
	@scripts/icons

format: ## Format the tree
	$(CARGO) fmt --all

setup:
	@scripts/setup build

setup-desktop:
	@scripts/setup desktop

setup-test:
	@scripts/setup test
