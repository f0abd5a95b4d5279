# SPDX-License-Identifier: Apache-2.0
# Needs: Python 3.11 or later (with venv), git, make. Everything else is installed into .venv.
PYTHON ?= python3
VENV   := .venv
SPARK  := .venv-spark
PEER   := .venv-peer
BIN    := $(VENV)/bin
KILLS  ?= 2000
SPLITS ?= 10
CUTS   ?= 3000
LIVES  ?= 500
EXAMPLES ?= 300
SEED   ?= 1
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet
SOURCE := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation --editable .

.PHONY: detection-quality timing long demo test check bench bench-detect bench-journal bench-guard bench-vault bench-table crash crash-cluster sweep cuts damage faults proofs matrix machine approvals objects fuzz-api quotas lock clean needs-python needs-postgres needs-strace erasures scim spark splits thief pkcs11 needs-softhsm

demo: $(VENV)/.run        ## the story, in under a minute
	@$(BIN)/whosaw demo --folder demo-data

test: $(VENV)/.dev needs-postgres   ## all tests, with a real PostgreSQL (make test SEED=7 draws other samples)
	@WHOSAW_SEED=$(SEED) $(BIN)/python -m pytest -n 2 -q --timeout 300 --timeout-method thread

check: $(VENV)/.dev       ## lint, format, types, walls
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

bench: $(VENV)/.dev       ## looks a second, beside a bare fdatasync and a committed INSERT
	@$(BIN)/python -m bench.spine

bench-journal: $(VENV)/.dev needs-postgres   ## the journal's eleven figures, beside PostgreSQL and pymerkle; about ten minutes
	@$(BIN)/python -m bench.journal

bench-guard: $(VENV)/.dev needs-postgres   ## whole looks a second, beside FastAPI with pycasbin; about ten minutes
	@$(BIN)/python -m bench.guard

bench-vault: $(VENV)/.dev ## places a second, and what else there is of the vault, beside their peers; seconds
	@$(BIN)/python -m bench.vault

bench-detect: $(VENV)/.dev | needs-python  ## all signals over SIZES= looks (make bench-detect SIZES=1000000,10000000), beside PyOD; what a watch takes in
	@test -x $(PEER)/bin/python || $(PYTHON) -m venv $(PEER)
	@$(PEER)/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes -r requirements/peer.lock
	@$(BIN)/python -m bench.detect --sizes $(or $(SIZES),1000000) --watch $(or $(WATCH),1000000) --peer $(PEER)/bin/python \
	  $(if $(wildcard $(SPARK)/bin/whosaw),--spark $(SPARK)/bin/whosaw)

detection-quality: $(VENV)/.dev   ## docs/detection-quality.md, from SEEDS= invented companies; minutes each
	@$(BIN)/python -m bench.quality --seeds $(or $(SEEDS),1001-1030) --page docs/detection-quality.md

bench-table: $(VENV)/.dev ## the figures of the last run into docs/benchmarks.md
	@$(BIN)/python -m bench.table

crash: $(VENV)/.dev       ## kill -9 at KILLS random moments (make crash KILLS=20000)
	@WHOSAW_KILLS=$(KILLS) $(BIN)/python -m pytest -q tests/test_crash.py

crash-cluster: $(VENV)/.dev needs-postgres  ## gates of one log killed, stopped and cut off (make crash-cluster KILLS=500)
	@WHOSAW_KILLS=$(KILLS) $(BIN)/python -m pytest -q -m slow tests/test_cluster.py

sweep: $(VENV)/.dev needs-strace  ## each system call of an append fails once, or is the last
	@$(BIN)/python -m pytest -q -m slow tests/disk -k every_call

cuts: $(VENV)/.dev needs-strace   ## CUTS power cuts in the middle of an append, and two at every call (make cuts CUTS=20000)
	@WHOSAW_CUTS=$(CUTS) $(BIN)/python -m pytest -q -m slow tests/disk -k "power or sync"

objects: $(VENV)/.dev     ## many lives over an object store that loses requests and answers
	@$(BIN)/python -m pytest -q -m slow tests/store tests/test_object_store.py --ignore tests/store/test_hsm.py --ignore tests/store/test_root_contract.py

damage: $(VENV)/.dev      ## every published file, damaged in every way, is named and made again
	@$(BIN)/python -m pytest -q -m slow tests/journal/test_repair.py tests/verify/test_folder.py

faults: $(VENV)/.dev      ## every write that can fail, at every size: prints docs/fault-table.md
	@$(BIN)/python -m pytest -q -m slow tests/journal/test_write_faults.py tests/journal/test_map_log.py tests/journal/test_erase.py

erasures: $(VENV)/.dev    ## kill -9 at every call of an erasure, and at thirty moments of it
	@$(BIN)/python -m pytest -q -m slow tests/erasure

matrix: $(VENV)/.dev      ## purpose × field × detail × mode × relation × region × approvals, all of it
	@$(BIN)/python -m pytest -q -m slow -n 2 tests/policy

