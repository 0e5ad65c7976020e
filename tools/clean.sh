#!/bin/sh
# Gives back the disk that building took: .venv of this checkout, and what all checkouts share in the user's cache.
# Needs no Python, so it works where .venv is broken.
set -eu
cd "$(dirname "$0")/.."
cache="${XDG_CACHE_HOME:-$HOME/.cache}/paddock"
state="${PADDOCK_LOCAL_STATE:-.local}"

if [ -d "$state/processes" ]; then
    printf 'error: a local cloud is in %s; `make down` removes it, then run this again\n' "$state" >&2
    exit 1
fi
total=0
for folder in .venv "$cache" "$cache-go"; do
    [ -d "$folder" ] || continue
    mib="$(du -sm "$folder" | cut -f 1)"
    chmod -R u+w "$folder"  # Go writes its modules read-only
    rm -rf "$folder"
    printf '  %s: %s MiB\n' "$folder" "$mib"
    total=$((total + mib))
done
printf '  %s MiB given back; the next `make up` builds them again\n' "$total"
