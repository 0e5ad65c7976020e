"""Parsing of `paddock ingest`: the stack's file, and its project in CodeBuild."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from paddock import catalog
from paddock.catalog.lookup import RefusedError, shown
from paddock.operations.ingest.run import Project

PLATFORM = "llama"
"""Name of the platform in __main__.py."""
STACK = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def asked(stack: str, stack_file: Path | None, project: str | None) -> tuple[Mapping[str, object], Project]:
    """Configuration of the stack, and its project; raises `RefusedError`."""
    from paddock.cli.parsing.stack_file import config_of_file
    from paddock.operations.aws_session import session_of_config

    if not STACK.fullmatch(stack):
        raise RefusedError(f"{shown(stack)} is no name of a stack; name it as Pulumi does, such as dev")
    file = stack_file or Path(f"stacks/Pulumi.{stack}.yaml")
    config = config_of_file(file)
    region = config.get("aws:region")
    if not isinstance(region, str) or region not in catalog.regions():
        raise RefusedError(f"{file} has no usable aws:region, got {shown(region)}; it says where the project is")
    return config, Project(project or f"{PLATFORM}-{stack}-ingest", session_of_config(config))
