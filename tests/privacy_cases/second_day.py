"""Second day: updates of a stack that stands, what leaves the program and stays on AWS, exceptions that hide more."""

from __future__ import annotations

import copy
from typing import Any

from tests.privacy_cases.case import Case, Right, fault, file_only
from tests.privacy_cases.harmless_aws import ALARM, CPU
from tests.privacy_cases.network import ATTACHMENT
from tests.privacy_cases.program import UNKNOWN, Change, Program, add, drop, each_of, merged
from tests.privacy_cases.values import EVERYWHERE, SUBNET, TABLE, TRANSIT, VPC, route
from tests.unit.privacy.proof.stacks import allow, document

PROOF = "paddock-stack-require-private-proof"
GATEWAY = "aws:ec2/internetGateway:InternetGateway"


def updated(kind: str, name: str, **values: Any) -> Change:
    """Next update changes a resource; a preview of it shows that step and no other, over the state."""

    def change(program: Program) -> None:
        old = program.one(kind, name)
        asked = copy.deepcopy(program)
        new = asked.one(kind, name)
        asked.given(new, values)
        step = {"op": "update", "urn": old["urn"], "oldState": old, "newState": {**new, "outputs": old["outputs"]}}
        program.steps = [*(program.steps or ()), step]

    return change


def taken_out(kind: str, name: str) -> Change:
    """Next update takes a resource out of the program."""

    def change(program: Program) -> None:
        old = program.one(kind, name)
        program.steps = [*(program.steps or ()), {"op": "delete", "urn": old["urn"], "oldState": old}]

    return change


def unseen_below(program: Program) -> None:
    """Preview without the state beneath: what it does not show may be anything."""
    program.data = {"steps": program.steps}
    program.steps = None


def excused(rule: str, type_: str, resource: str, about: str) -> Change:
    """Exception that the team made for something else of that name."""
    exception = {
        "type": type_,
        "resource": resource,
        "about": about,
        "reason": "agreed with the security team",
        "expires": "2099-12-31",
    }
    return lambda program: program.configured.update({rule: {"exceptions": [exception]}})


def standing(says: str, *changes: Change) -> Case:
    return Case(says, Right.PASS, each_of(changes), asks=frozenset({"proof"}))


TAG = updated("Vpc", "llama-vpc", tags=merged(team="search"))
RETAINED = {"retainOnDelete": True}

CASES = [
    standing("next update changes a tag, previewed over the state", TAG),
    standing("next update changes nothing", lambda program: setattr(program, "steps", [])),
    file_only("preview of one changed tag, without the state beneath", TAG, unseen_below),
    file_only(
        "gateway and route leave the program, and AWS keeps them: they are retained",
        add(GATEWAY, "debug", vpcId=VPC, by_engine=RETAINED),
        add(
            "aws:ec2/route:Route",
            "debug",
            routeTableId=TABLE,
            destinationCidrBlock=EVERYWHERE,
            gatewayId="debug-id",
            by_engine=RETAINED,
        ),
        taken_out("Route", "debug"),
        taken_out("InternetGateway", "debug"),
    ),
    standing(
        "gateway leaves the program, and AWS deletes it",
        add(GATEWAY, "debug", vpcId=VPC),
        taken_out("InternetGateway", "debug"),
    ),
    file_only("next update takes the bucket policy away", taken_out("BucketPolicy", "llama-store")),
    file_only(
        "next update opens the policy of the S3 endpoint",
        updated("VpcEndpoint", "llama-s3", policy=document(allow())),
    ),
    file_only(
        "next update sets a bucket policy that only it will know",
        updated("BucketPolicy", "llama-store", policy=UNKNOWN),
    ),
    fault(
        "exception for an alarm hides a transit gateway and a route of the same name",
        add(ALARM, "hub", **CPU),
        add(ATTACHMENT, "hub", vpcId=VPC, transitGatewayId=TRANSIT, subnetIds=[SUBNET]),
        lambda program: (
            route("transitGatewayId", TRANSIT)(program),
            program.resources[-1].update(urn=program.resources[-1]["urn"].replace("mutant-route", "hub")),
        ),
        excused(PROOF, ALARM, "hub", "unknown-type"),
    ),
    fault(
        "exception for the VPC's names of one month hides that all names pass now",
        drop("ResolverFirewallRuleGroupAssociation"),
        excused(PROOF, "aws:ec2/vpc:Vpc", "llama-vpc", "a managed list of AWS"),
    ),
]
