# `make help` lists the targets. Everything lives in .venv and ./var.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_FLAGS ?= --progress-bar on --disable-pip-version-check

.PHONY: help install run test lint bench bench-calls bench-browser ordeal demo doctor freeswitch-check clean

help:  ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' Makefile

install: $(VENV)/.installed  ## Create .venv and install SwitchTalk into it

$(VENV)/.installed: setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "SwitchTalk needs Python 3.11 or newer: $$($(PYTHON) --version)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { echo "python3-venv is missing: apt install python3-venv"; rm -rf $(VENV); exit 1; }
	$(BIN)/pip install $(PIP_FLAGS) -e .
	@touch $@

$(VENV)/.tested: $(VENV)/.installed
	$(BIN)/pip install $(PIP_FLAGS) -e '.[test,lint]'
	@touch $@

run: install  ## Start the server and print the address of its page
	@$(BIN)/switchtalk run $(ARGS)

test: $(VENV)/.tested  ## Run all tests
	@tests/needs.sh
	@tests/run.sh $(BIN)/python $(ARGS)

lint: $(VENV)/.tested  ## Check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.tested  ## Measure response and barge-in with simulated callers in real time
	$(BIN)/python -m tests.bench $(ARGS)

bench-calls: $(VENV)/.tested  ## The same over the telephone (REAL=1: a real FreeSWITCH, else a simulated one)
	$(BIN)/python -m tests.bench --phone $(if $(REAL),real,simulated) $(ARGS)

ordeal: $(VENV)/.tested  ## Call 2,000 simulated people while everything breaks (SEED=1; some 6 minutes)
	SWITCHTALK_ORDEAL=2000 SWITCHTALK_ORDEAL_SEED=$(or $(SEED),1) \
	  $(BIN)/python -m pytest -q -s tests/integration/test_campaign_ordeal.py $(ARGS)

bench-browser: $(VENV)/.tested  ## Response and barge-in at a browser's audio, through a real FreeSWITCH
	$(BIN)/python -m tests.bench.browser $(ARGS)

demo: $(VENV)/.tested  ## Hold one spoken conversation with a simulated caller (BOT=survey_en; CALL=1: by phone)
	@$(BIN)/python -m tests.bench.demo $(if $(BOT),--bot $(BOT)) $(if $(CALL),--call) $(ARGS)

doctor: install  ## Check the installation and say how to mend it
	@$(BIN)/switchtalk doctor $(ARGS)

freeswitch-check: install  ## Compare the FreeSWITCH of the settings with what calls need
	@$(BIN)/switchtalk freeswitch-check $(ARGS)

clean:  ## Remove the environment, caches and records
	rm -rf $(VENV) var build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
