"""Text of a new stack file: every key with the reason why it stands there."""

from __future__ import annotations

import json
from datetime import date

from paddock import catalog
from paddock.operations.init.answers import Answers, Environment

DOORS = """\
  # The tunnel to the cluster's API (docs/access.md). IAM says who of the account may ssm:StartSession; `bastion: false`
  # closes both. `paddock prove` names a door that is not here, and prints its line.
  paddock:doors:
    - kind: endpoint
      resource: llama-ssmmessages
      who: operators by SSM
      reason: operators reach the cluster's API by `paddock tunnel`, whose sessions come in here
    - kind: instance
      resource: llama-bastion-instance
      who: operators by SSM
      reason: the machine at which the sessions of `paddock tunnel` end; it forwards to the cluster's API
"""

PROD = """\
  # One of two nodes, or one of three zones, may fail.
  paddock:replicas: 2
  paddock:number_of_availability_zones: 3
  paddock:endpoint_zones: all
  paddock:deletion_protection: true
  paddock:retain_weights: true
  paddock:log_retention_days: 365
"""

DEV = """\
  # `pulumi destroy` takes the weights too; `paddock deploy` copies them again.
  paddock:retain_weights: false
"""


def stack_text(stack: str, answers: Answers, today: date) -> str:
    """The whole file `stacks/Pulumi.<stack>.yaml`."""
    model, terms = catalog.model(answers.model or ""), answers.terms
    if answers.requests_per_second is None:
        load = (
            "  # Requests of the full context that one replica holds at once; of shorter ones it holds more.\n"
            f"  paddock:concurrent_requests: {answers.concurrent_requests}\n"
        )
    else:
        load = (
            "  # Rate over all replicas, of requests of this average size.\n"
            f"  paddock:requests_per_second: {answers.requests_per_second:g}\n"
            f"  paddock:input_tokens: {answers.input_tokens}\n"
            f"  paddock:output_tokens: {answers.output_tokens}\n"
        )
    domicile = f" Domicile or principal place of business, as stated: {answers.domicile}." if answers.domicile else ""
    return (
        "# yaml-language-server: $schema=schema.json\n"
        f"# {model.display_name} on an AWS account: this bills. Made by `paddock init {stack}` on {today}.\n"
        f"# `paddock deploy {stack}` brings it up and fills in the image; docs/settings.md describes every key.\n"
        "config:\n"
        f"  aws:region: {answers.region}\n"
        f"  paddock:model: {model.name}\n"
        f"{load}"
        f"{PROD if answers.environment is Environment.PROD else DEV}"
        f"  # {terms.title}: {terms.url}\n"
        f"  # Acceptable use: {terms.use_policy_url}{domicile and '.'}{domicile}\n"
        f"  # To be shown to users: {terms.notice}\n"
        "  paddock:license:\n"
        f"    license: {terms.name}\n"
        f"    by: {json.dumps((answers.by or '').strip(), ensure_ascii=False)}\n"
        f'    "on": "{today}"\n'
        f"{DOORS}"
    )
