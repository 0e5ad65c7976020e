#!/bin/sh
# All checks, then all tests: the fast tiers first, so that a mistake shows early.
set -eu
cd "$(dirname "$0")/.."
tools/check
.venv/bin/pytest --cov --cov-report=term
.venv/bin/pytest tests/local --verbose --durations=10
