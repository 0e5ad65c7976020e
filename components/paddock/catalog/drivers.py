"""NVIDIA drivers of the nodes' AMIs against the CUDA of vLLM's image."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from paddock.catalog.lookup import toml


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    branch: int
    """The first number of a driver's version, such as 580."""
    source: str


@cache
def _data() -> dict[str, Any]:
    return toml("drivers.toml")


def cuda_of_image(vllm_version: str) -> str | None:
    """CUDA version in vLLM's image; None where it is not known."""
    rows = [row for row in _data()["image"] if _numbers(row["since"]) <= _numbers(vllm_version)]
    return str(rows[-1]["cuda"]) if rows else None


def driver_needed(cuda: str) -> Driver | None:
    """The oldest driver branch that runs a CUDA version; None where it is not known."""
    major = cuda.partition(".")[0]
    rows = [row for row in _data()["cuda"] if str(row["major"]) == major]
    return Driver(branch=rows[0]["driver"], source=rows[0]["source"]) if rows else None


def driver_of_ami(node_os: str, release: str | None) -> Driver | None:
    """The driver of an AMI's release as EKS spells it, of the newest where none is named; None where not known."""
    rows = [row for row in _data()["ami"] if row["node_os"] == node_os]
    if release is not None:
        # Bottlerocket's version stands before the hyphen, Amazon Linux' day behind it.
        version, _, day = release.partition("-")
        named = version if node_os == "bottlerocket" else day
        rows = [row for row in rows if _numbers(row["since"]) <= _numbers(named)]
    return Driver(branch=rows[-1]["driver"], source=rows[-1]["source"]) if rows else None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
