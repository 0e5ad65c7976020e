#!/bin/sh
# Gives back the disk that building took: .venv of this checkout, and after a question what all checkouts of the user
# share. `yes=1` answers it. Needs no Python, so it works where .venv is broken.
set -eu
cd "$(dirname "$0")/.."
cache="${XDG_CACHE_HOME:-$HOME/.cache}/paddock"
state="${PADDOCK_LOCAL_STATE:-.local}"

fail() { printf 'error: %s\n' "$1" >&2; exit 1; }
mib() { du -sm "$1" | cut -f 1; }
if [ -d "$state/processes" ]; then
    fail "a local cloud is in $state; \`make down\` removes it, then run this again"
fi

total=0
remove() {
    size="$(mib "$1")"
    chmod -R u+w "$1"  # Go writes its modules read-only
    rm -rf "$1"
    printf '  removed %s: %s MiB\n' "$1" "$size"
    total=$((total + size))
}

[ ! -d .venv ] || remove .venv
set --
for folder in "$cache" "$cache-go"; do
    [ ! -d "$folder" ] || set -- "$@" "$folder"
done
if [ $# -gt 0 ]; then
    # Linux alone says which program a process runs; elsewhere the question has to do.
    for process in /proc/[0-9]*; do
        case "$(readlink "$process/exe" 2>/dev/null || true)" in
        "$cache"/*) fail "process ${process#/proc/} runs from $cache: a local cloud of another checkout; \`make down\` there first" ;;
        esac
    done
    for folder do
        printf '  %s: %s MiB, shared by all checkouts of this user\n' "$folder" "$(mib "$folder")"
    done
    answer="${yes:-}"
    if [ -z "$answer" ] && [ -t 0 ]; then
        printf '  Remove these for all of them? Their next `make up` builds them again, in some eleven minutes. [y/N] '
        read -r answer || true
    fi
    case "$answer" in
    1 | y | Y | yes) for folder do remove "$folder"; done ;;
    *) printf '  kept, as other checkouts may use them; `make clean yes=1` removes them too\n' ;;
    esac
fi
printf '  %s MiB given back; the next `make up` builds what is gone again\n' "$total"
