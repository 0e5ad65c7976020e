#!/bin/sh
# Makes .venv with every dependency of this checkout, from nothing but Python 3.11 and a package index.
# Does nothing when it is up to date. Uses `uv` from PATH, else fetches it into the cache.
set -eu
cd "$(dirname "$0")/.."
cache="${XDG_CACHE_HOME:-$HOME/.cache}/paddock"
oldest_python="3.11"

say() { printf '  %s\n' "$1"; }
fail() { printf 'error: %s\n' "$1" >&2; exit 1; }
unreachable='dns error|connect error|error sending request|Connection refused|Failed to establish|Retrying \(Retry|timed out'

run() { # run DESCRIPTION COMMAND…: elapsed time while it works, everything it said when it does not
    description="$1"; shift
    said="$(mktemp)"
    "$@" > "$said" 2>&1 &
    worker=$!
    trap 'kill "$worker" 2>/dev/null; rm -f "$said"; exit 130' INT TERM
    ticks=0
    while kill -0 "$worker" 2>/dev/null; do
        sleep 0.2; ticks=$((ticks + 1))
        if [ -t 1 ]; then printf '\r  %s: %s s ' "$description" $((ticks / 5))
        elif [ $((ticks % 75)) = 0 ]; then say "$description: $((ticks / 5)) s"; fi
    done
    [ ! -t 1 ] || printf '\r%60s\r' ''
    trap - INT TERM
    if ! wait "$worker"; then
        if grep -Eq "$unreachable" "$said"; then
            rm -f "$said"
            fail "$description failed: no package index is reachable; check the network, or name an index of yours in UV_DEFAULT_INDEX and PIP_INDEX_URL"
        fi
        cat "$said" >&2; rm -f "$said"
        fail "$description failed; what it said is above"
    fi
    rm -f "$said"
}

# The version and not the path: `python3` is another path in an activated .venv, in `make shell` and behind pyenv's shims.
version_of() { "$1" -c 'import platform as p; print(p.python_implementation(), p.python_version())' 2>/dev/null || true; }
has="$(version_of .venv/bin/python)"
[ -z "${PYTHON:-}" ] || [ "$(version_of "$PYTHON")" = "$has" ] || has=""
stamp=".venv/.paddock-stamp"
locked="$(cat requirements.lock pyproject.toml "$0" | cksum)"
[ -n "$has" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$locked $has" ] && exit 0

python=""
for candidate in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11; do
    if [ -n "$candidate" ] && "$candidate" -c "import sys; sys.exit(sys.version_info < tuple(map(int, '$oldest_python'.split('.'))))" 2>/dev/null; then
        python="$(command -v "$candidate")"
        break
    fi
done
[ -n "$python" ] || fail "Python $oldest_python or newer is needed and not on PATH; on Debian: apt-get install python3"
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

needed_mib=2500
free_mib="$(df -Pm . | awk 'NR == 2 { print $4 }')"
[ -n "$has" ] || [ "$free_mib" -ge "$needed_mib" ] ||
    fail ".venv needs $needed_mib MiB of disk with what is downloaded for it, and $PWD has $free_mib MiB; make room there"
say "installing the dependencies of requirements.lock into .venv (the first time about a minute, and 1.8 GB)"
[ -n "$has" ] || run "making .venv" "$uv" venv --quiet --clear --python "$python" .venv
run "installing dependencies" "$uv" pip sync --quiet --python .venv --require-hashes requirements.lock
run "installing paddock itself" "$uv" pip install --quiet --python .venv --no-deps --no-build-isolation --editable .
printf '%s' "$locked $(version_of .venv/bin/python)" > "$stamp"
