# Two commands on a machine with Python >= 3.11 and make: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# tests start hundreds of processes; each would compile the engine anew
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run setup test fuzz pages check bench assets translations clean

help:
	@echo "make run    set everything up and open the site with demo data"
	@echo "make setup  all of the set-up, nothing started"
	@echo "make test   everything: checks, engine on SQLite and PostgreSQL, a real browser"
	@echo "make fuzz   the property tests with examples nobody has seen yet"
	@echo "make pages  every page in both languages, colours and widths under axe (half an hour)"
	@echo "make check  ruff, mypy, import contracts, the house, catalogues"
	@echo "make bench  figures, on SQLite and PostgreSQL"

$(VENV)/.stamp-run: setup.cfg pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		(echo "Expected Python >= 3.11, found $$($(PYTHON) --version). Run: make PYTHON=/path/to/python3.11 run"; exit 1)
	@echo "[1/5] Python environment and packages (about a minute, once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[assets]' || \
		(echo "Installing the packages failed. Check the network and the package index, then run make again."; exit 1)
	@touch $@

$(VENV)/.stamp-test: $(VENV)/.stamp-run
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[assets,test]' || \
		(echo "Installing the test packages failed. Check the network and the package index, then run make again."; exit 1)
	@touch $@

setup: $(VENV)/.stamp-run
	@$(BIN)/troika setup

run: $(VENV)/.stamp-run
	@exec $(BIN)/troika serve --setup

assets: $(VENV)/.stamp-run
	@$(BIN)/troika assets

check: $(VENV)/.stamp-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -W ignore::RuntimeWarning -m webui.catalogues --check
	$(BIN)/pytest tests/test_architecture.py

test: check
	$(BIN)/troika assets
	$(BIN)/pytest -n 3 --dist worksteal  # on two processors: one worker in three waits, for a page or a database

fuzz: $(VENV)/.stamp-test
	$(BIN)/pytest -n 2 -m hypothesis --hypothesis-profile=explore

pages: $(VENV)/.stamp-test
	$(BIN)/pytest tests/browser/test_every_page.py -o 'python_functions=sweep_*'

bench: $(VENV)/.stamp-test
	$(BIN)/python -m benchmarks.run

translations: $(VENV)/.stamp-test
	$(BIN)/python -m webui.catalogues

clean:
	rm -rf var webui/static/build webui/assets/node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis
