# Everything a newcomer types. Needs Python 3.11, Java 17 (for Spark alone), make and git.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3.11
DEMO_DIR ?= demo
PYTEST_ARGS ?=
PROCESSES ?= 2
BENCH_ARGS ?=
LOCK_ARGS ?=
UV_VERSION := 0.13.8

# The locks were resolved for every extra and write them out, so pip must neither resolve nor add anything:
# under --require-hashes it would refuse the unhashed names that extras bring in; hence --no-deps.
LOCKED := install --quiet --no-deps --require-hashes --requirement
ITSELF := install --quiet --no-deps --editable

# Which tests stay together, and which come first, is said in tests/conftest.py. With a process per core, more
# threads for linear algebra only wait for one another.
PYTEST := OPENBLAS_NUM_THREADS=1 .venv/bin/pytest --numprocesses $(PROCESSES) --no-loadscope-reorder

# The demo takes the full environment if it is there, else one with the base install and its own extra.
DEMO_VENV := $(if $(wildcard .venv/.installed),.venv,.venv-demo)

.PHONY: help setup demo up down test test-slow test-long lint lock bench bench-alarms bench-truth bench-store bench-fleet clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Fill .venv with every extra and the test tools, and .venv-airflow with Airflow
	@$(MAKE) --no-print-directory --jobs=2 .venv/.installed .venv-airflow/.installed

demo: $(DEMO_VENV)/.installed ## Watch a real model on a year of real flights, in demo/
	@$(DEMO_VENV)/bin/driftline demo --dir "$(DEMO_DIR)"

up: setup ## Start Airflow, S3, Postgres, Spark and a mail catcher on this machine, with the demo's monitor
	@PYTHONPATH=infra .venv/bin/python -m driftline_stack up --home .stack

down: ## Stop them again (the data stays in .stack/)
	@PYTHONPATH=infra .venv/bin/python -m driftline_stack down --home .stack

test: setup browser ## Run the tests (PYTEST_ARGS="-k window" for some), but for the long ones
	$(PYTEST) -m "not slow and not long" $(PYTEST_ARGS)

test-slow: setup browser ## Run the slow ones: simulations, Airflow, Spark, killed workers, mutated objects
	$(PYTEST) -m "slow and not long" --verbose $(PYTEST_ARGS)

test-long: setup browser ## Run what takes the better part of an hour, before a release: kills at every point, every case everywhere
	$(PYTEST) -m long --verbose $(PYTEST_ARGS)

lint: .venv/.installed ## Check style, who imports whom, and types
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/lint-imports --no-cache
	.venv/bin/mypy

bench: .venv/.installed ## What a run costs beside a bare scan and others (BENCH_ARGS="--share 0.01" for less)
	PYTHONPATH=. .venv/bin/python tests/bench/bench.py $(BENCH_ARGS)

bench-alarms: .venv/.installed ## False alarms on clean days, faults found, delays, seasons (BENCH_ARGS="--seeds 2 --only faults" for less)
	PYTHONPATH=. .venv/bin/python tests/bench/alarms.py $(BENCH_ARGS)

bench-truth: .venv/.installed ## Known faults found, beside Evidently and NannyML (BENCH_ARGS="--cases generated" for less)
	PYTHONPATH=. .venv/bin/python tests/bench/truth.py $(BENCH_ARGS)

bench-store: .venv/.installed ## The stores: 14.6 M rows, late data, killed processes (BENCH_ARGS="--monitors 10" for less)
	PYTHONPATH=. .venv/bin/python tests/bench/store_bench.py $(BENCH_ARGS)
	PYTHONPATH=. .venv/bin/python tests/bench/catch_up_bench.py
	STORE_KILL_SIZE=full .venv/bin/pytest --durations=5 tests/stores/test_killing.py

lock: .venv-lock/.installed ## Resolve what pyproject.toml asks for (LOCK_ARGS=--upgrade for newer versions)
	@compile() { \
	    .venv-lock/bin/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-strip-extras \
	        --no-emit-index-url --no-emit-find-links --no-annotate --no-header $(LOCK_ARGS) pyproject.toml "$$@"; \
	}; \
	compile --output-file requirements/base.txt; \
	compile --extra demo --constraint requirements/base.txt --output-file requirements/demo.txt; \
	compile --extra demo --extra spark --extra postgres --extra evidently --group dev \
	    --constraint requirements/base.txt --output-file requirements/dev.txt; \
	compile --extra airflow --constraint requirements/base.txt --output-file requirements/airflow.txt

bench-fleet: .venv/.installed ## A thousand monitors on one machine (BENCH_ARGS="--monitors 10 100" for fewer)
	PYTHONPATH=. .venv/bin/python tests/bench/fleet_bench.py $(BENCH_ARGS)

clean: ## Remove the environments, the caches and the demo
	rm -rf .venv .venv-demo .venv-airflow .venv-lock demo dist \
	    .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find dags infra jobs reports schemas tests -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is written last: an installation that was broken off is made again, a whole one is left alone.
.venv/.installed: requirements/dev.txt pyproject.toml
.venv-demo/.installed: requirements/demo.txt pyproject.toml
.venv-airflow/.installed: requirements/airflow.txt pyproject.toml
.venv/.installed .venv-demo/.installed .venv-airflow/.installed:
	@echo "Filling $(@D) from $<"
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/pip $(LOCKED) $<
	@$(@D)/bin/pip $(ITSELF) .
	@touch $@

.venv-lock/.installed: Makefile
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/pip install --quiet uv==$(UV_VERSION)
	@touch $@

# The pages are looked at in a real browser, which no wheel brings along.
.PHONY: browser
browser:
	@command -v chromium > /dev/null || { \
	    if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
	        apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; \
	    else \
	        echo "The report's tests need Chromium on the PATH: apt-get install chromium" >&2; exit 1; \
	    fi; \
	}
