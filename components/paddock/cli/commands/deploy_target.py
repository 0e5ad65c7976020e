"""The stack that `paddock deploy` deploys: its file, its plan, its account and its recorded state."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paddock.operations.deploy.state import bucket_of

if TYPE_CHECKING:
    import boto3

    from paddock.operations.deploy.engine import StackEngine
    from paddock.plan.plan import Plan
    from paddock.settings import Settings


@dataclass
class Target:
    """The stack that is deployed: its file, read anew when a step has written to it."""

    stack: str
    file: Path
    folder: Path
    """Folder of the project."""
    engine: StackEngine

    @property
    def settings(self) -> Settings:
        from paddock.cli.parsing.stack_file import settings_of_file

        return settings_of_file(self.file)

    @property
    def config(self) -> dict[str, object]:
        from paddock.cli.parsing.stack_file import config_of_file

        return config_of_file(self.file)

    @property
    def plan(self) -> Plan:
        from paddock.plan.plan import make_plan

        return make_plan(self.settings)

    @cached_property
    def session(self) -> boto3.Session:
        """Session as the identity by which the stack's provider signs."""
        from paddock.operations.aws_session import session_of_config

        return session_of_config(self.config)

    def resources(self) -> list[dict[str, Any]]:
        return list(self.engine.state().get("resources") or ())

    def bucket(self) -> str | None:
        """The stack's own store, once all of it is there."""
        return bucket_of(self.resources(), locked=self.settings.model.weights_lock_days is not None)

    def usd_per_month(self, part: str) -> float:
        """Price of the plan's lines with these words in their names."""
        return sum(line.usd_per_month for line in self.plan.price.lines if part in line.name)
