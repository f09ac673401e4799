# On a fresh machine: `make demo`, `make test`. They need Python >= 3.11, make and a package index.

# The first of these that is 3.11 or newer and can make virtual environments; `make PYTHON=…` overrides.
can = $(shell for python in $(1); do \
	$$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
PYTHON ?= $(call can,python3 python3.14 python3.13 python3.12 python3.11)
# The oldest supported libraries have wheels for the oldest supported Python.
OLDEST_PYTHON ?= $(call can,python3.11 python3.12 python3.13 python3.14 $(PYTHON))

VENV := .venv
OLDEST := .venv-oldest
PIP_INSTALL := -m pip install --quiet --quiet --disable-pip-version-check --no-input --root-user-action=ignore

# Installed packages have their bytecode; a checkout has none where Python was told to write none, and each kernel would compile durnb anew.
COMPILE := -m compileall -q durnb kernel_ext widgets

# `make test T=tests/unit` or T="-k lease" runs a part of the suite, in the newest set only.
T ?=
WORKERS ?= 2
PYTEST := -m pytest -n $(WORKERS) --dist loadgroup --timeout 300
# The tests of what old libraries do otherwise: kernels, values of their types, the database, and pages.
AGE_SENSITIVE := tests/kernel $(addprefix tests/unit/,fingerprint inside kernel_ext snapshot widgets) \
	$(patsubst %,tests/unit/journal/test_%.py,appending asking folding opening packs schema)
# Old libraries use what newer ones have since deprecated; other warnings are errors there too.
IGNORE_AGE := -W ignore::DeprecationWarning -W ignore::PendingDeprecationWarning

.DEFAULT_GOAL := help
.PHONY: help demo test test-newest test-oldest lint format bench docs pictures chromium faketime clean

help:
	@echo 'make demo     install durnb and show it: a killed notebook goes on where it was'
	@echo 'make test     the whole test suite, on the newest and on the oldest supported libraries (T=tests/unit: a part)'
	@echo 'make lint     ruff, mypy, pyright, import rules (make format: let ruff mend what it can)'
	@echo 'make bench    benchmarks, written to benchmarks/RESULTS.md'
	@echo 'make pictures the pictures of docs/, from a real JupyterLab'
	@echo 'make docs     the reference pages of docs/, from the code'
	@echo 'make clean    remove everything that make made'

demo: $(VENV)/.demo
	$(VENV)/bin/durnb demo

test: $(if $(T),test-newest,test-newest test-oldest)

test-newest: $(VENV)/.test chromium faketime
	@$(VENV)/bin/python $(COMPILE)
	$(VENV)/bin/python $(PYTEST) --junitxml=artifacts/newest.xml $(T)

test-oldest: $(OLDEST)/.test
	@$(OLDEST)/bin/python $(COMPILE)
	$(OLDEST)/bin/python $(PYTEST) $(IGNORE_AGE) --junitxml=artifacts/oldest.xml $(AGE_SENSITIVE)

chromium: $(VENV)/.test
	$(VENV)/bin/python tests/install_chromium.py

faketime: $(VENV)/.test
	$(VENV)/bin/python tests/install_faketime.py

lint: $(VENV)/.lint
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/pyright
	$(VENV)/bin/lint-imports

format: $(VENV)/.lint
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

bench: $(VENV)/.bench
	@$(VENV)/bin/python $(COMPILE)
	$(VENV)/bin/python -m benchmarks

docs: $(VENV)/.demo
	$(VENV)/bin/python docs/generate.py

pictures: chromium
	$(VENV)/bin/python docs/pictures.py

clean:
	rm -rf $(VENV) $(OLDEST) artifacts demo-out dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

# An extra is installed anew only when pyproject.toml changed.
$(VENV)/bin/python:
	@test -n '$(PYTHON)' || { echo 'durnb needs Python 3.11 or newer with venv (on Debian: python3-venv); make PYTHON=/path/to/python3 names one'; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.%: pyproject.toml | $(VENV)/bin/python
	$(VENV)/bin/python $(PIP_INSTALL) --editable '.[$*]'
	@touch $@

$(OLDEST)/bin/python:
	$(OLDEST_PYTHON) -m venv $(OLDEST)

$(OLDEST)/.test: pyproject.toml tests/oldest.txt | $(OLDEST)/bin/python
	$(OLDEST)/bin/python $(PIP_INSTALL) --constraint tests/oldest.txt --editable '.[kernel-test]'
	@touch $@
