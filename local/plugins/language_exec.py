"""Runs one Pulumi program in its own process, for the language host.

Needs nothing but the Pulumi SDK, because the program may bring an interpreter of its own (`virtualenv` in Pulumi.yaml).
The configuration comes in the environment, where the SDK looks for it, and never on the command line, which other users
of the machine can read.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import runpy
import signal
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pulumi
import pulumi.runtime

SHOWN_TO_USER = 32
"""Exit status that means: the user has been told what is wrong, so nothing more needs saying."""

_PARENT_LOOK_SECONDS = 0.5


def main() -> int:
    # `pulumi_aws` makes so many objects on import that collecting among them took a quarter of that time (2026-11-28).
    gc.set_threshold(50_000, 20, 20)
    arguments = _arguments()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _follow_parent()
    pulumi.runtime.set_all_config(pulumi.runtime.get_config_env(), pulumi.runtime.get_config_secret_keys_env())
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            project=arguments.project,
            stack=arguments.stack,
            organization=arguments.organization,
            root_directory=arguments.root_directory,
            monitor=arguments.monitor,
            engine=arguments.engine,
            parallel=arguments.parallel,
            dry_run=arguments.dry_run == "true",
        )
    )
    # asyncio reports every future that nobody awaited. After a failed resource those are many, and mean nothing.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    program = Path(arguments.program)
    os.chdir(arguments.pwd)
    sys.argv = [str(program), *arguments.arguments]
    # Python puts this file's folder first on the path; the program expects its own there.
    sys.path[0] = str(program if program.is_dir() else program.parent)
    return _run(program, arguments.parallel)


def _run(program: Path, parallel: int) -> int:
    if program.is_dir() and not (program / "__main__.py").is_file():
        pulumi.log.error(f"unable to find main python program `__main__.py` in `{program}`")
        return SHOWN_TO_USER

    def run() -> None:
        runpy.run_path(str(program), run_name="__main__")

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    with ThreadPoolExecutor(max_workers=4 * max(parallel, 1)) as workers:
        loop.set_default_executor(workers)
        try:
            loop.run_until_complete(pulumi.runtime.run_in_stack(run))
        except pulumi.RunError as error:
            pulumi.log.error(str(error))
            return 1  # as Pulumi's own, so the engine adds a line of its own
        except Exception as error:
            # Whatever a program raises is the user's to read; there is no caller that could do better with it.
            pulumi.log.error(f"Program failed with an unhandled exception:\n{program_traceback(error, program)}")
            return SHOWN_TO_USER
    return 0


def program_traceback(error: BaseException, program: Path) -> str:
    """The traceback from the program's first own frame on: what runs it is of no interest to its author."""
    own = (program / "__main__.py" if program.is_dir() else program).resolve()
    report = traceback.TracebackException.from_exception(error)
    for position, frame in enumerate(report.stack):
        if Path(frame.filename).resolve() == own:
            report.stack = traceback.StackSummary.from_list(report.stack[position:])
            break
    return "".join(report.format())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("project", "stack", "pwd", "monitor", "engine", "dry_run"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("organization", "root_directory"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--parallel", type=int, default=0)
    parser.add_argument("program")
    parser.add_argument("arguments", nargs="*")
    return parser.parse_args()


def _follow_parent() -> None:
    """Same as in `local.plugins.lifetime`, which the program's own interpreter may not find."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_PARENT_LOOK_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    sys.exit(status)