timing: $(VENV)/.dev      ## how long a refusal takes does not tell who is protected
	@$(BIN)/python -m pytest -q -m slow tests/guard/test_refusal_time.py

scim: $(VENV)/.dev        ## scim2-tester against the real endpoints, every check
	@$(BIN)/python -m pytest -q -m slow tests/api/scim/test_tester.py

splits: $(VENV)/.dev      ## SPLITS histories, each watched in pieces by a process that dies (make splits SPLITS=20)
	@WHOSAW_SPLITS=$(SPLITS) $(BIN)/python -m pytest -q -m slow tests/detect/test_splits.py

proofs: $(VENV)/.dev      ## every bit of every proof of every tree up to 100 leaves
	@$(BIN)/python -m pytest -q -m slow -n 2 tests/tlog

long: $(VENV)/.dev needs-postgres ## what `make test` leaves out and no other target runs: a quarter of an hour
	@$(BIN)/python -m pytest -q -m slow -n 2 tests/test_story.py tests/test_cluster_erase.py tests/test_machines.py tests/detect tests/simulate tests/cli tests/vault \
	  tests/guard/test_insider.py tests/journal/test_gate.py tests/journal/test_gate_objects.py tests/journal/test_index.py tests/verify/test_folder.py tests/witness tests/docs tests/facts tests/review tests/collect/test_lines.py

fuzz-api: $(VENV)/.dev    ## EXAMPLES requests to each endpoint, made of its own description (make fuzz-api EXAMPLES=20000)
	@WHOSAW_EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest -q tests/api/test_description.py

machine: $(VENV)/.dev     ## LIVES lives of a journal in any order (make machine LIVES=20000)
	@WHOSAW_LIVES=$(LIVES) $(BIN)/python -m pytest -q -m slow tests/journal/test_machine.py

approvals: $(VENV)/.dev   ## LIVES lives of a desk for approvals in any order, its journal failing (make approvals LIVES=5000)
	@WHOSAW_LIVES=$(LIVES) $(BIN)/python -m pytest -q -m slow tests/guard/approvals

quotas: $(VENV)/.dev      ## ten million looks' worth of quotas in twelve days: what is remembered does not grow
	@$(BIN)/python -m pytest -q -s -m slow tests/guard/test_quota_count.py

spark: | needs-python      ## pseudonyms, prepared tables and every signal's counts in a real Spark; needs Java 17, installs a gigabyte beside
	@java -version 2>/dev/null || { echo "error: no Java on this machine"; echo "hint: on Debian and Ubuntu: apt-get install openjdk-17-jre-headless"; exit 2; }
	@test -x $(SPARK)/bin/python || $(PYTHON) -m venv $(SPARK)
	@$(SPARK)/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes -r requirements/spark.lock
	@$(SPARK)/bin/python -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation --editable .
	@$(SPARK)/bin/python -m pytest -q -m slow tests/docs/test_pseudonyms.py tests/facts/test_pseudonym_function.py tests/facts/test_engines.py

pkcs11: $(VENV)/.dev needs-softhsm  ## the contract of a root key, and a house, with a real driver of tokens: SoftHSM 2
	@$(BIN)/python -m pytest -q -m slow tests/store/test_root_contract.py tests/store/test_hsm.py

thief: $(VENV)/.dev       ## one person's address is searched for as a thief of each file, each secret and at each endpoint would
	@$(BIN)/python -m pytest -q -m slow tests/test_thief.py

lock: $(VENV)/.dev        ## new versions, a week old at least, with their hashes
	@$(BIN)/python scripts/lock.py

clean:
	rm -rf $(VENV) $(SPARK) $(PEER) demo-data build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/.run: requirements/run.lock pyproject.toml | $(VENV)/bin/python
	@echo "installing into $(VENV) (once; about a minute)"
	@$(PIP) --require-hashes -r requirements/run.lock
	@$(SOURCE)
	@touch $@

$(VENV)/.dev: requirements/dev.lock $(VENV)/.run
	@echo "installing what the tests need"
	@$(PIP) --require-hashes -r requirements/dev.lock
	@touch $@

$(VENV)/bin/python: | needs-python
	@$(PYTHON) -m venv $(VENV) || { echo "error: $(PYTHON) cannot make a virtual environment"; \
	  echo "hint: on Debian and Ubuntu: apt-get install python3-venv"; rm -rf $(VENV); exit 2; }

needs-python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "error: Python 3.11 or later is needed"; echo "hint: make PYTHON=/path/to/python3.12 demo"; exit 2; }

needs-postgres:
	@sh scripts/need-postgres.sh

needs-strace:
	@[ "$$(uname -s)" != Linux ] || sh scripts/need-package.sh strace strace "the sweep of system calls"  # elsewhere it says aloud that it was skipped

needs-softhsm:
	@sh scripts/need-package.sh softhsm2 softhsm2-util "the tests of a token"
