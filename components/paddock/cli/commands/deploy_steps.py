"""Steps of `paddock deploy`, put together of the library's parts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from paddock.catalog.lookup import RefusedError
from paddock.cli.commands.deploy_copies import Images, Weights
from paddock.cli.commands.deploy_ingest import Ingest
from paddock.cli.commands.deploy_store import Store
from paddock.cli.commands.deploy_target import Target
from paddock.operations.deploy.steps import Look, Tell

if TYPE_CHECKING:
    from paddock.operations.chat.conversation import Spoken
    from paddock.operations.chat.deployed import Deployed

FIRST_PROMPT = "Say hello in one short sentence."
FIRST_TOKENS = 64


@dataclass
class Preflight:
    """All that would fail, before anything bills."""

    target: Target
    name: str = "preflight"

    @property
    def own_command(self) -> str:
        return f"paddock preflight {self.target.stack}"

    def look(self) -> Look:
        return Look(done=False, text="checks account, place, contents and way; reads only")

    def do(self, tell: Tell) -> str:
        from paddock.cli.parsing.stack import asked_of
        from paddock.operations.preflight.checks import STEPS_TO_COME, preflight

        asked, session = asked_of(self.target.stack, self.target.file)
        report = preflight(asked, session, later=STEPS_TO_COME)
        for row in report.failed:
            tell(f"{row.name}: {row.found}{f'; needed: {row.needed}' if row.needed else ''}")
            if row.mend:
                tell(f"  {row.mend}")
        if report.failed:
            raise RefusedError(f"{report.summary}; nothing was begun, and `{self.own_command}` shows the whole table")
        return report.summary


@dataclass
class Up:
    """All of the platform, by the project's own program."""

    target: Target
    name: str = "up"

    @property
    def own_command(self) -> str:
        return f"pulumi up --stack {self.target.stack}"

    def look(self) -> Look:
        plan = self.target.plan
        if self.target.engine.stands(plan.digest, self.target.file):
            return Look(done=True, text="it stands as planned; `pulumi up` finds changes of the program itself")
        placement = plan.model.placement
        minutes = (plan.model.pull_seconds + plan.model.probes.startup_seconds) // 60
        return Look(
            done=False,
            text=f"network, cluster, {placement.nodes} x {placement.instance_type}, {plan.model.display_name}; EKS "
            f"takes about ten minutes, the model up to {minutes} more",
            cost=f"${plan.price.usd_per_hour:,.2f} an hour from here on",
        )

    def do(self, tell: Tell) -> str:
        from paddock.operations.chat.way import opened_tunnel

        settings = self.target.settings
        port = settings.tunnel_port if settings.has_bastion else None
        with opened_tunnel(self.target.stack, settings.region, port, lambda text: tell(f"tunnel: {text}"), wait=True):
            self.target.engine.up()
        return "it stands"


@dataclass
class FirstRequest:
    """One real completion through the way that clients of this machine take."""

    target: Target
    name: str = "request"
    spoken: Spoken | None = field(default=None)
    deployed: Deployed | None = field(default=None)

    @property
    def own_command(self) -> str:
        return f"paddock chat {self.target.stack} --prompt TEXT"

    def look(self) -> Look:
        return Look(done=False, text=f"asks the model: “{FIRST_PROMPT}”")

    def do(self, tell: Tell) -> str:
        from paddock.operations.chat.conversation import Conversation
        from paddock.operations.chat.deployed import api_key_of, deployed_of
        from paddock.operations.chat.way import reached

        target = self.target
        config = target.config
        self.deployed = deployed_of(target.stack, target.engine.outputs(), target.settings, config)
        key = api_key_of(target.stack, target.folder, config)
        with reached(self.deployed, lambda text: tell(f"tunnel: {text}")) as url:
            talk = Conversation(url, self.deployed.model, key, FIRST_TOKENS)
            self.spoken = talk.ask(FIRST_PROMPT, lambda _: None)
        if self.spoken.stopped:
            raise KeyboardInterrupt
        if not self.spoken.text:
            raise RefusedError("the model answered with nothing; `paddock chat` asks again")
        return f"“{' '.join(self.spoken.text.split())}”"


def require_license(target: Target) -> None:
    """Raises `RefusedError` where nobody accepted the model's license: nothing is fetched or served before."""
    model = target.settings.model.entry
    if not target.plan.model.license:
        raise RefusedError(
            f"nobody accepted the license of {model.name}, {model.license} ({model.license_url}); read it, then set "
            f"paddock:license in {target.file}: license: {model.license}, by: <name>, on: <day>"
        )


def steps_of(target: Target, *, from_laptop: bool = False) -> list[Any]:
    """All steps, in order."""
    from paddock.operations.deploy.wire import way, wire_time

    model, ingest = target.plan.model, target.plan.ingest
    chosen = way(model.source, has_build=ingest is not None, from_laptop=from_laptop)
    store, copies = Store(target, chosen.in_aws), list[Any]()
    if chosen.in_aws:
        copies = [Ingest(target, store, Images(target), Weights(target), chosen.how)]
    else:
        took = wire_time(model.weights_bytes)
        copies = [Images(target, chosen.how), Weights(target, f"{chosen.how}, {took}")]
    return [Preflight(target), store, *copies, Up(target), FirstRequest(target)]
