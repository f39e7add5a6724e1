# What can be done with a clone of photism. `make` lists it.
#
# Every target makes the virtual environment it needs and installs into it what is missing; that is
# redone only when pyproject.toml changes. Another Python: make test PYTHON=python3.13

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
DEMO ?= photism-demo

.DEFAULT_GOAL := help
.PHONY: help install demo test test-slow fuzz lint format docs bench build clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/photism-python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "photism needs Python 3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	@touch $@

# One stamp for each set of extras: run (none), test, lint, docs, dev.
$(VENV)/photism-run: pyproject.toml | $(VENV)/photism-python
	@echo "Installing photism into $(VENV). With PyTorch this takes a few minutes the first time."
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/photism-%: pyproject.toml | $(VENV)/photism-run
	$(BIN)/python -m pip install --quiet --editable '.[$*]'
	@touch $@

# pydoclint and tyro bring two packages that both call themselves docstring_parser: pydoclint, which
# only reads files, gets an environment of its own.
PYDOCLINT := $(VENV)/pydoclint
$(PYDOCLINT)/photism-ready: | $(VENV)/photism-python
	$(PYTHON) -m venv $(PYDOCLINT)
	$(PYDOCLINT)/$(notdir $(BIN))/python -m pip install --quiet 'pydoclint>=0.5.9'
	@touch $@

install: $(VENV)/photism-dev ## make .venv with photism and all that developing it needs

demo: $(VENV)/photism-run ## hear an orchestra and see it drawn: writes a report
	$(BIN)/photism demo --out $(DEMO)

test: demo $(VENV)/photism-test ## the demo, then the tests, without those marked slow
	$(BIN)/python -m pytest -m "not slow and not fuzz" --numprocesses auto --dist loadfile

test-slow: $(VENV)/photism-test ## run the tests marked slow, minutes each
	$(BIN)/python -m pytest -m slow

fuzz: $(VENV)/photism-test ## thousands of mutated files, weights and folders: no foreign error, no crash
	$(BIN)/python -m pytest -m fuzz

lint: $(VENV)/photism-lint $(PYDOCLINT)/photism-ready ## ruff, mypy, pydoclint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(PYDOCLINT)/$(notdir $(BIN))/pydoclint --quiet src

format: $(VENV)/photism-lint ## put the code in its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/photism-docs ## build docs/_build/html; a warning is an error
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

bench: $(VENV)/photism-test ## run every script of benchmarks/, one after the other
	@set -e; for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script; done

build: $(VENV)/photism-dev ## make the wheel and the source archive in dist/
	$(BIN)/python -m build

clean: ## remove what was built; .venv, runs and prepared data stay
	rm -rf build dist docs/_build .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find src tests tools benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
