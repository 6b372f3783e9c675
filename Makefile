# Everything a newcomer or the CI needs. `make help` lists it. Needs only python3 (3.11+), python3-venv, git and make.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check

# One portable target for compiled kernels: the cache is valid on any machine of this architecture.
export NUMBA_CPU_NAME  ?= generic
export NUMBA_CACHE_DIR ?= $(CURDIR)/$(VENV)/numba-cache

PYTEST  := $(BIN)/python -m pytest
WORKERS ?= 2
ARGS    ?=

.PHONY: help install install-dev warm servers demo check format lint types contracts test test-unit test-wire torture lock bench bundle image-check clean
.DEFAULT_GOAL := help

help:  ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

# --- install: each step leaves a stamp, so a second call does nothing -------------------------------------------------

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements/runtime.txt requirements/build.txt pyproject.toml | $(BIN)/python
	$(PIP) install --quiet --require-hashes -r requirements/runtime.txt -r requirements/build.txt
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.runtime
	$(PIP) install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

# The kernels are compiled once, here, and not while a plant waits for its first alarm.
KERNELS := $(wildcard detectors/*.py detectors/*/*.py gateway/warm.py)
$(VENV)/.warm: $(VENV)/.runtime $(KERNELS)
	@if [ -f gateway/warm.py ]; then echo "compiling kernels"; $(BIN)/python -m gateway.warm; fi
	@touch $@

install: $(VENV)/.runtime $(VENV)/.warm  ## .venv with the pinned runtime, the fengsui command and compiled kernels

install-dev: $(VENV)/.dev install  ## the same and the developers' tools

warm: $(VENV)/.warm

# --- use --------------------------------------------------------------------------------------------------------------

demo: install  ## a simulated plant, gateway and console; make demo ARGS="--for 60s"
	$(BIN)/fengsui demo $(ARGS)

# --- checks -----------------------------------------------------------------------------------------------------------

format: $(VENV)/.dev  ## rewrite the sources in the common format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.dev
	$(BIN)/mypy

contracts: $(VENV)/.dev
	$(BIN)/lint-imports

test-unit: install-dev
	$(PYTEST) -n $(WORKERS) tests/unit tests/docs $(ARGS)

check: lint types contracts test-unit  ## format, lint, types, import contracts, docs tests, unit tests

servers:  ## the real brokers, databases and browser that the tests talk to (Debian; root or passwordless sudo)
	sh scripts/install_servers.sh

# A file's tests stay in order on one worker: they share a browser, or are the acts of one story. 5: ARGS choose none.
WIRE_TESTS = tests/integration tests/e2e $(ARGS) || [ $$? -eq 5 ]
test-wire: install-dev
	$(PYTEST) -m alone $(WIRE_TESTS)
	$(PYTEST) -m "not alone" -n $(WORKERS) --dist loadfile $(WIRE_TESTS)

test: install-dev servers  ## everything: check, then integration and end-to-end tests over real servers
	$(MAKE) check
	$(MAKE) test-wire

torture: install-dev servers  ## 200 seeded runs in which everything fails at once; ARGS="--seeds 20 --first 1 --seconds 600"
	$(BIN)/python -m tests.torture $(ARGS)

bundle: install-dev  ## dist/fengsui-VERSION-ARCH.run: one file that installs with no network
	sh scripts/bundle.sh

image-check:  ## the container image, built and tried as it is meant to run (needs docker or podman; ARGS go to build)
	sh scripts/image_check.sh $(ARGS)

# --- upkeep -----------------------------------------------------------------------------------------------------------

lock:  ## write requirements/*.txt anew (LOCK_UPGRADE=1 takes the newest versions)
	PYTHON=$(PYTHON) sh scripts/lock.sh

BENCHES := engine kinds pipeline store mqtt_out influx_lines mqtt_in alarms
bench: install-dev  ## every benchmark inside the process in turn, as JSON lines (whole systems: docs/benchmarks.md)
	@for each in $(BENCHES); do $(BIN)/python -m benchmarks.$$each --json || exit 1; done

clean:  ## remove the environment and all caches
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
