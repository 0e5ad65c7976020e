#!/bin/sh
# The real vLLM on this machine's cores: its parser on what we render, and pods of the rendered manifest (tests/smoke).
set -eu
cd "$(dirname "$0")/.."
fail() { printf 'error: %s\n' "$1" >&2; exit 1; }

# vLLM for CPUs has wheels for this alone, as far as its needs are pinned.
[ "$(uname -sm)" = "Linux x86_64" ] || fail "make smoke runs on Linux, x86_64, got $(uname -sm)"
[ "$(id -u)" = 0 ] || fail "make smoke makes namespaces for its pods and so runs as root, such as in a container with CAP_SYS_ADMIN"
for tool in ip unshare nsenter setpriv; do
    command -v "$tool" >/dev/null || fail "$tool is not on PATH; on Debian: apt-get install iproute2 util-linux"
done
.venv/bin/python -m tests.smoke.vllm
# From here on without any network but one of its own: what a pod asks of anybody else gets no answer, and fails a test.
exec unshare --net --mount .venv/bin/pytest tests/smoke --durations=5 "$@"
