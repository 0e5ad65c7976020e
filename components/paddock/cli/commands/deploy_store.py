"""Step of `paddock deploy` that makes the store, and the project of the build that fills it."""

from __future__ import annotations

from dataclasses import dataclass

from paddock.catalog.lookup import RefusedError
from paddock.cli.commands.deploy_target import Target
from paddock.operations.deploy.state import BUILD, STORE, build_project_of
from paddock.operations.deploy.steps import Look, Tell

PLATFORM = "llama"
"""Name of the LlamaPlatform in __main__.py."""
PLATFORM_TYPE = "paddock:index:LlamaPlatform"


@dataclass
class Store:
    """Bucket and key, the project of the build that fills it where it is to, and nothing else of the platform."""

    target: Target
    with_build: bool = False
    name: str = "store"
    made: bool = False

    @property
    def own_command(self) -> str:
        return f"pulumi up --stack {self.target.stack}"

    def look(self) -> Look:
        adopted = self.target.settings.model.weights_bucket
        bucket = adopted or self.target.bucket()
        project = build_project_of(self.target.resources()) if self.with_build else None
        there = f"the bucket {bucket} is {'named by paddock:weights_bucket' if adopted else 'there'}"
        build = "the project of the build that copies images and weights"
        if bucket and (project or not self.with_build):
            return Look(done=True, text=there + (f", and the build's project {project}" if project else ""))
        if bucket:
            return Look(done=False, text=f"{there}; makes {build}", cost="costs nothing while no build runs")
        keys = self.target.usd_per_month("KMS keys")
        return Look(
            done=False,
            text="makes the encrypted bucket for the weights and its key, "
            + (f"{build}, " if self.with_build else "")
            + "and nothing else yet",
            cost=f"up to ${keys:,.2f} a month for keys, and S3 for what is put there",
        )

    def do(self, tell: Tell) -> str:
        self.make(tell)
        adopted = self.target.settings.model.weights_bucket
        bucket = adopted or self.target.bucket()
        if bucket is None or (self.with_build and build_project_of(self.target.resources()) is None):
            raise RefusedError("the store is not whole after its update; run it again")
        return f"the bucket {bucket} is there" + (", and the build's project" if self.with_build else "")

    def make(self, tell: Tell) -> None:
        """Make what is lacking and bring up to date what is there, once in a deployment."""
        if self.made:
            return
        plan = self.target.plan
        tell("by a program of its own, for these objects alone")

        def program() -> None:
            import pulumi

            from paddock.operations.ingest.project import ingest_project
            from paddock.weights.planned import weights_store

            # The URNs that the project's own program gives them.
            parent = pulumi.ResourceOptions(parent=pulumi.ComponentResource(PLATFORM_TYPE, PLATFORM))
            weights = weights_store(PLATFORM, plan, parent)
            if self.with_build:
                ingest_project(PLATFORM, plan, weights, parent)

        targets = [f"**{PLATFORM_TYPE}::{PLATFORM}", f"**{STORE}**", *([f"**{BUILD}**"] if self.with_build else [])]
        self.target.engine.up(targets, program)
        self.made = True
