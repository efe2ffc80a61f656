PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup demo test types units test-all bench format

help:  ## print the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# The stamp is newer than the lock exactly when .venv holds what the lock says.
.venv/stamp: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e '.[all,dev]'
	touch .venv/stamp

setup: .venv/stamp  ## install everything into .venv from the lock

demo: setup  ## the whole way on the built-in street simulator
	$(BIN)/segsmith demo

test: setup  ## lint, types and the quick tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(MAKE) -j2 types units

# One core is enough for it: beside the tests, not before them.
types:
	$(BIN)/mypy

units:
	$(BIN)/pytest -n 2

test-all: setup  ## every test, the slow ones too
	$(BIN)/pytest -m '' -n 2

bench: setup  ## the quick benchmarks: reading data, the simulator, training, samplers
	for script in data streets training sampler_overhead; do $(BIN)/python benchmarks/$$script.py || exit 1; done

format: setup  ## rewrite the code in the house's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
