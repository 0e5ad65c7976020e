# `make` lists what there is. Every target sets up .venv by itself where it needs it.
SHELL := /bin/sh
.DEFAULT_GOAL := help
python := .venv/bin/python
stack ?= local
# An engine starts several Python processes, again and again: what they import is compiled by the first, and kept.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Make .venv with every dependency, at the versions of requirements.lock
	@tools/bootstrap.sh

.PHONY: up
up: setup ## Local cloud, and a sized Llama in it: no account, no GPU, nothing bills
	@$(python) -m local up --stack $(stack)

.PHONY: down
down: setup ## Destroy the stacks, stop the local cloud, remove its state
	@$(python) -m local down

.PHONY: status
status: setup ## The stack with its price, pods and nodes, and the processes behind them
	@$(python) -m local status

.PHONY: shell
shell: setup ## A shell in which paddock, pulumi, aws and kubectl talk to the local cloud
	@$(python) -m local shell

.PHONY: clean
clean: ## Give back what building took: .venv, and, asked first or by yes=1, the cache that all checkouts share
	@yes=$(yes) tools/clean.sh

.PHONY: check
check: setup ## Style, types, layers, generated files, links of the docs
	@tools/check

.PHONY: test
test: setup ## Every check and every test; minutes, and what CI runs
	@tools/test.sh

.PHONY: smoke
smoke: setup ## The real vLLM, without a GPU, on what is rendered: 8 GB of disk the first time, minutes
	@tools/smoke.sh

.PHONY: bench
bench: setup ## Measure what docs/performance.md promises; a quiet machine, please
	@$(python) -m benchmarks

.PHONY: bench-sizing
bench-sizing: setup ## Of that sizing alone, beside its peers (docs/sizing-peers.md); under a minute
	@$(python) -m benchmarks sizing

.PHONY: schema
schema: setup ## Write stacks/schema.json from the settings
	@.venv/bin/paddock schema

.PHONY: docs
docs: setup ## Write the generated references, and all pages as a site into site/
	@$(python) -m tools.reference
	@NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build && echo "site/index.html"

.PHONY: lock
lock: setup ## Pin the newest allowed versions in requirements.lock, with their hashes
	@tools/lock.sh
