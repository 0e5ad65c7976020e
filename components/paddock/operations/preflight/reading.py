"""Reading of one fact: AWS's answer, or in a few words why there is none. Nothing that AWS says ends a preflight."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from paddock.catalog.lookup import RefusedError
from paddock.operations.preflight.row import Unseen

T = TypeVar("T")
ATTEMPTS = 3
CONNECT_SECONDS = 5
READ_SECONDS = 20
NO_ANSWER = "no answer"


def client_config() -> Any:
    """Few and short tries: a preflight asks some thirty questions, and one without an answer is only not seen."""
    from botocore.config import Config

    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
    )


def read(ask: Callable[[], T]) -> T | Unseen:
    """The answer, or why there is none; an answer of another form than AWS documents counts as none."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        return ask()
    except ClientError as error:
        return Unseen(f"AWS answers {error_code(error)} to {error.operation_name}")
    except BotoCoreError as error:
        return Unseen(f"{NO_ANSWER}: {type(error).__name__}")
    except RefusedError as refused:
        return Unseen(" ".join(str(refused).split()))
    except (ResponseParserError, LookupError, TypeError, ValueError, AttributeError, RecursionError):
        return Unseen("AWS's answer has another form than documented")


def error_code(error: Any) -> str:
    answer = error.response.get("Error")
    code = answer.get("Code") if isinstance(answer, dict) else None
    text = str(code or "an error")[:60]
    return text if text.isprintable() else "an error"


def has_code(error: Any, *codes: str) -> bool:
    return error_code(error) in codes
