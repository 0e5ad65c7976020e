#!/bin/sh
# All checks, then all tests: the fast tiers first, so that a mistake shows early.
set -eu
cd "$(dirname "$0")/.."
started="$(date +%s)"
after() { printf '\n== %s: done %s s after the start\n\n' "$1" $(($(date +%s) - started)); }

tools/check; after "checks"
.venv/bin/pytest -m alone
.venv/bin/pytest -m "not alone" --numprocesses=logical --dist=loadfile --no-loadscope-reorder \
  --cov --cov-report=term; after "fast tiers"
# Checks that others wrote: the first run installs them into the cache.
.venv/bin/pytest tests/outside
# Here and not inside a test, so that minutes of compiling show their progress.
.venv/bin/python -m local build; after "tests/outside and builds"
# Two workers, each with a local cloud, engines and what these start: 6 GiB. Without that memory, one after the other.
workers="$(.venv/bin/python -c 'import psutil; print(2 if psutil.virtual_memory().available >= 6 * 2**30 else 0)')"
.venv/bin/pytest tests/local --numprocesses="$workers" --dist=loadfile --no-loadscope-reorder --verbose --durations=10
