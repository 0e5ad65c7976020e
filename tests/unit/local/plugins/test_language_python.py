"""The language host: command lines, environments and plugins it runs. Whole programs under the engine: tests/local."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import language_pb2 as proto
from pulumi.runtime.proto import language_pb2_grpc

from local.plugins import language_exec, language_python
from local.plugins.language_python import LanguageHost, OptionError
from tests.unit.local.plugins.served import served

_ROOT = Path(__file__).parents[4]


def info(folder: Path, entry: str = ".", **options: str) -> proto.ProgramInfo:
    chosen = Struct()
    chosen.update(options)
    directory = str(folder)
    return proto.ProgramInfo(root_directory=directory, program_directory=directory, entry_point=entry, options=chosen)


@pytest.fixture
def host() -> Iterator[Any]:
    servicer = LanguageHost("127.0.0.1:1")
    register = language_pb2_grpc.add_LanguageRuntimeServicer_to_server
    with served(register, servicer) as address, grpc.insecure_channel(address) as channel:
        yield language_pb2_grpc.LanguageRuntimeStub(channel)
    servicer.close()


def run_request(folder: Path, **more: Any) -> proto.RunRequest:
    return proto.RunRequest(
        project="farm",
        stack="dev",
        pwd=str(folder),
        monitor_address="127.0.0.1:2",
        parallel=4,
        info=info(folder),
        **more,
    )


def test_secrets_are_never_on_the_command_line(tmp_path: Path) -> None:
    request = run_request(tmp_path, config={"farm:password": "hunter2"}, configSecretKeys=["farm:password"])
    assert "hunter2" not in " ".join(language_python.program_command("python", request, "127.0.0.1:1"))


@pytest.mark.parametrize(("dry_run", "text"), [(True, "true"), (False, "false")])
def test_the_command_line_says_whether_it_is_a_preview(tmp_path: Path, dry_run: bool, text: str) -> None:
    command = language_python.program_command("python", run_request(tmp_path, dryRun=dry_run), "127.0.0.1:1")
    assert command[command.index("--dry_run") + 1] == text
    assert command[-1] == str(tmp_path)


def test_an_entry_point_is_a_file_in_the_program(tmp_path: Path) -> None:
    request = run_request(tmp_path)
    request.info.entry_point = "infra/main.py"
    assert language_python.program_command("python", request, "e")[-1] == str(tmp_path / "infra/main.py")


@pytest.mark.parametrize(
    ("status", "bail", "error"),
    [
        (0, False, ""),
        (32, True, ""),
        (3, False, "program exited with non-zero exit code: 3"),
        (-9, False, "program exited with non-zero exit code: -1"),
    ],
)
def test_the_exit_status_becomes_what_the_engine_shows(status: int, bail: bool, error: str) -> None:
    response = language_python.run_response(status)
    assert (response.bail, response.error) == (bail, error)


def test_the_two_halves_agree_on_the_status_that_means_told() -> None:
    assert language_python._SHOWN_TO_USER == language_exec.SHOWN_TO_USER


def test_the_program_runs_with_our_interpreter_unless_it_names_another(tmp_path: Path) -> None:
    assert language_python.interpreter(info(tmp_path)) == sys.executable
    python = tmp_path / "env" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    assert language_python.interpreter(info(tmp_path, virtualenv="env")) == str(python)


@pytest.mark.parametrize(
    ("options", "said"), [({"virtualenv": "nowhere"}, "does not exist"), ({"typechecker": "mypy"}, "typechecker")]
)
def test_an_option_that_cannot_be_had_is_an_error(tmp_path: Path, options: dict[str, str], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        language_python.interpreter(info(tmp_path, **options))


def test_a_program_does_not_find_this_repository_through_its_host() -> None:
    elsewhere = os.pathsep.join(["/opt/lib", str(_ROOT)])
    assert language_python.child_environment({"PYTHONPATH": elsewhere, "A": "b"}) == {
        "PYTHONPATH": "/opt/lib",
        "A": "b",
    }
    assert language_python.child_environment({"PYTHONPATH": str(_ROOT)}) == {}


def test_a_policy_pack_runs_in_its_own_folder_and_a_plugin_where_the_engine_says(tmp_path: Path) -> None:
    (tmp_path / "__main__.py").touch()
    pack = proto.RunPluginRequest(kind="analyzer", pwd="/work", args=["127.0.0.1:1"], info=info(tmp_path))
    command, cwd = language_python.plugin_command("python", pack)
    assert command == ["python", "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(tmp_path)]
    assert cwd == str(tmp_path)
    pack.kind = "resource"
    command, cwd = language_python.plugin_command("python", pack)
    assert (command, cwd) == (["python", "-u", str(tmp_path), "127.0.0.1:1"], "/work")


def test_a_plugin_without_a_main_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"no __main__\.py"):
        language_python.plugin_command("python", proto.RunPluginRequest(kind="resource", info=info(tmp_path)))


def test_a_plugins_output_is_streamed_and_its_status_comes_last(host: Any, tmp_path: Path) -> None:
    lines = "import os, sys; print(os.environ['WOOL']); print('oh', file=sys.stderr); sys.exit(7)"
    (tmp_path / "__main__.py").write_text(lines)
    request = proto.RunPluginRequest(kind="resource", pwd=str(tmp_path), env=["WOOL=soft=warm"], info=info(tmp_path))
    *output, last = host.RunPlugin(request)
    assert sorted((message.stdout, message.stderr) for message in output) == [(b"", b"oh\n"), (b"soft=warm\n", b"")]
    assert last.exitcode == 7


def test_a_plugin_ends_when_the_engine_cancels_the_call(host: Any, tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text(
        "import os, time; open('pid', 'w').write(str(os.getpid())); print(1); time.sleep(60)"
    )
    request = proto.RunPluginRequest(kind="resource", pwd=str(tmp_path), env=["A=b"], info=info(tmp_path))
    call = host.RunPlugin(request)
    next(call)
    call.cancel()
    process = Path("/proc") / (tmp_path / "pid").read_text()
    ends_at = time.monotonic() + 5
    while process.exists() and time.monotonic() < ends_at:
        time.sleep(0.02)
    assert not process.exists()


def test_a_program_gets_its_configuration_in_the_environment(host: Any, tmp_path: Path, monkeypatch: Any) -> None:
    script = tmp_path / "exec.py"
    script.write_text(
        "import os, pathlib; pathlib.Path('seen').write_text("
        "os.environ['PULUMI_CONFIG'] + '\\n' + os.environ['PULUMI_CONFIG_SECRET_KEYS'])"
    )
    monkeypatch.setattr(language_python, "_EXEC", script)
    config = {"farm:wool": "soft"}
    answer = host.Run(run_request(tmp_path, config=config, configSecretKeys=["farm:wool"]))
    assert (answer.error, answer.bail) == ("", False)
    seen = [json.loads(line) for line in (tmp_path / "seen").read_text().splitlines()]
    assert seen == [config, ["farm:wool"]]


def test_about_names_the_interpreter_and_its_packages(host: Any, tmp_path: Path) -> None:
    about = host.About(proto.AboutRequest(info=info(tmp_path)))
    assert about.executable == sys.executable
    assert about.version == ".".join(map(str, sys.version_info[:3]))
    request = proto.GetProgramDependenciesRequest(info=info(tmp_path), transitiveDependencies=True)
    assert "pulumi" in {found.name for found in host.GetProgramDependencies(request).dependencies}


def test_the_hosts_version_is_the_sdks(host: Any) -> None:
    assert host.GetPluginInfo(Empty()).version.count(".") >= 2


def test_a_traceback_starts_in_the_program_and_keeps_the_cause(tmp_path: Path) -> None:
    program = tmp_path / "__main__.py"
    program.write_text("try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise ValueError('wool') from error\n")
    with pytest.raises(ValueError, match="wool") as caught:
        exec(compile(program.read_text(), str(program), "exec"), {})  # noqa: S102 — stands for the user's program
    text = language_exec.program_traceback(caught.value, tmp_path)
    assert text.splitlines()[-1] == "ValueError: wool"
    assert "ZeroDivisionError" in text
    assert Path(__file__).name not in text
