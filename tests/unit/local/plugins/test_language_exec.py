"""A program in its own process, with an engine that only takes notes. The real engine: tests/local."""

# ruff: noqa: N802, ARG002 — the protocol gives the methods their names and arguments.

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, language_pb2_grpc, resource_pb2, resource_pb2_grpc
from pulumi.runtime.proto import language_pb2 as proto

from local.plugins.language_python import LanguageHost
from tests.unit.local.plugins.served import served


class Engine(engine_pb2_grpc.EngineServicer, resource_pb2_grpc.ResourceMonitorServicer):
    """Engine and monitor, as much of them as a program without resources asks for."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self.outputs: list[dict[str, Any]] = []

    def Log(self, request: Any, context: grpc.ServicerContext) -> Any:
        if request.severity == engine_pb2.ERROR:
            self.errors.append(request.message)
        return Empty()

    def SetRootResource(self, request: Any, context: grpc.ServicerContext) -> Any:
        return engine_pb2.SetRootResourceResponse()

    def SupportsFeature(self, request: Any, context: grpc.ServicerContext) -> Any:
        return resource_pb2.SupportsFeatureResponse(hasSupport=False)

    def RegisterResource(self, request: Any, context: grpc.ServicerContext) -> Any:
        return resource_pb2.RegisterResourceResponse(urn="urn:pulumi:dev::farm::pulumi:pulumi:Stack::farm-dev")

    def RegisterResourceOutputs(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.outputs.append(dict(request.outputs))
        return Empty()

    def SignalAndWaitForShutdown(self, request: Any, context: grpc.ServicerContext) -> Any:
        return Empty()


def register(servicer: Engine, server: grpc.Server) -> None:
    engine_pb2_grpc.add_EngineServicer_to_server(servicer, server)
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(servicer, server)


class Farm:
    """Runs programs and says what came of them."""

    def __init__(self, folder: Path, engine: Engine, address: str, host: Any) -> None:
        self.folder, self.engine, self._address, self._host = folder, engine, address, host

    def run(self, program: str | None, **more: Any) -> Any:
        if program is not None:
            (self.folder / "__main__.py").write_text(program)
        folder = str(self.folder)
        info = proto.ProgramInfo(root_directory=folder, program_directory=folder, entry_point=".")
        return self._host.Run(
            proto.RunRequest(
                project="farm", stack="dev", pwd=folder, monitor_address=self._address, info=info, parallel=2, **more
            )
        )


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Farm]:
    engine = Engine()
    with served(register, engine) as address:
        host = LanguageHost(address)
        serve_host = language_pb2_grpc.add_LanguageRuntimeServicer_to_server
        with served(serve_host, host) as host_address, grpc.insecure_channel(host_address) as channel:
            yield Farm(tmp_path, engine, address, language_pb2_grpc.LanguageRuntimeStub(channel))
        host.close()


def test_a_program_reads_its_configuration_and_exports_outputs(farm: Farm) -> None:
    program = (
        "import os, sys, pulumi, wool\n"
        "config = pulumi.Config()\n"
        "pulumi.export('colour', config.require('colour') + wool.SUFFIX)\n"
        "pulumi.export('run', [pulumi.get_project(), pulumi.get_stack(), pulumi.runtime.is_dry_run()])\n"
        "pulumi.export('here', os.getcwd())\n"
    )
    (farm.folder / "wool.py").write_text("SUFFIX = 'ish'")
    answer = farm.run(program, config={"farm:colour": "brown"}, dryRun=True)
    assert (answer.error, answer.bail, farm.engine.errors) == ("", False, [])
    expected = {"colour": "brownish", "run": ["farm", "dev", True], "here": str(farm.folder)}
    assert [{k: list(v) if k == "run" else v for k, v in out.items()} for out in farm.engine.outputs] == [expected]


def test_a_run_error_is_its_message_without_a_traceback_and_an_exit_status(farm: Farm) -> None:
    """Not `bail`: Pulumi's own host has the engine add that the program ended with 1."""
    answer = farm.run("import pulumi; raise pulumi.RunError('paddock:vpc_cidr is too small')")
    assert farm.engine.errors == ["paddock:vpc_cidr is too small"]
    assert (answer.error, answer.bail) == ("program exited with non-zero exit code: 1", False)


def test_any_other_error_has_the_programs_own_traceback(farm: Farm) -> None:
    answer = farm.run("def shear():\n    raise ValueError('no wool')\nshear()\n")
    assert answer.bail
    (told,) = farm.engine.errors
    assert told.startswith("Program failed with an unhandled exception:\nTraceback (most recent call last):\n")
    assert told.rstrip().endswith("ValueError: no wool")
    assert "language_exec" not in told


def test_a_folder_without_a_program_says_so(farm: Farm) -> None:
    assert farm.run(None).bail
    assert farm.engine.errors == [f"unable to find main python program `__main__.py` in `{farm.folder}`"]


def test_a_program_that_leaves_with_a_status_is_reported_with_it(farm: Farm) -> None:
    assert farm.run("import sys; sys.exit(3)").error == "program exited with non-zero exit code: 3"


def test_the_host_hides_the_repository_it_comes_from(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[4]))
    assert farm.run("import local.plugins").bail
    assert "No module named 'local'" in farm.engine.errors[0]
