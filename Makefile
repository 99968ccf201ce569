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
.PHONY: help demo dev fleet institutions people staff rotate-keys test check check-tofu bench package lock clean run-env dev-env

help: ## この一覧 | show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1 | /p' $(MAKEFILE_LIST) | awk -F' [|] ' \
	    '{ printf "  make %-12s %s\n%20s%s\n", $$1, $$2, "", $$3 }'

demo: run-env ## 全体をこの機械で実演。FIT_RESPONSES=フォルダーで記録された応答を再生 | tell the whole story on this machine; FIT_RESPONSES=DIR replays recorded answers of Google
	@$(PY) -m infra.demo

dev: run-env ## 基盤を起動したままにし、試すための URL・トークン・例を表示 | keep the platform running, with URLs, tokens and examples to try
	@$(PY) -m infra.local

fleet: run-env ## 連携の状態を数える（make dev の保存先。本番は DOCUMENTS=firestore PROJECT=…） | who is fresh, who must reconnect: of make dev, or with DOCUMENTS=firestore PROJECT=… of a deployment
	@DOCUMENTS="$${DOCUMENTS:-sqlite:$${DEV_STATE:-.dev}/documents.db}" $(PY) -m infra.fleet $(ARGS)

institutions: run-env ## 医療機関の登録・変更・終了（ARGS=list など） | register, amend, end medical institutions: ARGS=list, …
	@DOCUMENTS="$${DOCUMENTS:-sqlite:$${DEV_STATE:-.dev}/documents.db}" $(PY) -m infra.institutions $(or $(ARGS),--help)

people: run-env ## 保護者・代理人・生年月日・死亡の登録（ARGS='list UID' など） | register guardians, agents, births, deaths: ARGS='list UID', …
	@DOCUMENTS="$${DOCUMENTS:-sqlite:$${DEV_STATE:-.dev}/documents.db}" $(PY) -m infra.people $(or $(ARGS),--help)

staff: run-env ## 担当者と役割の登録・変更・終了（ARGS=list など） | register staff and their roles, change and end them: ARGS=list, …
	@DOCUMENTS="$${DOCUMENTS:-sqlite:$${DEV_STATE:-.dev}/documents.db}" $(PY) -m infra.roster $(or $(ARGS),--help)

rotate-keys: run-env ## 全員のデータ鍵を包み直し、照合の索引を作り直す | wrap every data key, and index every profile, under the newest keys: infra/playbooks/planned/rotate_keys.md
	@$(PY) -m infra.rotate_keys $(ARGS)

test: dev-env ## すべてのテスト（あれば Firestore エミュレーターでも） | every test, those on the Firestore emulator included where it is installed
	@$(PY) -m pytest -n 2 $(ARGS)

check: dev-env ## 書式、静的検査、型、依存の向き、未使用コード、依存物、配備 | formatting, lint, types, import direction, dead code, dependencies, deployment
	@infra/check

check-tofu: dev-env ## 配備だけ: infra/tofu の書式・検証・テスト（クラウド不要） | only the deployment: format, validation and tests of infra/tofu, without a cloud
	@$(PY) -m infra.tofu_check

bench: dev-env ## 計測し、数値を JSON で出力 | measure, and write the numbers as JSON
	@$(PY) -m infra.bench

package: run-env ## 関数ごとの zip を .build/ に作成 | one zip per function in .build/
	@$(PY) -m infra.package --out .build

lock: dev-env ## .in から requirements をハッシュつきで作り直す | resolve the requirement files again, with hashes, from their .in files
	@$(LOCK) infra/requirements.in -o requirements.txt
	@$(LOCK) infra/requirements-local.in -o infra/requirements-local.txt
	@$(LOCK) tests/requirements-dev.in -o tests/requirements-dev.txt
	@$(LOCK) infra/requirements-tofu.in -o infra/requirements-tofu.txt

clean: ## 作り直せるものをすべて削除 | remove everything that can be made again
	@rm -rf .venv .venv-tofu .build .demo .dev .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

run-env:
	@$(PYTHON) infra/environment.py run

dev-env:
	@$(PYTHON) infra/environment.py dev
