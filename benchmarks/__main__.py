"""Measures what paddock promises about its own speed and size: `make bench`, results in docs/performance.md.

`python -m benchmarks sizing` measures sizing alone, and puts it beside its peers (docs/sizing-peers.md).
`python -m benchmarks weights` puts a push of weights beside `aws s3 cp` and `s5cmd`.
"""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module

from benchmarks import page
from benchmarks.figures import Figure, table

GROUPS = ("cloud", "sizing", "weights")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"{' or '.join(GROUPS)}; without one, all")
    parser.add_argument("--write", action="store_true", help="Also write the tables into docs/performance.md.")
    asked = parser.parse_args()
    groups = asked.groups or list(GROUPS)
    unknown = [each for each in groups if each not in GROUPS]
    if unknown:
        parser.error(f"unknown group '{unknown[0]}'; known are {', '.join(GROUPS)}")
    # As in the Makefile: a command that is compiled anew at each start is not what pip installs, and no peer's is.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    figures: list[Figure] = []
    for group in groups:
        measured: list[Figure] = import_module(f"benchmarks.{group}").figures()
        if asked.write:
            page.write(group, measured)
        figures += measured
    sys.stdout.write(table(figures) + "\n")
    sys.stdout.flush()
    if "sizing" in groups:
        from benchmarks import comparison

        try:
            sys.stdout.write(comparison.report() + "\n")
        except RuntimeError as error:
            sys.stderr.write(f"Error: {error}\n")
            return 1
    return 0 if all(figure.holds for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
