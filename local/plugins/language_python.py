"""The local cloud's Pulumi language host for Python (`pulumi-language-python`).

Pulumi's own comes with its CLI and is in no package registry. This one does what a `pulumi up` needs of it: it runs the
program, policy packs and component plugins, and answers as that one does, but for this: it installs and generates
nothing, so a plugin without an environment of its own runs with ours; it knows no type checker and attaches no
debugger; and a policy pack is not given the stack's configuration.
"""

# ruff: noqa: N802, ARG002 — the protocol gives the methods their names and arguments.

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import IO

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.proto import language_pb2 as proto
from pulumi.runtime.proto import language_pb2_grpc, plugin_pb2

from local.plugins.lifetime import Children, engine_address, forked_python, serve
from local.plugins.required_packages import dependencies, required_packages
from local.state import State

_EXEC = Path(__file__).with_name("language_exec.py")
_SHOWN_TO_USER = 32
"""Same as in language_exec.py, which another interpreter may run."""

_KNOWN_OPTIONS = ("virtualenv", "toolchain")
"""`toolchain` says who installs the dependencies, and here nobody does."""
_PARALLEL_CALLS = 64


class OptionError(Exception):
    """The `runtime` section of a project file asks for something that cannot be had here."""


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Answers the engine. Every call runs in a thread of its own."""

    def __init__(self, engine_address: str) -> None:
        self._engine_address = engine_address
        self._children = Children()

    def close(self) -> None:
        self._children.end_all()

    def Handshake(self, request: proto.LanguageHandshakeRequest, context: grpc.ServicerContext) -> object:
        self._engine_address = request.engine_address or self._engine_address
        return proto.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> object:
        return plugin_pb2.PluginInfo(version=version("pulumi"))

    def GetRequiredPackages(self, request: proto.GetRequiredPackagesRequest, context: grpc.ServicerContext) -> object:
        python = _interpreter_or_abort(request.info, context)
        return proto.GetRequiredPackagesResponse(packages=required_packages(python))

    def RuntimeOptionsPrompts(self, request: object, context: grpc.ServicerContext) -> object:
        return proto.RuntimeOptionsResponse()

    def Template(self, request: object, context: grpc.ServicerContext) -> object:
        return proto.TemplateResponse()

    def InstallDependencies(
        self, request: object, context: grpc.ServicerContext
    ) -> Iterator[proto.InstallDependenciesResponse]:
        line = f"The local cloud runs programs with {sys.executable}; nothing to install.\n"
        yield proto.InstallDependenciesResponse(stdout=line.encode())

    def About(self, request: proto.AboutRequest, context: grpc.ServicerContext) -> object:
        python = _interpreter_or_abort(request.info, context)
        answer = subprocess.run([python, "--version"], capture_output=True, text=True, check=True)
        return proto.AboutResponse(executable=python, version=answer.stdout.strip().removeprefix("Python "))

    def GetProgramDependencies(
        self, request: proto.GetProgramDependenciesRequest, context: grpc.ServicerContext
    ) -> object:
        python = _interpreter_or_abort(request.info, context)
        found = dependencies(python, transitive=request.transitiveDependencies)
        return proto.GetProgramDependenciesResponse(dependencies=found)

    def Run(self, request: proto.RunRequest, context: grpc.ServicerContext) -> object:
        try:
            python = interpreter(request.info)
        except OptionError as error:
            return proto.RunResponse(error=str(error))
        environment = child_environment(os.environ) | {
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }
        command = forked(program_command(python, request, self._engine_address))
        with self._children.started(command, cwd=request.pwd, env=environment, capture=False) as child:
            context.add_callback(child.terminate)
            return run_response(child.wait())

    def RunPlugin(
        self, request: proto.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[proto.RunPluginResponse]:
        python = _interpreter_or_abort(request.info, context)
        try:
            command, cwd = plugin_command(python, request)
        except OptionError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        environment = child_environment(dict(entry.split("=", 1) for entry in request.env) or os.environ)
        with self._children.started(forked(command), cwd=cwd, env=environment, capture=True) as child:
            # The engine ends a plugin by cancelling this call.
            context.add_callback(child.terminate)
            yield from _output_of(child)
            yield proto.RunPluginResponse(exitcode=child.wait())

    def Cancel(self, request: Empty, context: grpc.ServicerContext) -> object:
        """The user asked to stop. The engine lets running operations finish, so the program is not killed here."""
        return Empty()


def interpreter(info: proto.ProgramInfo) -> str:
    """The Python that a project asks for: its virtual environment where it names one, else the one running here."""
    options = MessageToDict(info.options)
    unknown = sorted(set(options) - set(_KNOWN_OPTIONS))
    if unknown:
        raise OptionError(
            f"runtime option {', '.join(unknown)} is not supported by the local cloud's Python language host; "
            f"it knows {', '.join(_KNOWN_OPTIONS)}"
        )
    folder = options.get("virtualenv")
    if not folder:
        return sys.executable
    python = Path(info.root_directory or info.program_directory, folder, "bin", "python")
    if not python.is_file():
        raise OptionError(
            f"runtime option virtualenv is {folder}, but {python} does not exist; create it or remove the option"
        )
    return str(python)


def program_command(python: str, request: proto.RunRequest, engine_address: str) -> list[str]:
    info = request.info
    entry = str(Path(info.program_directory, info.entry_point))
    arguments = {
        "project": request.project,
        "stack": request.stack,
        "organization": request.organization,
        "root_directory": info.root_directory,
        "pwd": request.pwd,
        "monitor": request.monitor_address,
        "engine": engine_address,
        "parallel": str(request.parallel),
        "dry_run": "true" if request.dryRun else "false",
    }
    given = [part for name, value in arguments.items() if value for part in (f"--{name}", value)]
    return [python, "-u", str(_EXEC), *given, "--", entry, *request.args]


def plugin_command(python: str, request: proto.RunPluginRequest) -> tuple[list[str], str]:
    """The command line of a policy pack or a component plugin, and the folder it runs in."""
    folder = request.info.program_directory
    if not Path(folder, "__main__.py").is_file():
        raise OptionError(f"the {request.kind or 'plugin'} in {folder} has no __main__.py, so there is nothing to run")
    if request.kind == "analyzer":
        return [python, "-u", "-m", "pulumi.policy", *request.args, folder], folder
    return [python, "-u", folder, *request.args], request.pwd or folder


def forked(command: list[str]) -> list[str]:
    """The command in a process of the fork server, if it is for the interpreter that this one has imported for."""
    python, *arguments = command
    ours = Path(python).parents[1].resolve() == Path(sys.prefix).resolve()
    return [*forked_python(State.chosen().fork_server), *arguments] if ours else command


def child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Environment without this repository on the import path: a program must not find `local` through its host."""
    own = Path(__file__).resolve().parents[2]
    kept = dict(environment)
    paths = [path for path in kept.pop("PYTHONPATH", "").split(os.pathsep) if path and Path(path).resolve() != own]
    return kept | ({"PYTHONPATH": os.pathsep.join(paths)} if paths else {})


