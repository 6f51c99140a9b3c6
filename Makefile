# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Every target does its own set-up and needs only Python 3.10 or newer with venv; the work is in .ci/dev.

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo demo-stop docs docs-pictures emulator test coverage playbooks limits leaks stores eda clients matrix integration faults molecule sanity lint judges lowest build release check bench clean

DEV := .ci/dev
DEMO := env ANSIBLE_VAULT_PASSWORD_FILE=build/demo/vault-password ANSIBLE_DISPLAY_SKIPPED_HOSTS=False ANSIBLE_DISPLAY_OK_HOSTS=False
PYTEST_ARGS ?= -q -n auto --maxprocesses 4 --dist worksteal
# A few tests finish before workers have started and collected the tests.
NAMED_ARGS = $(if $(filter command environment,$(firstword $(origin PYTEST_ARGS))),$(PYTEST_ARGS),-q)
# The clients need seconds of CPU time for each call, so two of them at once are enough.
CLIENTS_ARGS = $(if $(filter command environment,$(firstword $(origin PYTEST_ARGS))),$(PYTEST_ARGS),-q -n 2 --dist worksteal)
# The tests that depend on requests and msal. Managed identities need a newer msal, which their error names.
LOWEST_TESTS := $(addprefix tests/unit/plugins/module_utils/test_,$(addsuffix .py,sign_in sign_in_azure_cli sign_in_tokens graph_client graph_client_waits operator_credentials \
  proxies endpoints_and_proxies retry limits server_clock)) \
  $(addprefix tests/unit/plugins/modules/test_,$(addsuffix .py,azure_device_login azure_device_login_failures azure_app_token_info azure_app_token_info_credentials wrong_answers)) \
  tests/unit/plugins/module_utils/test_managed_identity.py::test_an_old_msal_is_reported_before_any_request
export PYTHON

help: ## Show this menu
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile
	@echo "  PYTHON=/path/to/python3 selects the interpreter for .venv."

demo: ## Run the whole job twice against an embedded tenant (KEEP=1 keeps the tenant running)
	@$(DEV) setup demo
	@mkdir -p build/demo
	@[ -s build/demo/vault-password ] || (umask 077; od -An -N24 -tx1 /dev/urandom | tr -d ' \n' > build/demo/vault-password)
	@$(DEV) run $(DEMO) ansible-playbook email_gateway.azure_apps.demo $(if $(filter-out 0 no false,$(KEEP)),-e demo_keep=true)
	@cat build/demo/table.txt

demo-stop: ## Stop the tenant of make demo KEEP=1
	@sh roles/graph_emulator/files/stop.sh build/demo/emulator

docs: ## Build the documentation site into build/docs/html; warnings are errors
	@$(DEV) setup test
	@$(DEV) docs
	@$(DEV) run env PATH="$(CURDIR)/build/docs/venv/bin:$$PATH" python .ci/docs/build.py

docs-pictures: ## Create the pictures of the documentation from a run of the demo (screenshots need Chromium)
	@$(MAKE) demo KEEP=1
	@cd build/demo && . ./tenant.env && ANSIBLE_CONFIG=ansible.cfg ../../.venv/bin/ansible-playbook \
	  email_gateway.azure_apps.report -e gateway_app_report_html_path="$$PWD/report.html" && \
	  ../../.venv/bin/python ../../.ci/docs/pictures.py "$$AZURE_GRAPH_URL/"
	@$(MAKE) demo-stop

emulator: ## Run the embedded tenant in the foreground; prints one JSON line, and the commands for Azure CLI (PORT= selects the port)
	@$(DEV) setup demo
	@exec $(DEV) run env PYTHONPATH=roles/graph_emulator/files python -m graph_emulator --paste $(if $(PORT),--port $(PORT))

test: ## Check style, types and the unit tests (K=secret: only tests with this name; PYTEST_ARGS= changes how pytest runs)
	@$(DEV) setup test
	@$(if $(K),exec $(DEV) run python -m pytest $(NAMED_ARGS) -k "$(K)" tests/unit;) \
	failed=; \
	$(DEV) run ruff check || failed="$$failed ruff"; \
	$(DEV) run ruff format --check || failed="$$failed ruff-format"; \
	$(DEV) run mypy || failed="$$failed mypy"; \
	[ -z "$$failed" ] || echo "failed before pytest:$$failed"; \
	$(DEV) run python -m pytest $(PYTEST_ARGS) && [ -z "$$failed" ]

coverage: ## Measure the lines and branches that in-process tests cover; each line of plugins that is not covered needs a reason
	@$(DEV) setup test
	@rm -rf build/coverage
	@$(DEV) run python -m pytest $(PYTEST_ARGS) --cov --cov-report= tests/unit
	@$(DEV) run python -m coverage report --include='roles/graph_emulator/*' --fail-under=95
	@$(DEV) run python -m coverage report --include='plugins/*,extensions/*' --fail-under=95
	@$(DEV) run python -m coverage json -q -o build/coverage/report.json
	@$(DEV) run python tests/coverage_reasons.py build/coverage/report.json

playbooks: ## Run the tests that need real runs of ansible-playbook
	@$(DEV) setup test
	@$(DEV) run python -m pytest $(PYTEST_ARGS) tests/playbooks

limits: ## Check the memory use of a module for any response of a server
	@$(DEV) setup test
	@$(DEV) run python -m pytest $(PYTEST_ARGS) tests/limits

leaks: ## Run the ansible-playbook tests with the highest verbosity, and search everything that they leave behind for secrets
	@$(DEV) setup test
	@$(DEV) run python -m pytest $(PYTEST_ARGS) --loud tests/playbooks

