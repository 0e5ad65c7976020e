"""Step of `paddock deploy` that has a build of AWS copy images and weights, without this machine's wire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from paddock.catalog.lookup import RefusedError
from paddock.operations.deploy.steps import Look, Tell

if TYPE_CHECKING:
    from paddock.cli.commands.deploy_copies import Images, Weights
    from paddock.cli.commands.deploy_store import Store
    from paddock.cli.commands.deploy_target import Target
    from paddock.operations.ingest.run import Project


@dataclass
class Ingest:
    """Images and weights by one build, which goes on whatever happens here."""

    target: Target
    store: Store
    """The step that makes the build's project."""
    images: Images
    weights: Weights
    how: str
    name: str = "ingest"

    @property
    def own_command(self) -> str:
        return f"paddock ingest start {self.target.stack}"

    def look(self) -> Look:
        from paddock.operations.deploy.wire import wire_time

        images, weights = self.images.look(), self.weights.look()
        lacking = [each for each in (images, weights) if not each.done]
        if not lacking:
            return Look(done=True, text=f"{images.text}; {weights.text}")
        text = f"{self.how}: {'; '.join(each.text for each in lacking)}"
        if not weights.done:
            took = wire_time(self.target.plan.model.weights_bytes)
            text += f"; by this machine's wire the weights alone would take {took}"
        return Look(done=False, text=text, cost=f"{lacking[-1].cost}; CodeBuild bills the build by the minute")

    def do(self, tell: Tell) -> str:
        """Follow the build that runs, or one that is started; pin what came once it is verified.

        Every run begins with what is there, so one that was cut off after the build's end starts no other.
        """
        from paddock.cli.screens.ingest import Lines
        from paddock.operations.ingest.builds import variables_of
        from paddock.operations.ingest.run import follow_running, ingest

        images = None if self.images.look().done else self.images.wanted(tell)
        copy = None if self.weights.look().done else self.weights.copy()
        if copy is not None:
            # Before hours of copying: what it refuses, it would refuse afterwards.
            copy.signer()

        def lacking() -> tuple[list[str], str | None]:
            """Kinds that are not there yet, and the revision that is."""
            revision = None if copy is None else self.weights.arrived(copy)
            lacks = [] if images is None or self.images.are_there(*images) else ["images"]
            return [*lacks, "weights"] if copy is not None and revision is None else lacks, revision

        try:
            # Whoever started it: two at once would copy the same twice, and its end may be all that is lacking.
            follow_running(self._project(), Lines(tell))
            missing, revision = lacking()
            if missing:
                self.store.make(tell)
                variables = variables_of(
                    self.target.config,
                    source=None,
                    revision=self.target.settings.model.weights_revision,
                    images="images" in missing,
                    weights="weights" in missing,
                )
                ingest(self._project(), variables, Lines(tell))
                missing, revision = lacking()
        except KeyboardInterrupt:
            tell(f"a build that was started goes on in AWS; `paddock ingest follow {self.target.stack}` shows it")
            raise
        if missing:
            raise RefusedError(
                f"the build succeeded, and of what it was to copy the {' and the '.join(missing)} are not there; its "
                f"log says what it did: `paddock ingest follow {self.target.stack}`"
            )
        pinned = [] if images is None else [self.images.pin(*images, tell)]
        if copy is not None and revision is not None:
            pinned.append(self.weights.pin(revision, copy.plan, tell))
        return "; ".join(pinned)

    def _project(self) -> Project:
        from paddock.operations.deploy.state import build_project_of
        from paddock.operations.ingest.run import Project

        name = build_project_of(self.target.resources())
        if name is None:
            raise RefusedError("the build's project is not there; run it again")
        return Project(name, self.target.session)
