"""Reading of a stack that stands: EKS, the parameters of AMIs, quotas, and Kubernetes through `kubectl`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from paddock.catalog.lookup import RefusedError
from paddock.cluster.kubeconfig import Signer
from paddock.common.inputs import LABEL
from paddock.operations.doctor.facts import Addon, Found, Inside, NodeGroup, Standing
from paddock.operations.doctor.kube import line
from paddock.operations.doctor.kubectl import Say, look_inside, not_reached, stack_outputs, way
from paddock.operations.preflight.account import Account
from paddock.operations.preflight.facts import Asked, NoCaller
from paddock.operations.preflight.reading import NO_ANSWER
from paddock.operations.preflight.row import Unseen

if TYPE_CHECKING:
    import boto3

PARAMETERS = {
    "BOTTLEROCKET_x86_64": "/aws/service/bottlerocket/aws-k8s-{version}/x86_64/latest/image_version",
    "BOTTLEROCKET_x86_64_NVIDIA": "/aws/service/bottlerocket/aws-k8s-{version}-nvidia/x86_64/latest/image_version",
    "AL2023_x86_64_STANDARD": "/aws/service/eks/optimized-ami/{version}/amazon-linux-2023/x86_64/standard/recommended/"
    "release_version",
    "AL2023_x86_64_NVIDIA": "/aws/service/eks/optimized-ami/{version}/amazon-linux-2023/x86_64/nvidia/recommended/"
    "release_version",
}
"""Parameters of Systems Manager with the newest release of an AMI, by EKS's type. Sources: EKS user guide,
retrieve-ami-id and retrieve-ami-id-bottlerocket, read 2026-11-29."""


def found_of(asked: Asked, session: boto3.Session, signer: Signer, say: Say) -> Found:
    """All facts; a cluster that is not there, or that no way leads to, is asked for nothing more."""
    account = StandingAccount(asked, session, counts_own=True)
    caller = account.caller()
    if isinstance(caller, NoCaller):
        account.dark = Unseen("not asked, as AWS does not know the caller")
    elif isinstance(caller, Unseen) and caller.why.startswith(NO_ANSWER):
        account.dark = caller
    cluster = account.see(account.standing)
    none = Unseen("there is no cluster to ask")
    stands = cluster if isinstance(cluster, Standing) else None
    outputs = stack_outputs(asked.stack)
    return Found(
        caller=caller,
        cluster=cluster,
        groups=account.see(lambda: account.groups(stands)) if stands else none,
        addons=account.see(lambda: account.addons(stands)) if stands else none,
        quotas=account.quotas(),
        vcpus_in_use=account.see(account.vcpus_in_use),
        inside=_inside(asked, stands, _namespace(asked, outputs), signer, say) if stands and stands.endpoint else none,
        outputs=outputs,
    )


def _namespace(asked: Asked, outputs: Mapping[str, object] | Unseen) -> str:
    """The stack's own word, else the platform's name, which is the same."""
    named = "" if isinstance(outputs, Unseen) else str(outputs.get("namespace", ""))
    return named if LABEL.fullmatch(named) else asked.name


def _inside(asked: Asked, standing: Standing, namespace: str, signer: Signer, say: Say) -> Inside | Unseen:
    cluster = asked.plan.cluster
    try:
        with way(
            asked.cluster,
            asked.region,
            standing,
            bastion=cluster.bastion,
            port=cluster.tunnel_port,
            signer=signer,
            say=say,
        ) as kubectl:
            return look_inside(kubectl, namespace)
    except RefusedError as refused:
        return not_reached(refused)


class StandingAccount(Account):
    def standing(self) -> Standing | None:
        found = self.cluster()
        if found is None:
            return None
        return Standing(
            status=str(found["status"]),
            version=str(found["version"]),
            endpoint=str(found.get("endpoint") or ""),
            certificate_authority=str(found.get("certificateAuthority", {}).get("data", "")),
            issues=_issues(found, "message"),
        )

    def groups(self, cluster: Standing) -> tuple[NodeGroup, ...]:
        eks, name = self._of("eks"), self._asked.cluster
        found = self._pages("eks", "list_nodegroups", "nodegroups", clusterName=name)
        described = [eks.describe_nodegroup(clusterName=name, nodegroupName=each)["nodegroup"] for each in found]
        return tuple(
            NodeGroup(
                name=line(str(each["nodegroupName"])),
                status=str(each["status"]),
                issues=_issues(each, "message"),
                wanted=int(each.get("scalingConfig", {}).get("desiredSize", 0)),
                release=str(each.get("releaseVersion", "")),
                newest_release=self._newest_release(
                    str(each.get("amiType", "")), str(each.get("version") or cluster.version)
                ),
            )
            for each in described
        )

    def _newest_release(self, ami_type: str, version: str) -> str | Unseen:
        if ami_type not in PARAMETERS:
            return Unseen(f"no release is known of AMIs of the type {line(ami_type)[:40] or 'that is not said'}")
        name = PARAMETERS[ami_type].format(version=version)
        return self.see(lambda: line(str(self._of("ssm").get_parameter(Name=name)["Parameter"]["Value"])))

    def addons(self, cluster: Standing) -> tuple[Addon, ...]:
        eks, name = self._of("eks"), self._asked.cluster
        made = []
        for each in self._pages("eks", "list_addons", "addons", clusterName=name):
            addon = eks.describe_addon(clusterName=name, addonName=each)["addon"]
            made.append(
                Addon(
                    name=line(str(addon["addonName"])),
                    status=str(addon["status"]),
                    issues=_issues(addon, "message"),
                    version=str(addon["addonVersion"]),
                    default_version=self.see(lambda wanted=each: self._default(wanted, cluster.version)),  # type: ignore[misc]
                )
            )
        return tuple(made)

    def _default(self, addon: str, version: str) -> str | Unseen:
        found = self._pages("eks", "describe_addon_versions", "addons", addonName=addon, kubernetesVersion=version)
        for each in (release for described in found for release in described["addonVersions"]):
            if any(fit.get("defaultVersion") for fit in each.get("compatibilities", ())):
                return str(each["addonVersion"])
        return Unseen(f"EKS names no default of {addon} for {version}")


def _issues(described: Mapping[str, Any], said: str) -> tuple[str, ...]:
    return tuple(
        line(f"{each.get('code', 'issue')}: {each.get(said, '')}")
        for each in described.get("health", {}).get("issues", ())
    )
