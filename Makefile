# Everything a fresh machine needs is set up by these targets.
PYTHON ?= python3
VENV ?= .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
# Which tests `make test` runs; `make test TESTS='tests/history -x'` runs others.
TESTS ?= -m "not soak"
export QT_QPA_PLATFORM ?= offscreen

.PHONY: demo test quick lint lint-format lint-code lint-types lint-imports lint-workflows docs bench setup clean \
	test-core test-pythons test-pythons-short test-wheel test-sdist test-ocx test-ocx-core build coverage lock

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml requirements-dev.lock scripts/setup.sh
	PYTHON=$(PYTHON) scripts/setup.sh $(VENV)
	touch $@

# The demo needs the core alone, a few seconds' work; `make setup` adds the rest to the same environment.
$(VENV)/.core: pyproject.toml scripts/setup.sh
	PYTHON=$(PYTHON) scripts/setup.sh --core $(VENV)
	touch $@

demo: $(VENV)/.core
	$(BIN)/kiwoom demo

test: setup lint docs
	$(BIN)/python -m pytest -n 2 --dist worksteal $(TESTS)

quick: setup
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow and not soak"

# The core without any extra, on PYTHON alone or on every supported Python that is found.
test-core:
	$(PYTHON) scripts/test_pythons.py --only-this

test-pythons:
	$(PYTHON) scripts/test_pythons.py

test-pythons-short:
	$(PYTHON) scripts/test_pythons.py --short

# The OCX's own path, against a COM test control under Wine; skips itself where Wine or MinGW-w64 is missing.
test-ocx: setup
	PYTHON=$(abspath $(BIN))/python scripts/test-ocx.sh

test-ocx-core: setup
	PYTHON=$(abspath $(BIN))/python scripts/test-ocx.sh --core

# .pre-commit-config.yaml runs the same five.
lint: lint-format lint-code lint-types lint-imports lint-workflows

lint-format: setup
	$(BIN)/ruff format --check .

lint-code: setup
	$(BIN)/ruff check .

lint-types: setup
	$(BIN)/mypy

lint-imports: setup
	$(BIN)/lint-imports

lint-workflows: setup
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/[bf]*.yml

docs: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

bench: setup
	$(BIN)/python -m benchmarks

# A wheel and a source archive in dist/, and the whole of the tests on each, in an environment of its own.
build: setup
	rm -rf dist
	$(BIN)/python -m build --outdir dist .

test-wheel: build
	PYTHON=$(PYTHON) scripts/test-dist.sh wheel $(TESTS)

test-sdist: build
	PYTHON=$(PYTHON) scripts/test-dist.sh sdist $(TESTS)

# Branch coverage of the tests without `slow` ones. A target of its own, run by the workflow `ci`: with the tracer of Python
# 3.11 the tests take 2.7 times the processor time, so the gate does without. Fails below the floor in .ci/coverage-floor.
coverage: setup
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n 2 --dist worksteal --timeout 600 -m "not slow and not soak"
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage html --quiet
	$(BIN)/coverage report --skip-covered --sort=cover --fail-under $$(cat .ci/coverage-floor)

# The exact versions of the development tools and all extras, for every supported Python and system.
lock: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.10 --all-extras --group dev --no-annotate \
		--custom-compile-command "make lock" --upgrade --output-file requirements-dev.lock pyproject.toml

clean:
	rm -rf $(VENV) build dist site htmlcov .coverage* .mypy_cache .ruff_cache .import_linter_cache
