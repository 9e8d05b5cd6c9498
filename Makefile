# Two commands set everything up: `make demo` and `make test`.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
# A reader of Iceberg of another age, in an environment of its own: extensions are packaged for this DuckDB.
DUCKDB_1 := duckdb==1.5.5 duckdb-extension-iceberg==1.5.5 duckdb-extension-avro==1.5.5
# Another reader of exports; it needs ICU and a compiler, and where they are not, its test says so and is skipped.
FTM := followthemoney==4.11.2
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test test-slow lint check bench bench-adapter bench-night bench-search bench-links bench-analyst docs clean

demo: .venv/.run
	$(BIN)/python -m bench.demo

test: .venv/.test
	$(BIN)/python -m pytest -n auto --dist loadfile -m "not slow"

# What takes long by its nature: processes that are killed, many at once, clusters, installations, browsers.
test-slow: .venv/.test
	$(BIN)/python -m pytest -n auto --dist loadfile -m slow

lint: .venv/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# What the samples never exercise: a minute or two, and so not in the gate.
check: .venv/.run
	$(BIN)/comity adapter check

bench: .venv/.bench
	$(BIN)/python -m bench

bench-adapter: .venv/.run
	$(BIN)/python -m bench.adapter_new

bench-night: .venv/.bench
	$(BIN)/python -m bench.night
	$(BIN)/python -m bench.store_release

bench-search: .venv/.bench
	$(BIN)/python -m bench.name_search

bench-links: .venv/.bench
	$(BIN)/python -m bench.links

bench-analyst: .venv/.bench
	$(BIN)/python -m bench.analyst

docs: .venv/.run
	$(BIN)/python -m tests.docs.generate

# pip 25.1 is the first that reads dependency groups.
.venv/.run: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(PIP) --editable . --group demo
	touch $@

.venv/.test: .venv/.run
	$(PIP) --editable ".[postgresql,mysql,cluster,links]" --group test --group lint
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --target .venv/duckdb-1.5.5 --upgrade --no-deps --no-warn-conflicts $(DUCKDB_1)
	$(PYTHON) -m venv .venv/ftm && .venv/ftm/bin/python -m pip install --quiet --disable-pip-version-check $(FTM) || rm -rf .venv/ftm
	touch $@

.venv/.bench: .venv/.test
	$(PIP) --group bench
	touch $@

clean:
	rm -rf .venv demo
