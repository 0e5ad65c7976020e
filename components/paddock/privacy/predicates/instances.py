"""Instance metadata service, from which a pod could borrow its node's identity."""

from paddock.privacy.predicates.findings import UNKNOWN, Finding, Inputs, Problem, Undecided, value_at

MACHINES = frozenset({"aws:ec2/instance:Instance", "aws:ec2/launchTemplate:LaunchTemplate"})


def instance_metadata_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """Metadata that answers without a token, or over more than one hop and so to pods."""
    if resource_type not in MACHINES:
        return []
    options = inputs.get("metadataOptions")
    if options is UNKNOWN:
        return [Undecided("metadataOptions")]
    if value_at(inputs, "metadataOptions.httpEndpoint") == "disabled":
        return []
    found: list[Finding] = []
    for key, wanted, why in (
        ("httpTokens", "required", "without tokens a forged request is enough to read the node's credentials"),
        ("httpPutResponseHopLimit", "1", "a second hop reaches into pods"),
    ):
        path = f"metadataOptions.{key}"
        got = value_at(inputs, path)
        if got is UNKNOWN:
            found.append(Undecided(path))
        elif str(got) != wanted:
            found.append(Problem(path, f"got {got}; {why}; set it to {wanted}"))
    return found