stores: ## Run the tests of the stores that need other programs and collections (180 MB to download, once)
	@$(DEV) setup test
	@$(DEV) stores
	@$(DEV) run python -m pytest $(PYTEST_ARGS) tests/stores

eda: ## Run the rulebooks with ansible-rulebook, which needs Java (110 MB on disk)
	@$(DEV) setup test
	@$(DEV) eda
	@$(DEV) run python -m pytest -q -n 2 tests/eda

clients: ## Try the emulator with Azure CLI, azure.azcollection, CLI for Microsoft 365, Microsoft's libraries (1.6 GB on disk)
	@$(DEV) setup test
	@failed=; \
	for client in azure-cli azure-azcollection node; do $(DEV) clients $$client || failed="$$failed $$client"; done; \
	[ -z "$$failed" ] || echo "not installed, see above:$$failed"; \
	$(DEV) run python tests/clients/own_network.py python -m pytest $(CLIENTS_ARGS) tests/clients

integration: ## Run the integration targets with real ansible-playbook runs (TARGET= selects some)
	@$(DEV) setup test
	@$(DEV) ansible-test integration $(TARGET)

matrix: ## Run the main job with each supported ansible-core, and compare the results (VERSIONS= selects some)
	@$(DEV) setup test
	@$(DEV) run env PYTHONPATH=build/collections:roles/graph_emulator/files \
	  python -m ansible_collections.email_gateway.azure_apps.tests.matrix.matrix $(addprefix --only ,$(VERSIONS))

faults: ## Make each request of the role fail, kill runs, start eight at once (FULL=1: every fault for every request)
	@$(DEV) setup test
	@failed=; \
	$(DEV) run python -m pytest -q -n 2 --dist worksteal tests/faults || failed=1; \
	[ -n "$(SCENARIOS)" ] || $(DEV) run env PYTHONPATH=build/collections:roles/graph_emulator/files \
	  python -m ansible_collections.email_gateway.azure_apps.tests.faults.matrix $(if $(filter-out 0 no false,$(FULL)),--full) \
	  || failed=1; \
	[ -z "$$failed" ]

molecule: ## Run the role's scenarios, one for each profile of the guide (SCENARIO= selects one)
	@$(DEV) setup test
	@rm -rf build/ansible_home/tmp/molecule.*  # the store of an earlier run, whose tenant is gone
	@$(DEV) in-tree molecule test --no-command-borders $(if $(SCENARIO),--scenario-name $(SCENARIO),--all)

sanity: ## Run ansible-test sanity (TEST= selects one)
	@$(DEV) setup test
	@$(DEV) ansible-test sanity $(if $(TEST),--test $(TEST))

lint: build ## Run ansible-lint, yamllint, antsibull-changelog, shellcheck; install the tarball
	@$(DEV) in-tree sh -c ' \
	  failed=; \
	  ansible-lint || failed="$$failed ansible-lint"; \
	  yamllint --strict . || failed="$$failed yamllint"; \
	  antsibull-changelog lint || failed="$$failed antsibull-changelog"; \
	  shellcheck .ci/dev .ci/check .ci/run .ci/judges .ci/release || failed="$$failed shellcheck"; \
	  [ -z "$$failed" ] || { echo "lint: failed:$$failed"; exit 1; }'
	@rm -rf build/installed
	@$(DEV) run ansible-galaxy collection install --offline --force -p build/installed build/dist/*.tar.gz > /dev/null
	@$(DEV) run env ANSIBLE_COLLECTIONS_PATH=build/installed \
	  ansible-galaxy collection verify --offline email_gateway.azure_apps
	@echo "lint: no findings"

judges: ## Run galaxy-importer, antsibull-docs, reuse, ansible-builder, zizmor, pip-audit; write an SBOM (JUDGE="docs reuse" selects some)
	@$(DEV) setup test
	@$(DEV) judges
	@.ci/judges $(JUDGE)

lowest: ## Run the tests of HTTP and sign-in with the oldest requests and msal that requirements.txt allows
	@$(DEV) setup test
	@$(DEV) lowest
	@$(DEV) run build/lowest/bin/python -m pytest $(PYTEST_ARGS) $(LOWEST_TESTS)

build: ## Build the tarball into build/dist
	@$(DEV) setup test
	@rm -rf build/dist
	@$(DEV) run ansible-galaxy collection build --force --output-path build/dist
	@# The same commit gives the same bytes.
	@$(DEV) run python .ci/reproducible.py build/dist/*.tar.gz \
	  "$$(git log -1 --format=%ct 2>/dev/null || echo 1767225600)"

release: ## Show what a release would change, in a copy (VERSION=1.0.0; DO=1: commit and tag it here)
	@$(DEV) setup test
	@$(DEV) judges
	@.ci/release "$(VERSION)" $(if $(filter-out 0 no false,$(DO)),--do)

check: ## Run all checks up to the first that fails (KEEP_GOING=1: all of them), and print a table
	@.ci/check

bench: ## Measure CPU time, requests and memory in ratios (SIZE=quick|full, ONLY="role fleet", PEERS=1: with Azure CLI, PAGE=1: write docs)
	@$(DEV) setup demo
	@$(if $(filter-out 0 no false,$(PEERS)),$(DEV) clients azure-cli)
	@$(DEV) run env PYTHONPATH=build/collections:roles/graph_emulator/files \
	  python -m ansible_collections.email_gateway.azure_apps.tests.bench \
	  $(if $(SIZE),--size $(SIZE)) $(if $(ONLY),--only $(ONLY)) $(if $(filter-out 0 no false,$(PAGE)),--page)

clean: ## Remove everything that the targets created
	@[ ! -d build/demo/emulator ] || $(MAKE) demo-stop
	@$(DEV) clean
