# The few commands people type. Each sets up what it needs by itself: Python 3.11+ and make are enough.
# The first Python here that is new enough; `make PYTHON=… demo` uses another.
PYTHON ?= $(or $(shell for p in python3 python3.13 python3.12 python3.11; do \
    $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done),python3)
PY := .venv/bin/python
LOCK := .venv/bin/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --custom-compile-command "make lock"

# Compiled modules must be kept, or every start pays for compiling them again.
unexport PYTHONDONTWRITEBYTECODE
export FIT_RESPONSES

.DEFAULT_GOAL := help
.PHONY: help demo dev test check check-tofu bench package lock clean run-env dev-env

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | awk -F'\t' '{ printf "  make %-12s %s\n", $$1, $$2 }'

demo: run-env ## tell the whole story on this machine; FIT_RESPONSES=DIR replays recorded answers of Google
	@$(PY) -m infra.demo

dev: run-env ## keep the platform running, with URLs, tokens and examples to try
	@$(PY) -m infra.local

test: dev-env ## every test, those on the Firestore emulator included where it is installed
	@$(PY) -m pytest -n 2 $(ARGS)

check: dev-env ## formatting, lint, types, import direction, dead code, dependencies, deployment
	@infra/check

check-tofu: dev-env ## only the deployment: format, validation and tests of infra/tofu, without a cloud
	@$(PY) -m infra.tofu_check

bench: dev-env ## measure, and write the numbers as JSON
	@$(PY) -m infra.bench

package: run-env ## one zip per function in .build/
	@$(PY) -m infra.package --out .build

lock: dev-env ## resolve the requirement files again, with hashes, from their .in files
	@$(LOCK) infra/requirements.in -o requirements.txt
	@$(LOCK) infra/requirements-local.in -o infra/requirements-local.txt
	@$(LOCK) tests/requirements-dev.in -o tests/requirements-dev.txt
	@$(LOCK) infra/requirements-tofu.in -o infra/requirements-tofu.txt

clean: ## remove everything that can be made again
	@rm -rf .venv .venv-tofu .build .demo .dev .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

run-env:
	@$(PYTHON) infra/environment.py run

dev-env:
	@$(PYTHON) infra/environment.py dev
