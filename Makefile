# Everything here sets itself up: python3 (3.11 or newer), make and a package index are all that is needed.
SHELL := /bin/sh
BIN := .venv/bin
PACKAGES := acd config contacts ivr_flows media recordings server telephony
PYTEST := $(BIN)/python -m pytest
# Which Python makes .venv, for instance PYTHON=python3.12; by default the first new enough.
PYTHON ?=
export PYTHON

.PHONY: help run test test-interop test-kill test-tamper test-callbacks check simulate fuzz-flows fuzz-sip format clean test-listeners

help:
	@echo 'make run               set up, start the server on its built-in settings, demonstrate a whole call, keep serving'
	@echo 'make run ARGS=--once   the same, but end after the demonstration; exit 0 only if every step happened'
	@echo 'make test              all tests, with what they drive (sipp, baresip) installed where that is allowed'
	@echo 'make test ARGS="-k x"  some tests: ARGS goes to pytest'
	@echo 'make test-interop      whole matrices of phones, codecs and transports; the slowest twenty are printed'
	@echo 'make test-kill         kill -9 at a hundred moments of a load, KILLS=n for another number, and what must be there after'
	@echo 'make test-tamper      every kind of change to recordings, manifests, log and catalogue, SEEDS=770 of each: all found'
	@echo 'make test-callbacks    CALLBACKS=500 callbacks, KILLS=n kills: everybody answered exactly once'
	@echo 'make test-listeners    513 callers, or LISTENERS=n, in a speech menu with music playing into it'
	@echo 'make simulate          dispatch under simulated days of many callers, held against Erlang C and A'
	@echo 'make fuzz-flows        100,000 flow files with mistakes in them, FILES=n for another number'
	@echo 'make fuzz-sip          a million SIP and SDP inputs with mistakes in them, INPUTS=n for another number'
	@echo 'make check             formatting, lint, types, import contracts, architecture'
	@echo 'make format            reformat and apply safe lint fixes'
	@echo 'make clean             remove .venv, caches and built files; keeps var/ (recordings, database)'

run:
	@tools/setup.sh run
	@exec $(BIN)/trunkline demo $(ARGS)

# Tests that measure time or sound run alone, after the others; those that are one of a matrix are left to
# test-interop. Status 5 of pytest is "none selected": no fault when ARGS chooses from another part only.
NONE_SELECTED := { status=$$?; [ -n '$(value ARGS)' ] && [ $$status -eq 5 ] || exit $$status; }

test:
	@tools/setup.sh test
	@$(BIN)/python tools/compile_engine.py
	$(PYTEST) -n 2 --dist loadfile --durations=20 -m 'not interop and not timing and not matrix' $(ARGS) || $(NONE_SELECTED)
	$(PYTEST) -n 2 --dist loadfile --durations=20 -m 'interop and not timing and not matrix' $(ARGS) || $(NONE_SELECTED)
	$(PYTEST) --durations=20 -m 'timing and not matrix' $(ARGS) || $(NONE_SELECTED)

KILLS ?= 100
test-kill:
	@tools/setup.sh test
	@$(BIN)/python tools/compile_engine.py
	$(BIN)/python -m tests.interop.test_kill_9 $(KILLS)

SEEDS ?= 770
test-tamper:
	@tools/setup.sh test
	TRUNKLINE_TEST_TAMPERS=$(SEEDS) $(PYTEST) -n 2 -q tests/recordings/evidence/test_evidence.py -k every_change

CALLBACKS ?= 500
test-callbacks:
	@tools/setup.sh test
	@$(BIN)/python tools/compile_engine.py
	$(BIN)/python -m tests.interop.test_callbacks_killed $(CALLBACKS) $(KILLS)

# Callers in a speech menu for a minute, with music playing into it.
LISTENERS ?= 513
test-listeners:
	@tools/setup.sh test
	@$(BIN)/python tools/compile_engine.py
	$(BIN)/python tests/bench/menu_listeners.py --callers $(LISTENERS) --seconds 60

test-interop:
	@tools/setup.sh test
	@$(BIN)/python tools/compile_engine.py
	$(PYTEST) -n 2 --dist loadfile --durations=20 -m 'interop and not timing' $(ARGS) || $(NONE_SELECTED)
	$(PYTEST) --durations=20 -m 'interop and timing' $(ARGS) || $(NONE_SELECTED)

# The same core as in a running server under simulated days, held against the formulas: about a quarter of an hour.
simulate:
	@tools/setup.sh test
	SIMULATED_CALLERS=400000 $(PYTEST) -s tests/acd/test_simulation.py --timeout 3600 $(ARGS)

FILES ?= 100000
fuzz-flows:
	@tools/setup.sh test
	$(BIN)/python -m tests.ivr_flows.mutation $(FILES)

INPUTS ?= 1000000
fuzz-sip:
	@tools/setup.sh test
	$(BIN)/python -m tests.telephony.mutation $(INPUTS)

check:
	@tools/setup.sh test
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m ruff check .
	$(BIN)/python -m mypy --strict $(PACKAGES) tests tools
	$(BIN)/lint-imports
	$(PYTEST) -q tests/architecture

format:
	@tools/setup.sh test
	$(BIN)/python -m ruff check --fix .
	$(BIN)/python -m ruff format .

clean:
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
