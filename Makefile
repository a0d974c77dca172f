# make demo   builds Paramo, runs its main job and shows the result
# make test   runs every test
# make lint   formatting and lints
# make bench  figures beside those of peers, into BENCHMARKS.md
# make portal the web page alone; the others build it when its sources are newer

# Everything a target needs is installed by scripts/prepare, by package name.

SHELL := /bin/bash
.DEFAULT_GOAL := build
# In CI the target folder is shared between runs, outside the checkout.
ifdef CI
export CARGO_TARGET_DIR ?= $(HOME)/.cache/paramo/target
endif
export CARGO_TARGET_DIR ?= $(CURDIR)/target
BIN := $(CARGO_TARGET_DIR)/release
# A Python with the packages that tests compare with; scripts/prepare makes it.
PYTHON := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/paramo/designs-venv/bin/python

# The page that is built into the binary, and the packages that build it.
PORTAL := portal/dist/index.html
PACKAGES := portal/node_modules/.package-lock.json
PORTAL_SOURCES := docs/openapi.json portal/index.html portal/package.json portal/vite.config.ts portal/svelte.config.js \
	$(shell find portal/src portal/public portal/scripts -type f)

.PHONY: demo test lint bench build portal

portal: $(PORTAL)

# Not `npm ci`: it refuses a lock without the optional packages of every platform, which not every registry has.
$(PACKAGES): portal/package-lock.json
	@scripts/prepare portal
	cd portal && npm install --no-save --ignore-scripts --no-audit --no-fund
	@touch $@

$(PORTAL): $(PACKAGES) $(PORTAL_SOURCES)
	cd portal && npm run --silent build
	@touch $@

build: $(PORTAL)
	@scripts/prepare build
	cargo build --release --locked -p paramo -p hes1

demo: build
	@PATH="$(BIN):$$PATH" scripts/demo

test: $(PORTAL)
	@scripts/prepare test
	cargo build --locked --workspace --bins
	@if cargo nextest --version >/dev/null 2>&1; then \
		cargo nextest run --locked --workspace --no-fail-fast; \
	else \
		cargo test --locked --workspace --no-fail-fast; \
	fi
	cd python && $(PYTHON) -m unittest discover -s tests
	python3 -m unittest discover -s benches/tests -t benches
	cd portal && npm test --silent

lint: $(PACKAGES)
	@scripts/prepare build
	cd portal && npm run --silent check
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings

bench: build
	@scripts/prepare bench
	cargo build --release --locked -p paramo-benches
	@PATH="$(BIN):$$PATH" benches/run --report BENCHMARKS.md

