# Two commands for a newcomer: `make leaderboard` and `make test`. Both set everything up first.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help leaderboard test slow catalogue robustness lint types docs lock clean

help:
	@echo "make leaderboard   set up, then score the suites of params.yaml and write results/leaderboard/"
	@echo "make test          set up, then run the tests (realdata, browser and gpu ones where they can run)"
	@echo "make slow          set up, then run the minutes-long tests: whole runs killed, carried elsewhere, out of room"
	@echo "make catalogue     write docs/datasets.md anew, from the tasks, the builders and the manifests"
	@echo "make robustness    write docs/robustness.md anew: what moodbench says when something is wrong"
	@echo "make lint types    ruff and mypy"
	@echo "make docs          build the documentation into site/"
	@echo "make lock          resolve pyproject.toml into requirements.lock anew"
	@echo "make clean         remove the environment and everything that can be made again (never results in git)"

.venv/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' || \
		{ echo "error: found $$($(PYTHON) --version), expected Python 3.11 or 3.12; use make PYTHON=python3.11"; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

leaderboard: .venv/.ready
	moodbench run

test: .venv/.ready
	python -m pytest -n 2 --dist loadfile -m "not network and not slow"

slow: .venv/.ready
	python -m pytest -n 2 --dist loadfile -m "slow and not network"

catalogue: .venv/.ready
	python -m benchmark.catalogue_page

robustness: .venv/.ready
	rm -f docs/robustness.md docs/robustness.lock
	MOODBENCH_WRITE_PAGE=1 python -m pytest -n 2 --dist loadfile -m "not network" -k "robust or on_page" tests/robustness tests/end_to_end
	rm -f docs/robustness.lock

lint: .venv/.ready
	ruff check .
	ruff format --check .

types: .venv/.ready
	mypy

docs: .venv/.ready
	mkdocs build --strict

lock:
	python -m pip install --quiet uv
	uv pip compile pyproject.toml --all-extras --generate-hashes --python-version 3.11 --no-header -o requirements.lock

clean:
	rm -rf .venv site .pytest_cache .mypy_cache .ruff_cache *.egg-info
	rm -rf results/plans results/runs results/embeddings/*/
