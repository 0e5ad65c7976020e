#!/bin/sh
# Pins every dependency, and the Go toolchain for machines without one, by version and hash.
set -eu
cd "$(dirname "$0")/.."
PATH="$PATH:${XDG_CACHE_HOME:-$HOME/.cache}/paddock/bin"
export UV_CUSTOM_COMPILE_COMMAND="make lock"

uv pip compile --quiet --upgrade --universal --generate-hashes --no-emit-index-url --no-annotate \
    --python-version 3.11 pyproject.toml --group dev -o requirements.lock
uv pip compile --quiet --upgrade --universal --generate-hashes --no-emit-index-url --no-annotate \
    local/go-toolchain.in -o local/go-toolchain.txt
uv pip compile --quiet --upgrade --universal --generate-hashes --no-emit-index-url --no-annotate \
    --python-version 3.11 tools/checkers.in -o tools/checkers.lock
uv pip compile --quiet --upgrade --universal --generate-hashes --no-emit-index-url --no-annotate \
    --python-version 3.11 --override tools/vllm-overrides.txt tools/vllm.in -o tools/vllm.lock
uv pip compile --quiet --upgrade --universal --generate-hashes --no-emit-index-url --no-annotate --no-deps \
    --python-version 3.11 tools/vllm-newest.in -o tools/vllm-newest.lock
uv pip compile --quiet --upgrade --universal --generate-hashes --no-emit-index-url --no-annotate \
    --python-version 3.11 --override tools/llmcompressor-overrides.txt tools/llmcompressor.in -o tools/llmcompressor.lock
