# Everything happens inside this folder: the environment is .venv, caches are .cache.
# `make setup` does nothing when the locked dependencies are those that .venv was made from.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export XDG_CACHE_HOME := $(CURDIR)/.cache
STAMP := $(VENV)/.installed
LOCKS := requirements/runtime.txt requirements/dev.txt requirements/demo-clip.txt
# Tests wait more than they work: for cameras that are silent, for processes that end.
JOBS ?= $(shell expr $$(nproc) + 1)
PYTEST := $(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal

.PHONY: help setup demo test lint types test-unit test-integration test-e2e test-gpu audit docs lock clean

help:  ## List the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 20

$(STAMP): $(LOCKS) tools/bootstrap.py
	$(PYTHON) tools/bootstrap.py $(VENV)

setup: $(STAMP)  ## Make .venv with the locked dependencies

demo: $(STAMP)  ## Three cameras from a real RTSP server, annotated, in your browser (ARGS="--source URL" adds one)
	@$(BIN)/camwire demo $(ARGS)

test: lint types test-unit test-integration test-e2e  ## Everything that must hold

lint: $(STAMP)  ## ruff: style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)  ## mypy --strict
	$(BIN)/mypy

test-unit: $(STAMP)  ## Tests by value: no sockets, no threads, no files but temporary ones
	$(PYTEST) -m "not integration and not e2e and not gpu"

test-integration: $(STAMP)  ## Tests with real parts: RTSP servers, ZeroMQ, OpenVINO, SQLite
	$(PYTEST) -m integration

test-e2e: $(STAMP)  ## Tests of the whole product: processes, real RTSP servers, a real browser
	$(PYTEST) -m e2e

test-gpu: $(STAMP)  ## Tests that need an NVIDIA GPU; skip, saying what is missing, without one
	$(BIN)/python -m pytest -q -m gpu -rs

audit:  ## Ask whether any locked dependency is known to be vulnerable (wants the network)
	$(PYTHON) tools/audit.py

docs: $(STAMP)  ## Write the generated pages of the manual
	$(BIN)/python tools/generate_docs.py

lock:  ## Write requirements/*.txt from pyproject.toml (wants uv)
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-annotate --no-header -q -o requirements/runtime.txt
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-annotate --no-header -q -o requirements/dev.txt
	uv pip compile pyproject.toml --extra cuda --universal --python-version 3.12 --generate-hashes --no-annotate --no-header -q -o requirements/cuda.txt
	uv pip compile requirements/build.in --universal --python-version 3.11 --generate-hashes --no-annotate --no-header -q -o requirements/build.txt
	uv pip compile requirements/demo-clip.in --no-deps --generate-hashes --no-annotate --no-header -q -o requirements/demo-clip.txt

clean:  ## Remove everything that make made
	rm -rf $(VENV) .cache build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
