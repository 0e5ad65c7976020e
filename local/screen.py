"""The last screen of `make up`: what stands here now, what of it is real, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from local.processes.cloud import CloudError
from paddock.cli.screens.plan import plan_screen
from paddock.plan.plan import Plan, PlanError, make_plan
from paddock.settings import SettingsError, parse_settings, settings_of_stack

REAL = (
    "the Pulumi engine and its Kubernetes provider; the program and its components; the Kubernetes API server, "
    "scheduler, controllers and etcd: the vLLM pod was accepted, placed and bound as on EKS"
)
EMULATED = (
    "AWS (a moto server that checks shapes and references, and bills nothing); nodes and kubelets (kwok): no container "
    "runs, no image is pulled, no GPU computes"
)
STAND_IN_ANSWERS = "a stand-in answers there and says so, as no container runs here; on AWS the same asks the model:"
NOT_SHOWN = "how fast AWS acts, its quotas and free capacity, and what the model answers"


def plan_of_stack_file(file: Path) -> Plan:
    """The plan that the program makes of the same file; what it would refuse is refused before a build."""
    written = yaml.safe_load(file.read_text()) or {}
    try:
        values = dict(settings_of_stack(written.get("config") or {}))
        region = values.pop("region")
        return make_plan(parse_settings(values, region=region))
    except (PlanError, SettingsError) as refused:
        raise CloudError(f"{file.name}: {refused}") from refused


def last_screen(stack: str, plan: Plan, outputs: Mapping[str, Any], aws_url: str) -> RenderableType:
    """The end of `make up`."""
    return Group(
        Text(),
        Rule(f"[bold]{escape(plan.model.display_name)} is up in the local cloud[/]", align="left"),
        plan_screen(plan),
        Text(),
        _pairs("Now", _now(outputs)),
        _pairs("What this is", {"real": REAL, "emulated": EMULATED, "not shown": NOT_SHOWN}),
        _pairs(
            "Look around",
            {
                "make shell": "a shell in which pulumi, aws and kubectl talk to the local cloud; in it, for example:",
                "  kubectl get pods -A -o wide": "the vLLM pod and the node that the scheduler chose",
                "  kubectl describe nodes": "what each emulated instance offers, and what is taken",
                "  aws eks list-clusters": f"the same as aws --endpoint-url {aws_url} eks list-clusters",
                "  pulumi stack output": "what another stack could read",
                "make status": "the stack, its price, pods and nodes, and the processes behind them",
            },
        ),
        _pairs(
            "Next",
            {
                "another model": f"edit paddock:model in stacks/Pulumi.{stack}.yaml (`paddock models` lists them), and "
                "paddock:license where the new model's is another, "
                "then `pulumi preview` in `make shell`, or `make up` again",
                "remove all of it": "make down",
            },
        ),
    )


def _now(outputs: Mapping[str, Any]) -> dict[str, str]:
    """Endpoint and weights, and how one would ask the model."""
    endpoint = str(outputs.get("endpoint", "none"))
    host, namespace = (urlsplit(endpoint).hostname or ""), outputs.get("namespace", "default")
    service = host.partition(".")[0]
    if host.endswith(".svc.cluster.local"):
        port = urlsplit(endpoint).port
        ask = {
            f"  kubectl -n {namespace} port-forward service/{service} {port}": "brings it to this machine",
            f"  curl http://127.0.0.1:{port}/v1/models": "asks what it serves",
        }
    else:
        ask = {f"  curl {endpoint}/models": "asks what it serves, from the networks that may"}
    return {
        "endpoint": endpoint,
        "weights": str(outputs.get("weights_uri", "none")),
        "ask the model": STAND_IN_ANSWERS,
        **ask,
        f"  kubectl -n {namespace} logs deploy/{service}": "what vLLM says",
    }


def _pairs(title: str, pairs: Mapping[str, str]) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="cyan", no_wrap=True)
    table.add_column()
    for name, value in pairs.items():
        table.add_row(escape(f"  {name}"), escape(value))
    return Group(Text(title, style="bold"), table, Text())
