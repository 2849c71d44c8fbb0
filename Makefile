# The two commands of the README are `make demo` and `make test`; both stand on `make setup`.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev
ADMIN_ASSETS := admin/static/manifest.json
SNIPPET := js_snippet/dist/w.js
CLIENTS := tests/clients/node_modules/.installed
DEMO := WAYWISER_DATABASE_URL=sqlite:///data/demo/waywiser.db WAYWISER_EVENTS_URL=chdb:///data/demo/events
# Files of tests in three processes, each with stores of its own: much of a test is waiting, also on two cores.
SIDE_BY_SIDE := -n 3 --dist loadfile --no-loadscope-reorder
# TRIES=2 tries up to three tests that failed once more (decision 0029).
TRIES ?= 1
PYTEST = $(if $(filter 2,$(TRIES)),$(BIN)/python -m tests.tries,$(BIN)/pytest)
# Files that `make test-deep` tries on many more examples, or whose questions it asks in full.
DEEP := tests/journeys/test_dropoffs.py $(shell grep -lE "max_examples=.*EXAMPLES|[^_]RUN_EXAMPLES" -r tests --include=*.py)
CODE := collector store journeys admin server migrations tests benchmarks

.PHONY: help setup demo run test test-deep test-faults test-sdk-pythons check lock format bench bench-door bench-journeys bench-snippet bench-sdk soak-sdk metrics catalogue screenshots clean chromium nginx

help: ## Say what there is
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

setup: $(INSTALLED) $(ADMIN_ASSETS) $(SNIPPET) ## Install what Waywiser needs and build its assets

demo: setup ## Run Waywiser with a believable company to look at
	@$(DEMO) $(BIN)/waywiser demo
	@$(DEMO) $(BIN)/waywiser serve

run: setup ## Run Waywiser empty; the browser walks through the set-up
	@$(BIN)/waywiser serve

# Hundreds of processes start in the tests; what Python has compiled is kept for them, whatever is usual here.
test: export PYTHONDONTWRITEBYTECODE :=
test: setup $(INSTALLED_DEV) $(CLIENTS) chromium nginx ## Run every check and every test
	@$(MAKE) --no-print-directory static
	$(PYTEST) -q $(SIDE_BY_SIDE)
	$(PYTEST) -q -n 2 --dist loadfile sdk_py/tests
	$(PYTEST) -q -n 2 --dist loadfile js_snippet/test

check: setup $(INSTALLED_DEV) static ## Format, lint, types, import contracts and quick tests
	$(BIN)/pytest -q -m "not browser and not slow" tests/test_house.py tests/store tests/collector

.PHONY: static
static: $(INSTALLED_DEV)
	$(BIN)/ruff format --check $(CODE) sdk_py js_snippet
	$(BIN)/ruff check $(CODE) sdk_py js_snippet
	$(BIN)/mypy
	cd sdk_py && ../$(BIN)/mypy --strict waywiser
	$(BIN)/lint-imports --no-cache
	cd js_snippet && npx --no-install tsc --noEmit

test-deep: $(INSTALLED_DEV) ## Property tests with many more examples
	RUN_EXAMPLES=2000 $(BIN)/pytest -q $(DEEP)

test-faults: setup $(INSTALLED_DEV) ## Fifty kills under load, long outages, full disks
	FAULT_ROUNDS=50 $(BIN)/pytest -q tests/faults

# SDK_PYTHONS="3.9 3.13" says which, in place of all that the SDK supports.
test-sdk-pythons: ## The SDK's tests on every Python from 3.9 to 3.14 that this machine has
	$(PYTHON) sdk_py/tests/on_pythons.py $(SDK_PYTHONS)

format: $(INSTALLED_DEV) ## Format the code
	$(BIN)/ruff format $(CODE) sdk_py js_snippet
	$(BIN)/ruff check --fix $(CODE) sdk_py js_snippet

