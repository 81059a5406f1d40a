# Everything starts here: `make demo`, `make test`. Only Python >= 3.11, make and the package registries are assumed.
SHELL  := bash
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
CORES  ?= 2
# without .pyc files every start is 2 to 4 times slower
unexport PYTHONDONTWRITEBYTECODE
# the system's certificates, for networks that bring their own; no index but the one of the environment
UV     := UV_NO_CONFIG=1 UV_SYSTEM_CERTS=1 $(BIN)/uv

# the verbs of this environment, for users who have not activated it
TUMINT := $(BIN)/tumint
DEMO   := data/demo/samples.tsv
AXE    := .browser/node_modules/axe-core/axe.min.js
PYTEST_ARGS ?=

.PHONY: scale help env lock demo kernels test long whole notebooks lint format docs drill slurm-demo slurm-jobs bench truth artefacts validate states places gauntlet cohorts niches bands cole clean browser shots site container coverage

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

env: $(VENV)/.installed  ## the environment, in .venv

$(VENV)/.installed: requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet uv
	@echo "env: installing the locked packages into $(VENV) (about a minute)"
	@$(UV) pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --compile-bytecode --no-deps --no-build-isolation -e .
	@touch $@

lock:  ## renew requirements.lock (universal, hashed, without any registry host)
	@$(UV) pip compile --universal --generate-hashes --python-version 3.11 --no-emit-index-url \
	  --no-header --extra all --extra dev --quiet pyproject.toml -o requirements.lock

$(DEMO): | env
	@$(TUMINT) simulate $(@D)

demo: env $(DEMO)  ## simulate the demo cohort and run the workflow on it to the finished reports
	@$(TUMINT) run config/config.yaml --cores $(CORES)
	@echo "demo: open results/demo/reports/index.html; findings in results/demo/response/effects.parquet"

kernels: env  ## compile what the tests call of the numerical parts, once: else each worker of `make test` compiles it
	@$(BIN)/python tests/kernels/compile.py

# `worksteal` halves the list of tests, so that a worker keeps to its folders, and no file is left for the end
UNIT := not whole and not slow and not slurm and not slurm_drill and not browser
test: env  ## the tests; FIRST=1: without those that take seconds each, so that it is done in minutes
	$(BIN)/python -m pytest -m "$(UNIT)$(if $(FIRST), and not long)" -n $(CORES) --dist worksteal $(PYTEST_ARGS)
	@# in CI the demo is run first, and `make browser` after it
	@if [ -n "$$CI" ]; then :; elif command -v chromium >/dev/null && command -v chromedriver >/dev/null; then \
	  $(NO_NET) $(BIN)/python -m pytest -m "browser and not slow" -n $(CORES) --dist worksteal tests/browser $(PYTEST_ARGS); \
	else echo "test: reports were not opened in a browser: chromium and chromium-driver are not installed"; fi

long: env  ## the tests that FIRST=1 leaves out
	$(BIN)/python -m pytest -m "$(UNIT) and long" -n $(CORES) --dist worksteal $(PYTEST_ARGS)

