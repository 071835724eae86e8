# Officer Assaults: everything a person types. `make` alone lists the targets.

.DEFAULT_GOAL := help
SHELL := /bin/sh
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
# Two installations at once would each find what the other has not unpacked yet.
.NOTPARALLEL:

# Values are taken as they were typed: $(value ...) leaves dollar signs and calls of functions alone.
override typed = $(foreach name,$(1),$(eval override $(name) := $$(value $(name))))
# Whatever stands on the command line goes to each command, and make would work it out on the way.
override given := $(foreach name,$(.VARIABLES),$(if $(filter command,$(firstword $(origin $(name)))),$(name)))
$(call typed,$(given))
$(foreach name,$(given),$(eval export $(name)))
# Of the environment make works out only what is asked for here.
$(foreach name,SSL_CERT_FILE UV_NATIVE_TLS UV_SYSTEM_CERTS HOME MAKECMDGOALS,$(if $(filter environment,\
	$(firstword $(origin $(name)))),$(call typed,$(name))))
FORCE ?=
NB ?= 01_rise
SET ?=
DATA ?=
FILE ?=
JOBS ?=
OUT ?= site
ARGS ?=
OVER ?=
$(call typed,FORCE NB SET DATA FILE JOBS OUT ARGS OVER)
ifdef PYTHON
$(call typed,PYTHON)
endif

