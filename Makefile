# Everything a fresh machine needs is set up by these targets.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export QT_QPA_PLATFORM ?= offscreen

.PHONY: demo test test-ocx test-ocx-core quick lint docs bench setup clean

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml scripts/setup.sh
	PYTHON=$(PYTHON) scripts/setup.sh $(VENV)
	touch $@

demo: setup
	$(BIN)/kiwoom demo

test: setup lint docs
	$(BIN)/pytest -n 2 -m "not soak"

# The OCX's own path, against a COM test control under Wine; skips itself where Wine or MinGW-w64 is missing.
test-ocx: setup
	PYTHON=$(abspath $(BIN))/python scripts/test-ocx.sh

test-ocx-core: setup
	PYTHON=$(abspath $(BIN))/python scripts/test-ocx.sh --core

quick: setup
	$(BIN)/pytest -n 2 -m "not slow and not soak"

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

bench: setup
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) build dist site .mypy_cache .ruff_cache
