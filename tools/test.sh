#!/bin/sh
# All checks, then all tests: the fast tiers first, so that a mistake shows early.
set -eu
cd "$(dirname "$0")/.."
# The engine starts several Python processes a preview, hundreds in all: compiled once, not by each.
unset PYTHONDONTWRITEBYTECODE
tools/check
.venv/bin/pytest --numprocesses=logical --dist=loadfile --cov --cov-report=term
# Judges that others wrote: the first run installs them into the cache.
.venv/bin/pytest tests/outside
# Here and not inside a test, so that minutes of compiling show their progress.
.venv/bin/python -m local build
.venv/bin/pytest tests/local --verbose --durations=10
