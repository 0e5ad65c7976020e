"""The copier's parts, its clients, and what happens while it copies."""

import importlib.util
import io
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ClientError

from paddock.common.manifests import templates_folder


def copier() -> ModuleType:
    path = templates_folder() / "vllm" / "copy_weights.py"
    spec = importlib.util.spec_from_file_location("copy_weights", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = before
    return module


COPY: Any = copier()


class Bucket:
    """S3 that answers with each of these in turn."""

    def __init__(self, *answers: object) -> None:
        self.answers, self.asked = list(answers), 0

    def get_object(self, **_asked: str) -> dict[str, Any]:
        answer = self.answers[self.asked]
        self.asked += 1
        if isinstance(answer, Exception):
            raise answer
        return {"Body": io.BytesIO(answer)}  # type: ignore[arg-type]  # bytes, where it is no error


def part(*answers: object, monkeypatch: pytest.MonkeyPatch) -> tuple[bytes, int]:
    monkeypatch.setattr(COPY.time, "sleep", lambda _seconds: None)
    source = object.__new__(COPY.Source)
    source.s3, source.bucket, source.prefix = Bucket(*answers), "b", "p/"
    return source.part("x", 0, 4), source.s3.asked


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}}, "GetObject")


def test_a_part_whose_connection_breaks_is_fetched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = ConnectionResetError()
    assert part(broken, broken, b"data", monkeypatch=monkeypatch) == (b"data", 3)


def test_after_some_attempts_the_error_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConnectionResetError):
        part(*[ConnectionResetError()] * COPY.ATTEMPTS, b"data", monkeypatch=monkeypatch)


def test_a_refusal_is_not_asked_again_and_a_file_that_is_too_short_has_no_more_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(ClientError):
        part(refusal("AccessDenied"), b"data", monkeypatch=monkeypatch)
    assert part(refusal("InvalidRange"), monkeypatch=monkeypatch) == (b"", 1)


def test_a_process_makes_one_client_for_all_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    class Source:
        def __init__(self, *at: str) -> None:
            made.append(at)

        def part(self, _name: str, start: int, end: int) -> bytes:
            return bytes(end - start)

    monkeypatch.setattr(COPY, "Source", Source)
    for name in ("a", "b/c"):
        assert COPY.copied(("bucket", "prefix"), name, tmp_path, 5, "") is None
    assert made == [("bucket", "prefix")]


@pytest.mark.parametrize("key_file", [None, "weights.pem"])
def test_a_revision_that_is_revoked_while_it_is_copied_is_not_served(
    key_file: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = {"config.json": 2}

    class Source:
        def __init__(self, *_at: str) -> None:
            """The folder of `there`."""

        def sizes(self) -> dict[str, int]:
            return dict(there)

        def names(self) -> set[str]:
            return set(there)

    monkeypatch.setattr(COPY, "Source", Source)
    monkeypatch.setattr(COPY, "verify", lambda *_: ({}, 0))
    monkeypatch.setattr(COPY, "copy", lambda *_: there.update({"revoked.json": 2}))
    monkeypatch.setenv("TERMINATION_LOG", str(tmp_path / "message"))
    (tmp_path / "weights.pem").write_text("")
    key = None if key_file is None else tmp_path / key_file
    assert COPY.main("s3://b/models/m/r", tmp_path, key) == 1
    says = "weights of m/r refused: revoked while they were copied; revoked.json says why\n"
    assert (tmp_path / "message").read_text() == says
