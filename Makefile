# Everything below needs Python 3.11, 3.12 or 3.13, make, and nothing else: the first target that is
# made sets up $(VENV) with the versions of constraints.txt.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV ?= .venv
ARGS ?=
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# One for each processor; each imports torch and takes about a gigabyte.
WORKERS ?= -n logical --maxprocesses 8

export NO_ALBUMENTATIONS_UPDATE := 1
export WANDB_MODE ?= offline

# Runs a command and says what it cost; its exit status is kept.
COUNTED = $(BIN)/python -c 'import resource, subprocess, sys; \
	status = subprocess.call(sys.argv[1:]); \
	used = resource.getrusage(resource.RUSAGE_CHILDREN); \
	print(f"{used.ru_utime + used.ru_stime:.0f} CPU-seconds of a budget of 600"); \
	sys.exit(status)'

.PHONY: help install demo test slow lint types format wheel bench notebooks outputs tables pages site

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

install: $(INSTALLED) ## the virtual environment, with everything for development

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -qq --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@

# At this size several threads mostly wait for each other; beside other work they burn the budget.
demo: export OMP_NUM_THREADS ?= 1
demo: $(INSTALLED) ## train on photographs that come with the install, then deblur a held-out one
	@$(COUNTED) $(BIN)/deblurkit-train hydra.run.dir=runs/demo
	@$(BIN)/deblurkit-deblur runs/demo/test/blurred/chelsea.png output=runs/demo/deblurred \
		weights=runs/demo/best.ckpt compare=true
	@echo "before and after: runs/demo/deblurred/chelsea_compared.png"

# Several threads per test slow each other down.
test slow notebooks outputs: export OMP_NUM_THREADS := 1

test: $(INSTALLED) ## the fast tests; ARGS="-k dclnet -x" goes to pytest
	$(BIN)/python -m pytest $(WORKERS) $(ARGS)

slow: $(INSTALLED) ## the tests that take minutes
	$(BIN)/python -m pytest -m "slow and not gpu" $(WORKERS) $(ARGS)

notebooks: $(INSTALLED) ## run the notebooks
	$(BIN)/python -m pytest tests/test_notebooks.py $(ARGS)

outputs: $(INSTALLED) ## run notebooks whose code has changed, store what they show; ARGS=quickstart: this one
	$(BIN)/python notebooks/store_outputs.py $(ARGS)

soak: export OMP_NUM_THREADS := 1
soak: $(INSTALLED) ## 20,000 damaged pictures, 25 killed runs, 50,000 steps; ARGS="20000 --first 20000" reads others
	$(BIN)/python tests/support/fuzz_pictures.py $(or $(ARGS),20000)
	$(BIN)/python tests/support/kill_runs.py 25
	$(BIN)/python tests/support/long_run.py 50000

lint: $(INSTALLED) ## ruff: mistakes and layout
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED) ## mypy
	$(BIN)/mypy

format: $(INSTALLED) ## mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

wheel: $(INSTALLED) ## dist/*.whl
	$(BIN)/python -m build --wheel $(ARGS)

bench: $(INSTALLED) ## ratios of speed, ours against plain ports; ARGS="kernels cache" runs some
	@$(BIN)/python benchmarks $(ARGS)

tables: $(INSTALLED) ## in docs/: methods and protocols from conf, former names
	$(BIN)/python docs/readme_tables.py

pages: $(INSTALLED) ## the results page and the paper cards, from docs/published.yaml and the code
	$(BIN)/python docs/pages

site: $(INSTALLED) ## docs/ as a site, build/site/index.html; a warning is an error
	$(BIN)/pip install -qq --disable-pip-version-check -c constraints.txt -e ".[docs]"
	$(BIN)/python -m sphinx -q -W --keep-going docs build/site