NUMERICS := src/tumint/cluster/*,src/tumint/neighbourhood/*,src/tumint/qc/*,src/tumint/response/*,src/tumint/families/*,src/tumint/kernels/*
coverage: env  ## lines of the numerics that the tests run, at least 90 %; compiled kernels cannot be counted (20 minutes)
	$(BIN)/python -m pytest -m "$(UNIT)" -n $(CORES) --dist worksteal --cov --cov-report= $(PYTEST_ARGS)
	$(BIN)/python -m coverage report --fail-under=90 --include='$(NUMERICS)'

whole: env  ## the whole workflow on a real cohort and on a small one that is changed and fed wrong data
	$(BIN)/python -m pytest -m "whole and not slow" -n $(CORES) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

notebooks: env demo  ## run the notebooks of docs/notebooks, which show what they show in .notebooks
	$(BIN)/python docs/notebooks/run.py .notebooks

drill: env demo $(AXE)  ## what takes hours: planted truth on other seeds, and every attack that docs/reliability.md counts
	@for cohort in nsclc_mif mouse_tumour_codex luad_cycif mouse_lung_scrna; do \
	  $(TUMINT) run config/cohorts/$$cohort.yaml --cores $(CORES) || exit 1; done
	$(BIN)/python -m pytest -m "slow and not browser" $(PYTEST_ARGS)
	$(NO_NET) $(BIN)/python -m pytest -m "slow and browser" tests/browser $(PYTEST_ARGS)
	tests/slurm/up.sh && { $(BIN)/python -m pytest -m slurm_drill tests/slurm $(PYTEST_ARGS); code=$$?; tests/slurm/down.sh; exit $$code; }
	$(BIN)/python tests/drill/ledger.py

slurm-demo: env  ## a small cohort through a real one-node Slurm and without it (Debian, root): same numbers, bit for bit
	@tests/slurm/up.sh
	@$(BIN)/python -m pytest -m slurm $(PYTEST_ARGS); code=$$?; tests/slurm/down.sh; exit $$code

slurm-jobs: env  ## 60 ROIs through a real Slurm as many jobs and as one: times and calls, into docs/scale.md (Debian, root; 15 minutes)
	@tests/slurm/up.sh
	@$(BIN)/python benchmarks/slurm_jobs.py; code=$$?; tests/slurm/down.sh; exit $$code

COHORTS := $(if $(wildcard $(or $(TUMINT_TEST_DATA),../shared/data)),config/cohorts/nsclc_mif.yaml)
# the page has to show itself with no network at all
NO_NET  := $(if $(shell command -v unshare),unshare --map-root-user --net)

$(AXE):
	@command -v npm >/dev/null && npm install --silent --no-save --no-audit --no-fund --prefix .browser axe-core@4 || echo "browser: npm is not installed, so accessibility is not checked"

browser: env demo $(AXE)  ## every report of the demo and of a real cohort in a headless Chromium, without any network
	@for config in $(COHORTS); do $(TUMINT) run $$config --cores $(CORES) || exit 1; done
	$(NO_NET) $(BIN)/python -m pytest -m "browser and not slow" -n $(CORES) --dist worksteal tests/browser $(PYTEST_ARGS)

shots: env demo  ## screenshots of the demo's reports, wide and narrow, light and dark, into .browser/shots
	$(NO_NET) $(BIN)/python tests/browser/shots.py results/demo/reports .browser/shots

lint: env  ## what CI lints
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check workflow
	$(BIN)/mypy

format: env  ## format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/snakefmt workflow

docs: env  ## the generated files: config/README.md, the JSON schemas, tables and pages of docs/
	$(BIN)/python -m tumint.config.docs .
	$(BIN)/python docs/house.py
	$(BIN)/python docs/cohorts.py
	$(BIN)/python docs/inputs.py
	$(BIN)/python benchmarks/lines.py
	$(BIN)/python docs/reference.py

DOCS := .venv-docs
$(DOCS)/.installed: pyproject.toml
	@test -x $(DOCS)/bin/python || $(PYTHON) -m venv $(DOCS)
	@$(PYTHON) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["docs"], sep="\n")' >$(DOCS)/wanted
	@$(DOCS)/bin/python -m pip install --quiet --disable-pip-version-check -r $(DOCS)/wanted
	@touch $@

site: $(DOCS)/.installed  ## the pages of docs/ as a website, in site/, by an environment of its own, in .venv-docs
	$(DOCS)/bin/python docs/site/build.py

container: env  ## the image of recipes/Dockerfile, tried on the demo; BASE=debian where no registry can be reached (10 minutes)
	BASE=$(BASE) recipes/build.sh

bench: env  ## speed, memory and calibration against peers
	$(BIN)/python -m pytest benchmarks $(PYTEST_ARGS)

scale: env  ## whole runs of 20, 100 and 400 ROIs, into benchmarks/scale.md (half an hour of two cores)
	$(BIN)/python benchmarks/scale.py

truth: demo  ## the demo's findings against what was planted
	@$(BIN)/python tests/drill/planted.py results/demo data/demo

artefacts: env  ## quality control against planted artefacts: stripes, a failed ROI, debris, doublets (5 minutes)
	@$(BIN)/python tests/drill/artefacts.py 0 21 22 23

states: env  ## markers, positivity and states by contact on simulated cohorts, into docs/validation.md (half an hour)
	$(BIN)/python benchmarks/validate_states.py --out docs/validation.md

places: env  ## domains and margin: planted differences, none in 200 cohorts, inferred margins against masks of new seeds (half an hour)
	@$(BIN)/python tests/drill/placed.py planted
	@$(BIN)/python tests/drill/placed.py null 200
	@$(BIN)/python tests/drill/margins.py $(addprefix --seeds ,$(SEEDS))

niches: env  ## niches beside other ways on real spleens, lymphonets beside networkx, cost, a planted niche and none (20 minutes; needs ../shared/data)
	@$(BIN)/python benchmarks/niches.py
	@$(BIN)/python benchmarks/validate_niches.py 200 20

bands: env  ## how often bands over distance hold the whole curve, into benchmarks/functions.md (10 minutes; it goes on where it was stopped)
	@$(BIN)/python benchmarks/validate_bands.py 500

cole: env  ## the questions of Cole et al. 2024 on a simulated cohort of that design, to its reports and docs/studies/cole_2024.md (5 minutes)
	@$(TUMINT) simulate data/cole_2024 --subjects 8 --rois 2 --cells 2500 --seed 24
	@$(TUMINT) run config/studies/cole_2024.yaml --cores $(CORES)
	@$(BIN)/python docs/studies/cole_2024.py results/cole_2024

validate: env  ## calibration and power of the comparison on simulated cohorts, into docs/validation.md (half an hour of two cores)
	$(BIN)/python benchmarks/validate_response.py

gauntlet: env  ## contact statistics under attack, on simulated tissues, into docs/validation.md (5 hours of two cores; it goes on where it was stopped)
	PYTHONPATH=benchmarks $(BIN)/python -m gauntlet $(ARGS)

# the cells of this study are not at hand
REAL := $(filter-out config/cohorts/van_maldegem_2021.yaml,$(wildcard config/cohorts/*.yaml))

cohorts: env  ## nulls and estimators on the committed real cohorts, into docs/validation.md (needs ../shared/data; run first where not yet done)
	@for config in $(REAL); do $(TUMINT) run $$config --cores $(CORES) || exit 1; done
	$(BIN)/python benchmarks/real_cohorts.py $(REAL)

clean:  ## remove results, the demo cohort and caches, not the environment
	rm -rf site results data/demo .snakemake .pytest_cache .mypy_cache .ruff_cache .hypothesis report.zip slurm_logs
	find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +
