"""Container images: by digest, or by a tag that can be moved; from private ECR, or from elsewhere."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from paddock.privacy.predicates.findings import Finding, Problem, Undecided
from paddock.privacy.predicates.types import ENDPOINT, may_hold_pods
from paddock.privacy.predicates.values import UNKNOWN, Inputs
from paddock.privacy.resource import Resource

_NAME = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_REGISTRY = r"(?:[A-Za-z0-9.-]+(?::[0-9]+)?/)?"
IMAGE_BY_DIGEST = re.compile(rf"{_REGISTRY}{_NAME}(?:/{_NAME})*@sha256:[0-9a-f]{{64}}")
"""Grammar of distribution/reference, without its optional tag."""

Fault = Callable[[str], str | None]

OWN_REGISTRY = re.compile(
    r"(?P<account>[0-9]{12})\.dkr[.-]ecr(?:-fips)?\."
    r"(?P<region>cn-[a-z0-9-]+(?=\.amazonaws\.com\.cn/)|(?!cn-)[a-z0-9-]+(?=\.amazonaws\.com/))\.amazonaws\.com(?:\.cn)?/"
)
"""Private ECR registry, in China under a domain of its own; the node's IAM role and the endpoint's policy decide of
which account."""

LONGEST_IMAGE = 500
"""Characters of an image in a message: twice what ECR takes as a repository."""

IMAGE_FORM = "<repository>@sha256:<64 hex digits>"

OPAQUE_RELEASE = "kubernetes:helm.sh/v3:Release"
USE_A_CHART = "use kubernetes.helm.v4.Chart, which registers each object"
NOT_IMAGES_UNDER = frozenset({"matchLabels", "metadata", "nodeSelector", "rbd", "selector", "status"})
"""Keys of labels and Ceph volumes, which have an `image` too."""

LEADS_TO_IMAGES = frozenset(
    {"container", "containers", "ephemeralContainers", "image", "initContainers", "items", "jobTemplate", "reference"}
    | {"leaderTemplate", "leaderWorkerTemplate", "podTemplate", "spec", "template", "volumes", "workerTemplate"}
)
"""Keys under which an unknown value may hide an image; an unknown argument or address elsewhere may not."""


def image_problem(image: str) -> str | None:
    """Fault of an image that may change under its pods, and what to write instead; None for an image by digest."""
    if IMAGE_BY_DIGEST.fullmatch(image):
        return None
    image = _shown(image)
    repository, at, digest = image.partition("@")
    if at and IMAGE_BY_DIGEST.fullmatch(f"{repository.rpartition(':')[0]}@{digest}"):
        return f"'{image}' has a tag beside its digest, which only misleads as it is ignored; write {IMAGE_FORM}"
    if at:
        return f"'{image}' has no valid name and digest; write {IMAGE_FORM}"
    return f"'{image}' is named by a tag, and a tag can be moved to other code; write {IMAGE_FORM}"


def _shown(image: str) -> str:
    """Image on one line, cut where no registry would take it."""
    text = image[:LONGEST_IMAGE]
    return text if text.isprintable() else ascii(text)[1:-1]


def registry_problem(image: str) -> str | None:
    """Fault of an image that nodes in a private VPC cannot pull; None for one in a private ECR registry."""
    if OWN_REGISTRY.match(image):
        return None
    return f"'{_shown(image)}' is not in a private ECR registry, and nodes reach no other; copy it there"


def ecr_home(image: str) -> tuple[str, str]:
    """Account and region of a private ECR registry; empty texts for an image in another."""
    found = OWN_REGISTRY.match(image)
    return (found["account"], found["region"]) if found else ("", "")


def images_elsewhere(resources: Iterable[Resource]) -> Iterator[tuple[str, str]]:
    """Images in private ECR that the stack's endpoints do not lead to: of another region, or of an account not named.

    Both as (URN of the object, fault).
    """
    resources = list(resources)
    endpoints = [(str(each.values.get("serviceName")), each) for each in resources if each.type == ENDPOINT]
    regions = {service.split(".")[2] for service, _ in endpoints if service.startswith("com.amazonaws.")}
    policies = " ".join(str(each.values.get("policy")) for service, each in endpoints if service.endswith(".ecr.dkr"))
    accounts = set(re.findall(r"\b[0-9]{12}\b", policies))

    def fault(image: str) -> str | None:
        account, region = ecr_home(image)
        if regions and region and region not in regions:
            return f"'{_shown(image)}' is in {region}, but the stack's endpoints are in {', '.join(sorted(regions))}"
        if account and accounts and account not in accounts:
            return f"'{_shown(image)}' is of account {account}, which no policy of the stack's endpoint for ECR names"
        return None

    for each in resources:
        for found in _findings_of(fault)(each.type, each.values):
            if isinstance(found, Problem):
                yield each.urn, f"{found.path}: {found.text}; nodes cannot reach it, copy it there"


def _findings_of(fault: Fault) -> Callable[[str, Inputs], list[Finding]]:
    """Predicate of the images of any Kubernetes object, custom resources included.

    Every key `image` is one, wherever it sits, as is the reference of an image volume. A field that a custom
    resource calls something else is not seen.
    """

    def findings(resource_type: str, inputs: Inputs) -> list[Finding]:
        if resource_type == OPAQUE_RELEASE:
            return [Problem("chart", f"the images of a Helm release are unseen here; {USE_A_CHART}")]
        return list(_images("", "", inputs, fault)) if may_hold_pods(resource_type) else []

    return findings


image_findings = _findings_of(image_problem)
foreign_image_findings = _findings_of(registry_problem)


def _images(path: str, key: str, value: object, fault: Fault) -> Iterator[Finding]:
    if value is UNKNOWN:
        if key in LEADS_TO_IMAGES:
            yield Undecided(path)
    elif key == "image" and isinstance(value, str):
        if problem := fault(value):
            yield Problem(path, problem)
    elif key == "image" and isinstance(value, Mapping) and "reference" in value:
        yield from _images(f"{path}.reference", "image", value["reference"], fault)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if name not in NOT_IMAGES_UNDER:
                yield from _images(f"{path}.{name}" if path else name, name, inner, fault)
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _images(f"{path}[{i}]", key, inner, fault)
