#!/bin/sh
# Makes .venv with every dependency of this checkout, from nothing but Python 3.11 and a package index.
# Does nothing when it is up to date. Uses `uv` from PATH, else fetches it into the cache.
set -eu
cd "$(dirname "$0")/.."
cache="${XDG_CACHE_HOME:-$HOME/.cache}/paddock"
oldest_python="3.11"

say() { printf '  %s\n' "$1"; }
fail() { printf 'error: %s\n' "$1" >&2; exit 1; }
run() { # run DESCRIPTION COMMAND…: quiet when it works, everything it said when it does not
    description="$1"; shift
    said="$("$@" 2>&1)" || { printf '%s\n' "$said" >&2; fail "$description failed; what it said is above"; }
}

python=""
for candidate in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11; do
    if [ -n "$candidate" ] && "$candidate" -c "import sys; sys.exit(sys.version_info < tuple(map(int, '$oldest_python'.split('.'))))" 2>/dev/null; then
        python="$(command -v "$candidate")"
        break
    fi
done
[ -n "$python" ] || fail "Python $oldest_python or newer is needed and not on PATH; on Debian: apt-get install python3"

stamp=".venv/.paddock-stamp"
wanted="$(cat requirements.lock pyproject.toml "$0" | cksum) $python"
[ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && exit 0
command -v git >/dev/null || say "git is not on PATH: fine for running, needed for contributing"

# uv: on PATH, else a private one, by the first way that this Python has.
uv="$(command -v uv || true)"
[ -n "$uv" ] || { [ -x "$cache/bin/uv" ] && uv="$cache/bin/uv"; } || true
if [ -z "$uv" ]; then
    say "fetching uv into $cache"
    mkdir -p "$cache/bin"
    home="$cache/uv"
    rm -rf "$home"
    if "$python" -m venv "$home" >/dev/null 2>&1; then
        run "installing uv" "$home/bin/python" -m pip install --quiet --disable-pip-version-check uv
    elif "$python" -m pip --version >/dev/null 2>&1; then
        rm -rf "$home"
        run "installing uv" "$python" -m pip install --quiet --disable-pip-version-check --target "$home" uv
    elif [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        rm -rf "$home"
        say "this Python has neither venv nor pip; installing python3-venv"
        run "apt-get update" apt-get update -q
        run "apt-get install python3-venv" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends python3-venv
        run "making a virtual environment" "$python" -m venv "$home"
        run "installing uv" "$home/bin/python" -m pip install --quiet --disable-pip-version-check uv
    else
        fail "neither uv, nor Python's venv, nor pip is there; on Debian: apt-get install python3-venv"
    fi
    ln -sf "$home/bin/uv" "$cache/bin/uv"
    uv="$cache/bin/uv"
fi

say "installing the dependencies of requirements.lock into .venv (about a minute the first time)"
[ -x .venv/bin/python ] || run "making .venv" "$uv" venv --quiet --python "$python" .venv
run "installing dependencies" "$uv" pip sync --quiet --python .venv --compile-bytecode --require-hashes requirements.lock
run "installing paddock itself" "$uv" pip install --quiet --python .venv --no-deps --no-build-isolation --editable .
printf '%s' "$wanted" > "$stamp"
