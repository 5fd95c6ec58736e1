# Everything from Python 3.11, pip and make. `make run` and `make test` need nothing else.
.DEFAULT_GOAL := help
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
NPM_CI := npm ci --prefer-offline --silent --no-audit --no-fund
PROGRESS := sh "$(CURDIR)/scripts/show_progress.sh"
# One more than two cores: some tests wait for what takes its time.
TEST_WORKERS ?= 3
BROWSER_WORKERS ?= 3
SOURCES := app.py manage.py runtime.py version.py bench graph models operations sandbox scripts serving telemetry tests webhooks whatsapp

.PHONY: client web web-check help run bench model holes test check lint types contract schema schema-check schema-diff lock soak test-clients test-browser screenshots test-proxies image-check clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: $(VENV)/.ready  ## a working server with embedded MongoDB and the sandbox
	@$(BIN)/python -m sandbox

test: $(VENV)/.ready  ## all tests, in parallel
	$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist worksteal $(ARGS)

check: lint types contract schema-check  ## what CI runs first, with the tests and their coverage
	$(BIN)/python -m slipcover -m pytest -W ignore::pytest.PytestAssertRewriteWarning -n $(TEST_WORKERS) --dist worksteal $(ARGS)

lint: $(VENV)/.ready  ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.ready  ## mypy, strict
	$(BIN)/mypy $(SOURCES)

contract: $(VENV)/.ready  ## import-linter: which package may import which
	$(BIN)/lint-imports

schema: $(VENV)/.ready  ## writes schema.graphql
	$(BIN)/python manage.py export-schema

schema-check: $(VENV)/.ready  ## fails if schema.graphql is not that of the code
	$(BIN)/python manage.py export-schema --check

client: clients/typescript/node_modules/.ready  ## builds @wagraph/client; needs node
	cd clients/typescript && npm run --silent build

test-clients: $(VENV)/.ready client tests/clients/node_modules/.ready  ## linters of the schema; Apollo, urql, Relay and others against a real server; needs node
	cd tests/clients && npm run --silent build && npm run --silent lint
	$(BIN)/python -m pytest -n 2 -m clients tests/clients

web: client web/node_modules/.ready  ## builds the inbox, web/dist; needs node
	cd web && npm run --silent build

web-check: web  ## fails if web/dist is not what web/ builds
	@test -z "$$(git status --porcelain -- web/dist docs/licences.md)" \
		|| { git status --short -- web/dist docs/licences.md; echo 'web/dist is out of date: run `make web` and commit it.' >&2; exit 1; }

model: $(VENV)/.ready  ## the models of docs/models, and their seeded mistakes; needs spin and gcc; ARGS=--deep for minutes
	$(BIN)/python -m scripts.check_models $(ARGS)

holes: $(VENV)/.ready  ## seeds holes between tenants; each must make a test of docs/isolation.md fail; ARGS names some
	$(BIN)/python -m tests.isolation.holes $(ARGS)

schema-diff: $(VENV)/.ready  ## what the schema changes for clients since BASE, a git ref
	$(BIN)/python manage.py compare-schema $(if $(BASE),--base $(BASE))

test-browser: $(VENV)/.ready client tests/browser/node_modules/.ready  ## the inbox and GraphiQL in headless Chromium; needs node and chromium
	$(BIN)/python -m pytest -n $(BROWSER_WORKERS) -m "browser and not soak" tests/browser

screenshots: $(VENV)/.ready tests/browser/node_modules/.ready  ## the pictures of README.md and docs/, from the demo shop; needs node and chromium
	$(BIN)/python -m pytest -m screenshots tests/browser/test_screenshots.py

test-proxies: $(VENV)/.ready  ## the shipped nginx and Caddy files; needs nginx and caddy
	$(BIN)/python -m pytest -n 2 -m proxies tests/deploy

image-check: $(VENV)/.ready  ## builds and runs the images without Docker; needs root and debootstrap
	$(BIN)/python -m scripts.check_image

soak: $(VENV)/.ready  ## the long fault runs; one part of at most an hour with ARGS=tests/whatsapp; the inbox's needs node and chromium
	@if command -v node >/dev/null; then cd tests/browser && npm ci --prefer-offline --silent --no-audit --no-fund; fi
	$(BIN)/python -m pytest -m soak --durations 10 $(or $(ARGS),tests)

lock: $(VENV)/.ready  ## writes the lock files from pyproject.toml
	$(UV) pip compile -q --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-header pyproject.toml -o requirements.lock
	$(UV) pip compile -q --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-header pyproject.toml --extra tracing -c requirements.lock -o requirements-tracing.lock
	$(UV) pip compile -q --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-header pyproject.toml --extra tracing --group dev --group sandbox -o requirements-dev.lock

# The stamp is newer than the lock file once the environment matches it.
$(VENV)/.ready: requirements-dev.lock
	@test -x $(BIN)/python || $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo 'wagraph needs Python 3.11 or later: make PYTHON=/path/to/python3.11' >&2; exit 1; }
	@test -x $(BIN)/python || $(PROGRESS) "Creating the Python environment in $(VENV)/" $(PYTHON) -m venv $(VENV)
	@test -x $(UV) || $(PROGRESS) "Installing uv, which installs the packages" \
		$(BIN)/pip install --quiet --disable-pip-version-check uv==0.13.9
	@$(PROGRESS) "Installing $$(grep -c '^[a-z].*==' $<) packages, with the embedded MongoDB, into $(VENV)/" \
		$(UV) pip sync --quiet --require-hashes --python $(BIN)/python $<
	@touch $@

# The packages of a folder, for all targets; again after a change of its lock file.
%/node_modules/.ready: %/package-lock.json
	@cd $* && $(PROGRESS) "Installing the packages of $*/" $(NPM_CI)
	@touch $@

clean:  ## removes the environment and all caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

bench: $(VENV)/.ready  ## all cases against all servers that are here; docs/benchmarks.md
	@if command -v node >/dev/null; then cd bench/peer && npm ci --prefer-offline --silent --no-audit --no-fund; fi
	$(BIN)/python -m bench $(ARGS)
