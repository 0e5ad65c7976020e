"""ECR repositories: immutable tags, scanned images."""

from paddock.privacy.predicates.findings import UNKNOWN, Finding, Inputs, Problem, Undecided, required, value_at

REPOSITORY = "aws:ecr/repository:Repository"


def registry_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """ECR repositories whose tags can be moved or whose images nobody scans."""
    if resource_type != REPOSITORY:
        return []
    found: list[Finding] = []
    mutability = value_at(inputs, "imageTagMutability", "MUTABLE")
    if mutability is UNKNOWN:
        found.append(Undecided("imageTagMutability"))
    elif mutability != "IMMUTABLE":
        text = f"got {mutability}; a tag can be moved to other code; set it to IMMUTABLE"
        found.append(Problem("imageTagMutability", text))
    found += required(inputs, "imageScanningConfiguration.scanOnPush", wanted=True, why="known holes go unseen")
    return found
