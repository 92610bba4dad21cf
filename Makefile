# Every target sets up .venv first when it is missing or older than what it is made from.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed

.PHONY: demo test test-slow check format tensorboard clean

$(STAMP): pyproject.toml constraints.txt
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: $(STAMP)  ## PPO on Seaquest with and without CoordConv, two seeds, then the report
	$(PY) -m agents.study agents/studies/demo.yaml --log-folder runs/demo

test: $(STAMP)
	$(PY) -m pytest -n 2 --dist worksteal

test-slow: $(STAMP)
	$(PY) -m pytest -m "slow and not alone" -n 2 --dist worksteal
	$(PY) -m pytest -m alone

check: $(STAMP)
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

format: $(STAMP)
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

tensorboard: $(STAMP)
	$(VENV)/bin/tensorboard --logdir $(or $(LOGDIR),runs)

clean:
	rm -rf $(VENV) dist
