"""Which paddock this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def version_text() -> str:
    try:
        return f"paddock {version('paddock')}"
    except PackageNotFoundError:
        return "paddock (run from a checkout that is not installed)"