def run_response(status: int) -> proto.RunResponse:
    if status == 0:
        return proto.RunResponse()
    if status == _SHOWN_TO_USER:
        return proto.RunResponse(bail=True)
    # A signal is -1 to Pulumi's own, which is written in Go.
    return proto.RunResponse(error=f"program exited with non-zero exit code: {max(status, -1)}")


def _interpreter_or_abort(info: proto.ProgramInfo, context: grpc.ServicerContext) -> str:
    try:
        return interpreter(info)
    except OptionError as error:
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        raise


def _output_of(child: subprocess.Popen[bytes]) -> Iterator[proto.RunPluginResponse]:
    """Output of a child, while it writes, until both of its streams have ended."""
    lines: queue.Queue[proto.RunPluginResponse | None] = queue.Queue()

    def pump(stream: IO[bytes], message: Callable[[bytes], proto.RunPluginResponse]) -> None:
        with stream:
            for line in stream:
                lines.put(message(line))
        lines.put(None)

    if child.stdout is None or child.stderr is None:
        raise ValueError("the child was started without capture")
    pumps = [
        (child.stdout, lambda line: proto.RunPluginResponse(stdout=line)),
        (child.stderr, lambda line: proto.RunPluginResponse(stderr=line)),
    ]
    for arguments in pumps:
        threading.Thread(target=pump, args=arguments, daemon=True).start()
    for _ in pumps:
        yield from iter(lines.get, None)


def main() -> None:
    engine = engine_address(sys.argv)
    host = LanguageHost(engine)
    serve(
        lambda server: language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server),
        engine,
        parallel_calls=_PARALLEL_CALLS,
        on_end=host.close,
    )


if __name__ == "__main__":
    main()
