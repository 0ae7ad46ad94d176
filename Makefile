# `make` sets the program up, `make demo` shows it, `make try` lets you try it, `make test` tests it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
TESTS := $(BIN)/pytest -n auto --dist worksteal
# Without compiled files each worker would compile all tests anew.
unexport PYTHONDONTWRITEBYTECODE
READY := $(VENV)/.ready
DEV := $(VENV)/.ready-dev

.DEFAULT_GOAL := setup
.PHONY: setup dev demo try picture settings test test-slow test-fresh test-all lint types bench faults texts requirements clean

# What running needs.
setup: $(READY)

$(READY): requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes -r requirements.txt
	$(PIP) --no-deps --editable .
	touch $@

# What testing needs, too.
dev: $(DEV)

$(DEV): requirements-dev.txt $(READY)
	$(PIP) --require-hashes -r requirements-dev.txt
	touch $@

demo: setup
	$(BIN)/marginalia demo

try: setup
	$(BIN)/marginalia try

# README's picture, of a run of the demo; a test says when it is out of date.
picture: setup
	$(BIN)/marginalia demo --seconds 1 --picture docs/demo.svg

# docs/settings.md; a test says when it is out of date.
settings: setup
	$(BIN)/python -m scripts.settings_page

# In two minutes on two cores, through every door; it says how many tests it leaves to `test-slow`.
test: dev
	$(TESTS) -m "not slow"

# The rest, and the property tests again with all their examples.
test-slow: dev
	HYPOTHESIS_PROFILE=full $(TESTS) -m "slow or hypothesis"

# The property tests with examples that nobody has tried; what fails is kept in `.hypothesis`.
test-fresh: dev
	HYPOTHESIS_PROFILE=fresh $(TESTS) -m hypothesis

test-all: test test-slow test-fresh

lint: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: dev
	$(BIN)/mypy --strict bot slackbox

bench: dev
	for bench in tests/benchmarks/bench_*.py; do $(BIN)/python -m tests.benchmarks.$$(basename $$bench .py) || exit 1; done

SEEDS ?= 20
faults: dev
	$(BIN)/python -m tests.faults --seeds $(SEEDS)

texts: setup
	$(BIN)/python -m bot.texts.update

requirements: dev
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --python-version 3.11 pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --python-version 3.11 --extra meaning pyproject.toml -o requirements-meaning.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --python-version 3.11 --extra dev pyproject.toml -o requirements-dev.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