LOCK_PEERS = $(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate \
	--custom-compile-command "make lock"
LOCK = $(LOCK_PEERS) pyproject.toml

lock: $(INSTALLED_DEV) ## Renew the hash-locked requirements files from pyproject.toml
	$(LOCK) --extra dev -o requirements-dev.txt
	$(LOCK) -c requirements-dev.txt -o requirements.txt
	$(LOCK_PEERS) benchmarks/requirements-sdk.in -o benchmarks/requirements-sdk.txt

bench: setup $(INSTALLED_DEV) ## Run all benchmarks and print their tables
	$(BIN)/python -m benchmarks

bench-door: setup $(INSTALLED_DEV) ## Requests and events per second at the door
	$(BIN)/python -m benchmarks door

bench-snippet: setup $(INSTALLED_DEV) chromium ## What the snippet costs a page, beside other trackers
	cd benchmarks/trackers && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	$(BIN)/python -m benchmarks snippet

# JOURNEY_EVENTS="1 10" says how many millions.
JOURNEY_EVENTS ?= 1 10 100
bench-journeys: setup $(INSTALLED_DEV) ## Back-fill and reports at 1, 10 and 100 million events
	$(BIN)/python -m benchmarks journeys --events $(JOURNEY_EVENTS)

bench-sdk: setup $(INSTALLED_DEV) ## The Python SDK beside five libraries: speed, and what is lost in which trouble
	$(BIN)/python -m benchmarks sdk

# SOAK_EVENTS says how many events in place of an hour of 1,000 a second.
SOAK_EVENTS ?= 3600000
soak-sdk: setup $(INSTALLED_DEV) ## The Python SDK against a collector that fails at random: an hour's worth of events
	$(BIN)/python -m benchmarks.sdk_soak $(SOAK_EVENTS)

metrics: setup ## Write what the reports mean into docs/metrics.md
	$(BIN)/python -m journeys.published

catalogue: setup ## Write all texts of the admin into the catalogue for translators
	$(BIN)/python -m admin.catalogue

screenshots: setup $(INSTALLED_DEV) chromium ## Pictures of every page, into screenshots/, and the guide's
	$(BIN)/python -m tests.browser.screenshots

clean: ## Remove what set-up made; data stays
	rm -rf $(VENV) admin/static js_snippet/dist admin/assets/node_modules js_snippet/node_modules tests/clients/node_modules

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Waywiser needs Python 3.11 or newer; set PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Making the virtual environment failed; on Debian, install python3-venv."; exit 1; }

$(INSTALLED): requirements.txt pyproject.toml | $(BIN)/python
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(INSTALLED_DEV): requirements-dev.txt sdk_py/pyproject.toml $(INSTALLED)
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e sdk_py
	@touch $@

$(ADMIN_ASSETS): $(wildcard admin/assets/*.json admin/assets/*.mjs admin/assets/src/* admin/assets/src/*/*)
	cd admin/assets && npm ci --no-audit --no-fund --loglevel=error && npm run --silent build

$(SNIPPET): $(wildcard js_snippet/*.json js_snippet/*.mjs js_snippet/build/* js_snippet/src/*.ts js_snippet/src/*/*.ts)
	cd js_snippet && npm ci --no-audit --no-fund --loglevel=error && npm run --silent build

$(CLIENTS): tests/clients/package.json tests/clients/package-lock.json
	cd tests/clients && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

# For the tests of what stands before a collector; they are skipped where it cannot be installed.
nginx:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && ! command -v nginx >/dev/null; then \
		apt-get update -q >/dev/null && DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -q --no-install-recommends nginx >/dev/null || true; \
	fi

chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || { \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -q >/dev/null && apt-get install -y -q chromium >/dev/null; \
		else \
			echo "The browser tests need Chromium: install the package chromium, then run make test again."; exit 1; \
		fi; }
	@# Most tests can do with the one that has no windows, which opens a page for each visitor in a fifth of the time.
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && ! command -v chromium-headless-shell >/dev/null; then \
		apt-get update -q >/dev/null && apt-get install -y -q --no-remove chromium-headless-shell >/dev/null 2>&1 || true; \
	fi
