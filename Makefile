# Thin: every target is one command that works by hand too (README.md).
PYTHON := .venv/bin/python
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
# .venv is this checkout's own: without compiled files in it every program of it takes twice as long to start.
unexport PYTHONDONTWRITEBYTECODE
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/.cache/uv/bin:$(PATH)

.PHONY: help venv setup up down status logs evidence test lint unit lock build

help: ## what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

venv: ## only .venv: enough for AWS, needs no root
	@scripts/setup --python

setup: ## install Debian packages and .venv
	@scripts/setup

up: setup ## sandbox and site.yml; at the end the URL
	@$(PYTHON) -m flaskops_sandbox deploy

down: setup ## end the instance and everything of it
	@$(PYTHON) -m flaskops_sandbox down

status: ## what runs and how to reach it
	@$(PYTHON) -m flaskops_sandbox status

logs: ## the last lines of every log
	@$(PYTHON) -m flaskops_sandbox logs

evidence: ## copy logs, events and the state of pods into one folder
	@$(PYTHON) -m flaskops_sandbox collect

test: setup ## every test; ends with the number passed
	@tests/run

lint: venv ## ansible-lint (production), yamllint, ruff, mypy
	@tests/run lint

unit: setup ## unit tests of app, plugins and sandbox
	@tests/run unit

lock: venv ## requirements.txt from requirements.in, app/requirements.txt from app/requirements.in
	uv pip compile -q --python-version 3.11 --generate-hashes --no-annotate --no-header requirements.in -o requirements.txt
	uv pip compile -q --python-version 3.13 --generate-hashes --no-annotate --no-header app/requirements.in -o app/requirements.txt

build: venv ## build the collection's artifact
	ansible-galaxy collection build --force
