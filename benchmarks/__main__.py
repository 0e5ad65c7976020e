"""Measures what paddock promises about its own speed and size: `make bench`, results in docs/performance.md.

`python -m benchmarks sizing` measures sizing alone, and puts it beside its peers (docs/sizing-peers.md).
"""

from __future__ import annotations

import argparse
import sys

from benchmarks.figures import Figure, table

GROUPS = ("cloud", "sizing")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"{' or '.join(GROUPS)}; without one, both")
    groups = parser.parse_args().groups or list(GROUPS)
    unknown = [each for each in groups if each not in GROUPS]
    if unknown:
        parser.error(f"unknown group '{unknown[0]}'; known are {', '.join(GROUPS)}")
    figures: list[Figure] = []
    if "cloud" in groups:
        from benchmarks import cloud

        figures += cloud.figures()
    if "sizing" in groups:
        from benchmarks import sizing

        figures += sizing.figures()
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
