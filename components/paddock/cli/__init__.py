"""The `paddock` command. Importing it loads nothing else, and each command loads only what it needs."""

from __future__ import annotations


def main() -> None:
    """Run the command line; what was asked for in vain is one message on stderr and exit status 2."""
    import sys

    from paddock.catalog.lookup import RefusedError
    from paddock.cli.app import app

    try:
        app(prog_name="paddock")
    except RefusedError as refused:
        sys.stderr.write(f"Error: {refused}\n")
        sys.exit(2)
