"""The copier's parts: a connection that breaks is tried again, a refusal is not."""

import importlib.util
import io
import sys
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
