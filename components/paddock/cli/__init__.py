"""The `paddock` command. Importing it loads nothing else, and each command loads only what it needs."""

from __future__ import annotations

import sys

WRONG = 2
"""Exit status of what was asked for in vain."""


def main() -> None:
    """Run the command line. What was asked for in vain is one message on stderr, with `--json` one on stdout too."""
    from paddock.catalog.lookup import RefusedError

    arguments = sys.argv[1:]
    message, status = None, 0
    try:
        try:
            status = _run(arguments)
        except SystemExit as ended:
            status = int(ended.code or 0)
        except RefusedError as refused:
            message = str(refused)
        except OSError:
            raise
        except Exception as fault:
            message = f"this is a fault of paddock and no answer: {type(fault).__name__}: {fault}\n{_origin(fault)}"
        if message and "--json" in arguments:
            import json

            sys.stdout.write(json.dumps({"error": message}) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:  # who read it has enough
        status = 1
        _discard_output()
    except OSError as failed:
        message = f"cannot use {failed.filename or 'standard output'}: {(failed.strerror or str(failed)).lower()}"
        _discard_output()
    if message:
        sys.stderr.write(f"Error: {message}\n")
        status = WRONG
    sys.exit(status)


def _origin(fault: Exception) -> str:
    """Last steps of a traceback, for whoever reports it."""
    from traceback import format_tb

    return "".join(format_tb(fault.__traceback__)[-3:]).rstrip()


def _run(arguments: list[str]) -> int:
    from paddock.cli.quick import quick

    command = quick(arguments)
    if command is not None:
        command()
        return 0
    _spare_garbage()
    from paddock.cli.app import run

    return run(arguments)


def _spare_garbage() -> None:
    """Garbage is looked for seldom, and not when the process ends: boto3 and pydantic make objects by the hundred
    thousand and none of them is any. It took each command a quarter of a second."""
    import atexit
    import gc

    gc.set_threshold(50_000, 20, 20)
    atexit.register(gc.freeze)


def _discard_output() -> None:
    """Output still in the buffer is not written at the interpreter's end, where it would fail once more."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
