# make demo and make test set up all they need; nothing but Python 3.11+ and make must be there before.
# The first that really runs (a version manager's shims are there without their Python) and is new enough.
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
VENV := .venv
BIN := $(VENV)/bin
# First the tests in real time, which mostly wait, in five queues (tests/conftest.py); then those that compute.
REALTIME := tests/e2e tests/scenarios tests/live_faults
WAITING := $(REALTIME) -n 5 --dist loadgroup
COMPUTING := $(addprefix --ignore=,$(REALTIME)) -n 3
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help demo run test check bench soak fuzz loopback coverage clean

help:  ## what there is
	@grep -hE '^[a-z]+:.*##' Makefile | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

demo: $(VENV)/loopback  ## a whole conversation on stand-ins: no token, no key
	@$(BIN)/python -m bot demo

run: $(VENV)/run  ## the bot, on the real services, with the settings of .env
	@$(BIN)/python -m bot

loopback: $(VENV)/loopback  ## a Discord and a Gemini Live on 127.0.0.1, until Ctrl-C
	@$(BIN)/python -m bot loopback

test: $(VENV)/dev  ## all tests
	$(BIN)/python -m pytest $(WAITING)
	$(BIN)/python -m pytest $(COMPUTING)

check: $(VENV)/dev  ## lint and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

coverage: $(VENV)/dev  ## all tests, with the statement coverage of audio/ and bot/
	$(BIN)/python -m pytest $(WAITING) --cov --cov-report= --cov-fail-under=0
	$(BIN)/python -m pytest $(COMPUTING) --cov --cov-append --cov-report=term:skip-covered --cov-fail-under=90

bench: $(VENV)/dev  ## measure; writes build/bench/report.json
	@$(BIN)/python -m tests.benchmarks

soak: $(VENV)/dev  ## days of conversation on virtual time; SEEDS=n of them
	@$(BIN)/python -m tests.soak --seeds $(or $(SEEDS),20) --jobs 2

fuzz: $(VENV)/dev  ## a million random and mutated datagrams into the receive path (N=… for more)
	@$(BIN)/python tests/audio/fuzz_inbound.py $(or $(N),1000000) $(or $(SEED),1)

clean:  ## forget what was built and installed
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

# One environment, three amounts of it: each stamp says that its extras are installed.
$(VENV)/run $(VENV)/loopback $(VENV)/dev: $(VENV)/% : pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing what '$*' needs (once) …" >&2
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".$(if $(filter-out run,$*),[$*])"
	@touch $@

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Parley needs Python 3.11 or newer; none was found. Set PYTHON=/path/to/python3."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Parley needs Python 3.11 or newer; PYTHON=$(PYTHON) is not. Set PYTHON=/path/to/python3.11."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "$(PYTHON) cannot make a virtual environment. On Debian and Ubuntu: apt install python3-venv."; rm -rf $(VENV); exit 1; }
