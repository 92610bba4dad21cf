# Every target sets up .venv first when it is missing or older than what it is made from.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
# Development needs more than the demo does: linters, a browser's driver, Ray, ONNX, Sphinx.
LAB := $(VENV)/.installed-lab
DEV := $(VENV)/.installed-dev

# The library alone, with the oldest of all that it needs.
PYTHON_LOWEST ?= python3.10
LOWEST := .venv-lowest

.PHONY: demo test test-slow test-lowest check docs format tensorboard clean findings

$(LAB): pyproject.toml constraints.txt
	@echo "Installing into $(VENV): 1.5 GB, half of it torch for CPUs."
	@echo "(On Linux pip takes torch for CUDA unless told otherwise: some GB more.)"
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --constraint constraints.txt --editable '.[lab]'
	touch $@

$(DEV): $(LAB)
	$(PY) -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: $(LAB)  ## PPO on Seaquest with and without CoordConv, two seeds, then the report
	$(PY) -m agents.study agents/studies/demo.yaml --log-folder runs/demo

test: $(DEV)
	$(PY) -m pytest -n 3 --dist worksteal

test-slow: $(DEV)
	$(PY) -m pytest -m "slow and not alone" -n 2 --dist worksteal
	$(PY) -m pytest -m alone -n 2 --dist loadfile

$(LOWEST)/.installed: pyproject.toml .ci/lowest.py
	@echo "Installing into $(LOWEST): on Linux pip takes torch for CUDA, some GB."
	rm -rf $(LOWEST)
	$(PYTHON_LOWEST) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet $$($(PYTHON) .ci/lowest.py) ale-py hypothesis pytest pytest-timeout tensorboard
	touch $@

test-lowest: $(LOWEST)/.installed  ## not part of .ci/run, for its size
	$(LOWEST)/bin/python -m pytest -o addopts= -m "not slow" -k "not onnx" tests/coordrl

check: $(DEV)
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

docs: $(DEV)  ## the site, into docs/_build; a warning is an error
	$(PY) -m sphinx -W --keep-going -q -b html docs docs/_build

format: $(DEV)
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

tensorboard: $(LAB)
	$(VENV)/bin/tensorboard --logdir $(or $(LOGDIR),runs)

clean:
	rm -rf $(VENV) $(LOWEST) dist docs/_build

findings: $(LAB)  ## what README and docs/findings.md say of the committed Atari runs, written anew
	$(PY) -m agents.study.findings
