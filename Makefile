# Two commands: `make demo` trains and shows a conditional GAN, `make test` runs the tests (`make test-all` the slow too).
# `make site` builds the book as a web site in build/site.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test test-all lint notebooks results site clean

demo: $(VENV)/installed
	$(BIN)/gan-book train cgan --preset quick

test: $(VENV)/installed-dev
	$(BIN)/python -m pytest -n 2 --dist worksteal

test-all: $(VENV)/installed-dev
	$(BIN)/python -m pytest -n 2 --dist worksteal --slow

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

notebooks: $(VENV)/installed-dev
	$(BIN)/python -m tools.notebooks

results: $(VENV)/installed
	$(BIN)/python -m tools.results

site: $(VENV)/installed-site
	$(BIN)/python -m tools.site

clean:
	rm -rf $(VENV) build/site build/site-live

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(None if (3, 10) <= sys.version_info[:2] <= (3, 13) else "error: gan_book needs Python 3.10 to 3.13, this is %d.%d; name another, as in: make demo PYTHON=python3.12" % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/installed: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --disable-pip-version-check -e .
	touch $@

$(VENV)/installed-dev: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --disable-pip-version-check -e ".[dev]"
	touch $(VENV)/installed $(VENV)/installed-site $@

$(VENV)/installed-site: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --disable-pip-version-check -e ".[site]"
	touch $(VENV)/installed $@
