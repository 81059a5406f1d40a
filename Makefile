# Everything starts here: `make demo`, `make test`. Only Python >= 3.11, make and the package registries are assumed.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
CORES  ?= 2
# without .pyc files every start is 2 to 4 times slower
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help env lock demo test lint format clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

env: $(VENV)/.installed  ## the environment, in .venv

$(VENV)/.installed: requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet uv
	@echo "env: installing the locked packages into $(VENV) (about a minute)"
	@UV_NO_CONFIG=1 $(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r requirements.lock
	@UV_NO_CONFIG=1 $(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --no-deps --no-build-isolation -e .
	@touch $@

lock:  ## renew requirements.lock (universal, hashed, without any registry host)
	@UV_NO_CONFIG=1 $(BIN)/uv pip compile --universal --generate-hashes --python-version 3.11 --no-emit-index-url \
	  --no-header --all-extras --quiet pyproject.toml -o requirements.lock