VENV := .venv
BIN := $(VENV)/bin
override APP := $(BIN)/officer-assaults
CORE := $(VENV)/.core-installed
FULL := $(VENV)/.full-installed
SELF := $(VENV)/.project-registered
# These are part of shell commands.
ifneq ($(strip $(foreach sign,$$ ; & | < > ` ' " * ? \ { } ( ),$(findstring $(sign),$(VENV)$(BIN)$(CORE)$(FULL)$(SELF)))),)
$(error VENV, BIN, CORE, FULL and SELF are plain paths without signs that a shell reads)
endif
ifneq ($(words $(VENV)),1)
$(error VENV is one path without spaces)
endif
ifdef REPORTS
export OFFICER_ASSAULTS_REPORTS := $(value REPORTS)
endif
# Networks that look into connections sign with certificates that only the system's store holds.
ifneq ($(SSL_CERT_FILE)$(wildcard /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem),)
export UV_NATIVE_TLS ?= true
export UV_SYSTEM_CERTS ?= $(UV_NATIVE_TLS)
endif
# Stands beside the environment while files are unpacked into it or removed, with number and start of
# the processes that do. Left by killed ones, it has the next make install everything anew.
override UNFINISHED := $(VENV).unfinished
# One that has ended and waits to be reaped (Z), as all do in a container without init, runs no more.
override look = begun() { echo $$( { test -r "/proc/$$1/stat" && sed -n 's/.*) [^ZX] //p' "/proc/$$1/stat" | \
	cut -d" " -f19 || ps -o stat= -o lstart= -p "$$1" | sed -n 's/^[^Z ][^ ]* *//p'; } 2>/dev/null); }; \
	busy() { { while read -r pid start; do test "$$pid" = "$$PPID" || test -z "$$start" || \
	test "$$(begun "$$pid")" != "$$start" || return 0; done < $(UNFINISHED); } 2>/dev/null; return 1; }
# A dry run (-n) or a question (-q) changes nothing; to touch stamps (-t) would call installed what is not.
override letters := $(filter-out --%,$(firstword -$(value MAKEFLAGS)))
ifneq ($(findstring t,$(letters)),)
$(error make -t would stamp as installed what nobody installed: leave -t out, or ask make -n)
endif
ifneq ($(filter-out help clean,$(or $(MAKECMDGOALS),help)),)
ifeq ($(findstring n,$(letters))$(findstring q,$(letters)),)
# Where HOME cannot be written, tools keep their caches and runtime files in a private folder.
ifneq ($(shell kept=$$(mktemp -d "$$HOME/.writable-XXXXXX" 2>/dev/null) && rmdir "$$kept" && echo yes),yes)
override HOME := $(shell kept="$${TMPDIR:-/tmp}/officer-assaults-$$(id -u)"; mkdir -p -m 700 "$$kept" && test -O "$$kept" && echo "$$kept")
export HOME
endif
# The environment of a copied or moved folder would run the code of the folder it came from.
ifeq ($(shell cat $(VENV)/lib/python3*/site-packages/_editable_impl_officer_assaults.pth 2>/dev/null | \
	{ read -r tree || test -n "$$tree" || exit 0; test "$$(cd "$$tree" 2>/dev/null && pwd -P)" = "$$(pwd -P)/src" || echo moved; }),moved)
$(shell echo 'This folder was copied or moved: making $(VENV) anew' >&2; $(if $(filter .venv,$(VENV)),echo > $(UNFINISHED),rm -f $(SELF)))
endif
override ANEW := $(shell test ! -e $(UNFINISHED) || { $(look); if busy; then echo busy; \
	elif test $(VENV) = .venv; then rm -rf .venv && rm -f $(UNFINISHED); \
	else rm -f $(CORE) $(FULL) $(SELF) && echo --reinstall; fi; })
ifeq ($(ANEW),busy)
$(error Another make is installing into $(VENV): wait until it has ended)
endif
else ifneq ($(wildcard $(UNFINISHED)),)
$(info An installation was interrupted: without -n or -q, $(VENV) is made anew first)
endif
endif
# Threads inside one process would fight the processes that run side by side.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1
export UV_PYTHON_DOWNLOADS := never
# Tests of a file share what it sets up, so a file stays in one process; the longest come first.
override SIDE_BY_SIDE := -n auto --dist loadfile --no-loadscope-reorder
# Without compiled modules every kernel, worker and test process would compile them again.
unexport PYTHONDONTWRITEBYTECODE

# Without FORCE the command takes the focus force, or the one that an own export names. Values reach
# the command through the environment, so that they may hold quotes.
export FORCE NB SET DATA FILE JOBS OUT OVER ARGS PYTHON
override options = $(if $(FORCE),--force "$$FORCE") $(if $(SET),--set "$$SET") $(if $(JOBS),--jobs "$$JOBS")

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 24
	@printf '%s\n' '' 'Examples:' '  make reports FORCE=all' '  make reports FORCE=kent,sussex' \
	  '  make report NB=01_rise FORCE=kent SET="period1=2019-20"' '  make crewing DATA=path/to/cells.csv'

# --- reports -----------------------------------------------------------------------------------

.PHONY: reports
reports: $(SELF) ## render FORCE (default thames-valley; all; kent,sussex) and the national notebooks
	@$(APP) reports $(options)

.PHONY: report
report: $(SELF) ## render one notebook: NB=01_rise FORCE=kent SET="period1=2019-20"
	@$(APP) report $(options) -- "$$NB"

.PHONY: sweep
sweep: $(SELF) ## run one notebook over values: NB=01_rise FORCE=kent,sussex OVER="period1=2018/19..2022/23"
	@$(APP) sweep --over "$$OVER" $(options) -- "$$NB"

.PHONY: findings
findings: $(SELF) ## gather the findings of all reports that are built, as CSV and Parquet
	@$(APP) findings

.PHONY: crewing
crewing: $(SELF) ## run the crewing notebooks on your own export: DATA=path/to/cells.csv
	@test -n "$$DATA" || { echo 'Name your export: make crewing DATA=path/to/crew_cells.csv' >&2; exit 2; }
	@test ! -d "$$DATA" || { echo "$$DATA is a folder: name the file in it, DATA=path/to/crew_cells.csv, or run 'officer-assaults crewing map' on the folder" >&2; exit 2; }
	@$(APP) crewing report $(options) -- "$$DATA"

.PHONY: claims
claims: $(SELF) ## judge claims by others and write their page: FILE=mine.yml (CSV or YAML)
	@$(APP) claims $(if $(value FILE),-- "$$FILE")

.PHONY: update
update: $(SELF) ## take a new official table in, say what it changes, refresh the pages: FILE=prc-tables.ods
	@test -n "$$FILE" || { echo 'Name the file as the publisher gives it: make update FILE=path/to/tables.ods' >&2; exit 2; }
	@$(APP) update $(if $(FORCE),--force "$$FORCE") $(if $(JOBS),--jobs "$$JOBS") $$ARGS -- "$$FILE"

.PHONY: verify
verify: $(SELF) ## run the tracked reports again and compare with the committed findings
	@$(APP) verify

.PHONY: publish
publish: $(SELF) ## refresh reports/findings.csv and reports/published/
	@$(APP) publish

.PHONY: keep
keep: $(SELF) ## make the slow results anew that are tracked for reports of default parameters
	@$(BIN)/python tools/keep_results.py

.PHONY: site
site: $(SELF) ## gather the rendered reports into a folder for any static host: OUT=site
	@$(APP) site -- "$$OUT"

.PHONY: picture
picture: $(FULL) $(SELF) reports ## take the README's picture from the real report
	@$(BIN)/python tests/browser/picture.py

.PHONY: map
map: $(SELF) ## write docs/map.md and the data request again, from the code and its columns
	@$(BIN)/python tools/house_map.py
	@$(BIN)/python tools/request_page.py

.PHONY: metadata
metadata: $(SELF) ## write codemeta.json and .zenodo.json again from CITATION.cff and pyproject.toml
	@$(BIN)/python tools/metadata.py

.PHONY: protocol
protocol: $(SELF) ## write docs/trial-protocol.md again from the planning models
	@$(BIN)/python -m officer_assaults.topics.planning.protocol

# --- work --------------------------------------------------------------------------------------

.PHONY: lab
lab: $(SELF) ## open JupyterLab on the notebooks; git then stores and shows them without outputs: ARGS="--port 9999"
	@git config diff.jupytext.textconv "sh -c '$(BIN)/jupytext --quiet --from ipynb --to py:percent --output - \"\$$0\" 2>/dev/null || cat \"\$$0\"'" 2>/dev/null || true
	@git config filter.notebook.clean '$(APP) clean-notebook || cat' 2>/dev/null || true
	@$(BIN)/jupyter lab --notebook-dir=. notebooks/01_rise.ipynb $$ARGS

.PHONY: test
test: $(FULL) $(SELF) ## run the whole test suite
	@$(BIN)/pytest $(SIDE_BY_SIDE)

.PHONY: test-fast
test-fast: $(FULL) $(SELF) ## run the quickest tests, under two minutes on two idle cores
	@$(BIN)/pytest $(SIDE_BY_SIDE) --within 150

.PHONY: test-durations
test-durations: $(FULL) $(SELF) ## time the whole suite anew for test-fast and the list of slowest tests
	@status=0; $(BIN)/pytest $(SIDE_BY_SIDE) --record-durations || status=1; \
	$(BIN)/python tools/slowest_tests.py || status=1; exit $$status

.PHONY: check
check: $(FULL) $(SELF) ## lint, format, types, import rules, notebooks, known vulnerabilities
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(APP) check-notebooks
	@$(APP) check-published
	@$(BIN)/python tools/audit_dependencies.py

.PHONY: validate
validate: $(FULL) $(SELF) ## run the validation study in full, long tests, every browser state and all mutations
	@status=0; $(APP) validate --runs full $(if $(JOBS),--jobs "$$JOBS") || status=1; \
	OFFICER_ASSAULTS_RUNS=full $(BIN)/pytest $(SIDE_BY_SIDE) || status=1; \
	$(BIN)/python tests/mutation/try_mutants.py || status=1; exit $$status

.PHONY: mutants
mutants: $(FULL) $(SELF) ## make known mistakes in the models on purpose: each must make a test red
	@$(BIN)/python tests/mutation/try_mutants.py

.PHONY: bench
bench: $(FULL) $(SELF) ## run the benchmarks side by side and print ratios
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python "$$script" || exit; done

.PHONY: data-check
data-check: $(SELF) ## verify checksums, schemas and the known totals of data/
	@$(APP) data-check

.PHONY: clean
clean: ## remove rendered reports and caches, keeping what is tracked and the environment
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@git rev-parse --git-dir >/dev/null 2>&1 || { echo 'Removed the caches alone: git does not know this folder, so nothing tells what was made from what is kept. Remove site and, but for findings.csv, published and .kept, what lies in reports by hand' >&2; exit 2; }
	@git clean -qdfX -- reports site

# --- environment -------------------------------------------------------------------------------

.PHONY: environment
environment: $(FULL) $(SELF) ## install everything into .venv, as all other targets do first

.PHONY: lock
lock: $(FULL) $(SELF) ## resolve requirements.lock again from pyproject.toml
	@$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 \
	  --fork-strategy fewest --generate-hashes --no-emit-index-url --no-header --quiet \
	  --output-file requirements.lock

# Looked for only where an environment is made: to start four of them takes a second with pyenv.
override find = PYTHON="$${PYTHON:-$$(for name in python3.11 python3.12 python3.13 python3; do \
	if $$name -c 'import sys; sys.exit(not 0x30b0000 <= sys.hexversion < 0x30e0000)' 2>/dev/null; then echo $$name; break; fi; done)}"

$(BIN)/python:
	@$(find); test -n "$$PYTHON" || { echo 'No Python 3.11 to 3.13 found: install one, or name it: make PYTHON=/path/to/python3.11' >&2; exit 2; }; \
	echo "Making $(VENV) with $$PYTHON"; \
	$(begin); if command -v uv >/dev/null; then uv venv --quiet --python "$$PYTHON" $(VENV); \
	else "$$PYTHON" -m venv $(VENV) 2>/dev/null || "$$PYTHON" -m venv --clear --without-pip $(VENV); fi

# The lock pins uv as well: a machine without uv gets the pinned one, checked by its hash.
$(VENV)/uv.lock: requirements.lock | $(BIN)/python
	@awk '/^uv==/ {on = 1} on {print} on && !/\\$$/ {exit}' requirements.lock > $@.part && mv $@.part $@

$(BIN)/uv: $(VENV)/uv.lock
	@$(begin); if command -v uv >/dev/null; then uv pip install --quiet --python $(BIN)/python --require-hashes -r $<; \
	elif $(BIN)/python -m pip --version >/dev/null 2>&1; then $(BIN)/python -m pip install --quiet --require-hashes -r $<; \
	else $(find); "$$PYTHON" -m pip --python $(BIN)/python install --quiet --require-hashes -r $<; fi
# What Python's own venv brings stands in no lock; the test tools bring the locked pip.
	@test -e $(FULL) || VIRTUAL_ENV=$(VENV) $@ pip uninstall --quiet pip setuptools wheel 2>/dev/null || true
	@touch $@

# A stamp is given after every file of every package was found and imports worked, never before.
# What failed in good order, without a network say, and left all as it was, is not made anew.
override begin = $(look); if busy; then echo 'Another make is installing into $(VENV): wait until it has ended' >&2; exit 2; fi; \
	printf '%s\n' "$$PPID $$(begun "$$PPID")" "$$$$ $$(begun "$$$$")" > $(UNFINISHED)
override unpack = $(begin); VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet $(1) || \
	{ ! $(BIN)/python tools/check_environment.py 2>/dev/null || rm -f $(UNFINISHED); exit 1; }
override define finish
	@$(BIN)/python tools/check_environment.py
	@touch $@ && rm -f $(UNFINISHED)
endef

override define install
	@echo 'Installing from requirements.lock ($(1))'
	@$(call unpack,$(ANEW) --require-hashes -r pyproject.toml $(2) -c requirements.lock)
	$(finish)
endef

$(CORE): requirements.lock $(BIN)/uv
	$(call install,core,--extra build)

$(FULL): requirements.lock $(CORE)
	$(call install,with test tools and extras,--all-extras)

# Dependencies change with the lock only; commands and entry points are registered again with pyproject.toml.
$(SELF): pyproject.toml $(CORE)
	@$(call unpack,--no-deps --no-build-isolation --editable .)
	$(finish)
