# Two commands for users and contributors; both make .venv on first use and are quick afterwards.
#
#   make chapter    the whole path of the library, with checks and a report in chapter.html
#   make test       lint, format, types and the test suite
#
# PYTHON=python3.12 make ... picks another interpreter for the new .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

.PHONY: help chapter test fuzz soak clean
.DELETE_ON_ERROR:

help:
	@echo "make chapter   run the chapter: every part of the library at work, checked; report in chapter.html"
	@echo "make test      run the linter, the formatter's check, the type checker and all tests"
	@echo "make fuzz      try 5,000 random programs that write into shared memory, against NumPy (minutes)"
	@echo "make soak      train for 100,000 steps with everything mixed in; memory must stay flat (minutes)"
	@echo "make clean     remove .venv, caches and built files"

chapter: $(VENV)/examples.stamp
	$(BIN)/python -m tetragrad chapter

test: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n auto

# The stamps say what .venv holds; they age when pyproject.toml changes. The second one waits for the first, so that two
# pips never write into the same .venv under `make -j`.
$(VENV)/test.stamp: $(VENV)/examples.stamp
	@echo "Installing the tools for tests into $(VENV) ..."
	@$(PIP) install -e '.[test,examples]'
	@touch $@

$(VENV)/examples.stamp: pyproject.toml | $(VENV)/made.stamp
	@echo "Installing tetragrad and what its examples need into $(VENV) ..."
	@$(PIP) install -e '.[examples]'
	@touch $@

$(VENV)/made.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo "tetragrad needs Python 3.11 or newer; '$(PYTHON)' is not one (it says: $$($(PYTHON) --version 2>&1 | head -n 1))."; \
	    echo "Name a newer interpreter: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; } >&2
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	    echo "'$(PYTHON)' cannot make virtual environments (its venv or ensurepip module is missing)."; \
	    echo "Install them with your system's package manager (Debian, Ubuntu: apt install python3-venv) and try again."; \
	    exit 1; } >&2
	@echo "Making $(VENV) with $$($(PYTHON) --version) ..."
	@$(PYTHON) -m venv $(VENV)
	@touch $@

fuzz: $(VENV)/test.stamp
	HYPOTHESIS_PROFILE=fuzz $(BIN)/python -m pytest tests/test_writing_machine.py

soak: $(VENV)/test.stamp
	$(BIN)/python -m benchmarks.soak

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis chapter.html
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
