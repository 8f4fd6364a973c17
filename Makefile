# make demo      the whole stack on an AWS of this machine: deploy, learn, recommend, destroy
# make test      every test            make check     every static check
# make aws-check the demo and open questions in your own account: it asks before it costs (DRY_RUN=1: local AWS)
# make bench     every benchmark, as a table and in .bench/results.json
# make simulation  a day of events through the quotas of AWS: writes docs/scaling.md and its picture
# make endurance a million events through a function that is killed: lost, twice (EVENTS=10000: fewer)
# make lock      write the lock files anew
# make test-versions  the constructs on every Python of the machine, the lowest and the highest CDK
SHELL := /bin/bash
PYTHON ?= python3
DATA ?=
KEEP ?=
VERSIONS ?=
DRY_RUN ?=
YES ?=
EVENTS ?=

VENV := .venv
LOCAL := .venv-local
BIN := $(CURDIR)/$(VENV)/bin
export PATH := $(BIN):$(PATH)
export PYTHONDONTWRITEBYTECODE := 1
export PERSONALIZE_LOCAL_PYTHON := $(CURDIR)/$(LOCAL)/bin/python
UV := $(BIN)/uv

.PHONY: demo demo-stop aws-check test test-versions bench endurance simulation check format setup lock clean
.DEFAULT_GOAL := help

help:
	@sed -n '1,8p' Makefile

setup: $(VENV)/.ready $(LOCAL)/.ready node_modules/.ready

# uv alone comes without a hash: it then installs everything else from the hashes of the lock file.
$(VENV)/.ready: requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(v < (3, 11) and f"Python 3.11 or newer is needed, got {v[0]}.{v[1]}: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check "uv>=0.9"
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(UV) pip sync --quiet --compile-bytecode --require-hashes requirements/dev.txt
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(UV) pip install --quiet --no-deps --editable .
	touch $@

# Local AWS has an environment of its own, because MiniStack pins botocore exactly.
$(LOCAL)/.ready: requirements/local.txt | $(VENV)/.ready
	$(PYTHON) -m venv --without-pip $(LOCAL)
	VIRTUAL_ENV=$(CURDIR)/$(LOCAL) $(UV) pip sync --quiet --compile-bytecode --require-hashes requirements/local.txt
	printf '%s\n' $(CURDIR)/constructs $(CURDIR)/emulator $(CURDIR)/operations > "$$($(LOCAL)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/checkout.pth"
	touch $@

node_modules/.ready: package.json package-lock.json | $(VENV)/.ready
	npm ci --silent
	touch $@

demo: setup
	@$(BIN)/python -m demo $(if $(DATA),--data "$(DATA)") $(if $(KEEP),--keep)

demo-stop:
	@$(BIN)/python -m demo.stop

aws-check: setup
	@PYTHONPATH=$(CURDIR)/lambda $(BIN)/python -m aws_check $(if $(DRY_RUN),--dry-run) $(if $(YES),--yes "$(YES)")

# The bytecode of the tests stays, or each of the processes would compile them all at every run.
test: setup
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 5 --dist loadfile --no-loadscope-reorder

# VERSIONS="--python 3.11 --end lowest" is a part of it.
test-versions: setup
	$(BIN)/python -m tests.versions $(VERSIONS)

bench: setup
	@$(BIN)/python -m benchmarks

endurance: setup
	@EVENTS="$(EVENTS)" $(BIN)/python -m benchmarks endurance

simulation: setup
	@PYTHONPATH=$(CURDIR)/lambda $(BIN)/python -m simulation

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=lambda:. $(BIN)/lint-imports --no-logo

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The core of the library is locked for every Python that it supports; no index is named.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
		--extra emulator --group dev pyproject.toml --output-file requirements/dev.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
		requirements/local.in --output-file requirements/local.txt

clean:
	find . -name node_modules -prune -o -name __pycache__ -prune -exec rm -rf {} +
	rm -rf $(VENV) $(LOCAL) node_modules cdk.out dist .demo .aws-check .local .bench .versions
