"""IAM policy documents, read by shape: whom an Allow lets in, whose resources it leads to, and what a Deny closes.

A statement is safe only in a shape named here. `own` tells what is the stack's: its account, a resource of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from typing import Any

from paddock.privacy.predicates.facts import names
from paddock.privacy.predicates.findings import Door, Finding, Problem, Result, Undecided
from paddock.privacy.predicates.values import UNKNOWN, Inputs, values_at

IDENTITY_DOCUMENTS: Mapping[str, str] = {
    "aws:iam/groupPolicy:GroupPolicy": "policy",
    "aws:iam/policy:Policy": "policy",
    "aws:iam/role:Role": "inlinePolicies[].policy",
    "aws:iam/rolePolicy:RolePolicy": "policy",
    "aws:iam/userPolicy:UserPolicy": "policy",
}
"""Identity policies: what their holder may do."""

KNOWN_KEYS = frozenset({"Sid", "Effect", "Principal", "Action", "Resource", "Condition"})
"""Keys of a statement that names what it is about; the others, `Not…`, name what it is not about."""
READS_OBJECTS = ("s3:getobject", "s3:getobjectversion")
"""Actions that read an object; an old version of it is read by an action of its own."""
BY_AWS_ALONE = "services of AWS"
ACCOUNT = re.compile(r"[0-9]{12}")
ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}(/.*)?")
"""Organization by its id, or what is below it. Source: OrganizationId of botocore's organizations, read 2026-11-28."""
NETWORK = re.compile(r"vpce?-[0-9a-f]+")
SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?")
SUBJECT = re.compile(r"system:serviceaccount:[^:*?$]+:[^$]+|[^*?$/]+/[^*?$/:]+.*|[^*?$]+")
"""Subject of an OpenID Connect provider, with its owner named: a namespace, a repository; a wildcard may follow."""
ALONE = re.compile("|".join(names("actions_alone")))
UNSEEN = ", and who that is is not seen here"
NOT_A_DOCUMENT = "not an IAM document in JSON, so nobody can say what it allows"

Own = Callable[[str], bool]


class DocumentError(Exception):
    """Text that is no policy document; the message says why."""


def statements(document: object) -> list[Mapping[str, Any]]:
    """Statements of a policy document; raises `DocumentError`, also for a document that is not known yet."""
    if document is UNKNOWN:
        raise DocumentError("its policy is not known before the update")
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except (ValueError, RecursionError):
            raise DocumentError("its policy is not JSON") from None
    if not isinstance(document, Mapping) or document.get("Statement") is None:
        raise DocumentError("its policy has no Statement")
    found = as_list(document["Statement"])
    if not all(isinstance(each, Mapping) and each.get("Effect") in ("Allow", "Deny") for each in found):
        raise DocumentError("a statement of its policy has no Effect")
    return found


def as_list(value: Any) -> list[Any]:
    """List of one value or several, as IAM allows both."""
    return [] if value is None else list(value) if isinstance(value, list) else [value]


def texts(value: object) -> list[str]:
    return [str(each) for each in as_list(value)]


def conditions(statement: Mapping[str, Any]) -> list[tuple[str, str, list[str]]]:
    """Conditions as (operator, key, values), the first two in lower case."""
    found = []
    given = statement.get("Condition") or {}
    for operator, keys in given.items() if isinstance(given, Mapping) else [("", given)]:
        for key, values in keys.items() if isinstance(keys, Mapping) else [("", keys)]:
            found.append((str(operator).lower(), str(key).lower(), texts(values)))
    return found


def equal_to(statement: Mapping[str, Any], keys: Collection[str]) -> list[str] | None:
    """Values that a positive condition ties one of `keys` to; None without such a condition."""
    tied = [v for operator, key, v in conditions(statement) if operator in names("equals") and key in keys and v]
    return min(tied, key=lambda values: sum(not _names_somebody(each) for each in values)) if tied else None


def principals(statement: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Principals as (kind, name); `*` for everyone, and for everyone but some."""
    named = "*" if "NotPrincipal" in statement else statement.get("Principal", "*")
    if named == "*":
        return [("AWS", "*")]
    # A text of its own is a principal to AWS only if it is `*`.
    of_kinds = named if isinstance(named, Mapping) and named else {"Principal": named}
    return [(str(kind), each) for kind, names in of_kinds.items() for each in texts(names) or [str(names)]]


def everyone(statement: Mapping[str, Any]) -> bool:
    return "NotPrincipal" not in statement and principals(statement) == [("AWS", "*")]


def account_of(value: str) -> str:
    """Account of an ARN, or the account that the value is; empty for anything else."""
    parts = value.split(":", 5)
    named = parts[4] if len(parts) == 6 and parts[0] == "arn" else value
    return named if ACCOUNT.fullmatch(named) else ""


def _names_somebody(value: str) -> bool:
    """True for a value that names an account, an organization, a network or a bucket, whatever wildcard is below it."""
    return bool(account_of(value) or ORGANIZATION.fullmatch(value) or NETWORK.fullmatch(value) or bucket_of(value))


def bucket_of(arn: str) -> str:
    """Bucket of an ARN, or of an object in it; empty where a wildcard leaves open which."""
    parts = in_any_partition(arn).split(":", 5)
    name = parts[5].partition("/")[0] if len(parts) == 6 and parts[:3] == ["arn", "aws", "s3"] else ""
    return "" if set("*?$") & set(name) else name


def _named(path: str, values: list[str], own: Own, says: str) -> Iterator[Result]:
    """Doors to those of `values` who are not of the stack's account; a problem for one that names nobody."""
    for each in dict.fromkeys(values):
        text, named = says.format(each), _names_somebody(each)
        if set("*?$") & set(each) and not named:
            yield Problem(path, f"{text}, which is anybody; name accounts, roles or an organization")
        elif not own(each):
            yield Door(each, f"{text}, by name") if named else Undecided(path, f"{text}{UNSEEN}")


def lets_in(
    path: str, document: object, own: Own, does: str, spared: Callable[[Mapping[str, Any]], bool] = lambda _: False
) -> Iterator[Result]:
    """Principals that a resource policy lets in, those of the stack's own account and of spared statements aside."""
    try:
        found = statements(document)
    except DocumentError as error:
        yield Undecided(path, str(error))
        return
    for statement in found:
        if statement["Effect"] == "Allow" and not spared(statement):
            yield from _lets_in(path, statement, own, does)


def _lets_in(path: str, statement: Mapping[str, Any], own: Own, does: str) -> Iterator[Result]:
    if extra := set(statement) - KNOWN_KEYS - {"NotAction", "NotResource"}:
        yield Problem(path, f"{', '.join(sorted(extra))} lets in all who are not named; name who may")
        return
    held = equal_to(statement, {**names("principal_keys"), **names("network_keys")})
    for kind, who in principals(statement):
        if kind == "Service" and SERVICE.fullmatch(who):
            if "assume" in does:  # a service takes a role in the role's own account alone
                if who not in names("role_services"):
                    yield Door(who, f"{who} {does} for whoever it lets in, by name")
            elif source := equal_to(statement, names("source_keys")):
                yield from _named(path, source, own, f"{who} {does} for {{}}")
            else:
                yield Problem(path, f"{who} {does} for any account; add a condition on aws:SourceAccount")
        elif kind == "Federated":
            subjects = equal_to(statement, {key for _, key, _ in conditions(statement) if key.endswith(":sub")})
            if subjects and all(map(SUBJECT.fullmatch, subjects)):
                yield Door(who, f"{', '.join(subjects)} of {who} {does}, by name")
            else:
                yield Problem(path, f"whoever {who} signs in {does}; add a condition on its sub")
        elif kind != "AWS":
            yield Undecided(path, f"{kind} {who} {does}{UNSEEN}")
        elif who != "*":
            yield from _named(path, [who], own, f"{{}} {does}")
        elif held is None:
            yield Problem(path, f"anyone {does}; name who may")
        else:
            yield from _named(path, held, own, f"{{}} {does}")


def leads_to(path: str, found: list[Mapping[str, Any]], own: Own, does: str) -> Iterator[Result]:
    """Owners of the resources that an endpoint's policy lets requests through to, the stack's own account aside."""
    denied = [spares(each, names("resource_keys")) for each in found if covers(each, "*", "*")]
    closed = [owners for spared, owners in denied if owners and not spared]
    for each in found:
        if each["Effect"] == "Deny":
            continue
        owners = closed[0] if closed else equal_to(each, names("resource_keys"))
        if owners is not None:
            yield from _named(path, owners, own, f"{does} resources of {{}}")
        elif arns := _resources(each):
            yield from _named(path, arns, own, f"{does} {{}}")
        elif everyone(each) or "NotPrincipal" in each:
            if (who := equal_to(each, names("principal_keys"))) is None:
                yield Problem(path, "lets anyone use anyone's resources; add a condition on aws:ResourceAccount")
            else:
                yield from _named(path, who, own, "lets identities of {} use any resource")
        else:
            yield from _named(path, [who for _, who in principals(each)], own, "lets {} use any resource")


def _resources(statement: Mapping[str, Any]) -> list[str]:
    """ARNs that a statement is about, each of an account or a bucket; none where one is of neither."""
    arns = texts(statement.get("Resource")) if "NotResource" not in statement else []
    return arns if all(account_of(arn) or bucket_of(arn) for arn in arns) else []


def trusts_identities(statement: Mapping[str, Any]) -> bool:
    """True for an Allow of an endpoint's policy that only its callers limit: what they may do then decides."""
    tied = _resources(statement) or equal_to(statement, names("resource_keys")) is not None
    return statement["Effect"] == "Allow" and not tied


def spares(statement: Mapping[str, Any], keys: Collection[str]) -> tuple[list[str], list[str] | None]:
    """Principals that a Deny of everyone but values of `keys` spares, and these; AWS's own are spared by a key.

    Conditions of one statement must all be true for it to deny, so any other one is a gap, and there are no values.
    """
    if statement.get("Effect") != "Deny" or not everyone(statement) or set(statement) - KNOWN_KEYS:
        return [], None
    found: list[str] = []
    spared: list[str] = []
    negated = names("not_equals")
    for operator, key, values in conditions(statement):
        if key in keys and operator in negated and values and not any(set("*?$") & set(each) for each in values):
            found += values
        elif key in names("sparing_keys") and values == ["false"] and "bool" in operator:
            spared.append(names("sparing_keys")[key])
        elif (
            key == "aws:principalarn" and operator.replace("arn", "string") in negated and all(map(account_of, values))
        ):
            spared += values
        else:
            return [], None
    return spared, found or None


def covers(statement: Mapping[str, Any], action: str, resource: str | None = None) -> bool:
    """True for a statement about `action` (lower case), and about `resource` where one is given."""
    if "NotAction" in statement or "NotResource" in statement:
        return False
    actions = [each.lower() for each in texts(statement.get("Action"))]
    about = resource is None or any(_like(each, resource) for each in texts(statement.get("Resource")))
    return about and any(_like(each, action) for each in actions)


def may(statement: Mapping[str, Any], *actions: str) -> bool:
    """True for an Allow of one of these actions (lower case), or of all actions but some."""
    return statement["Effect"] == "Allow" and ("NotAction" in statement or any(covers(statement, a) for a in actions))


def allows(document: object, *actions: str) -> list[Mapping[str, Any]]:
    """Statements of a document that allow one of these actions; none of what is no document, as others say that."""
    try:
        return [each for each in statements(document) if may(each, *actions)]
    except DocumentError:
        return []


def covers_bucket(statement: Mapping[str, Any], bucket: str | None) -> bool:
    """True for a statement about every object of the bucket, of whatever bucket where it has no name yet."""
    arns = [in_any_partition(each) for each in texts(statement.get("Resource"))]
    whole = {"*", "arn:aws:s3:::*", *([f"arn:aws:s3:::{bucket}/*", f"arn:aws:s3:::{bucket}*"] if bucket else [])}
    return any(arn in whole or (not bucket and re.fullmatch(r"arn:aws:s3:::[^/]+/\*", arn)) for arn in arns)


def _like(pattern: str, text: str) -> bool:
    """True for a match; of whatever partition (aws, aws-us-gov, aws-cn), as a stack is in one."""
    pattern, text = in_any_partition(pattern), in_any_partition(text)
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), text, re.DOTALL) is not None


def in_any_partition(arn: str) -> str:
    """ARN as of the partition `aws`."""
    return re.sub(r"^arn:aws(-[a-z]+)*:", "arn:aws:", arn)


def wide_rights(statement: Mapping[str, Any]) -> Iterator[str]:
    """Faults of a right: what it allows that is not named, or is in anybody's account."""
    actions = texts(statement.get("Action"))
    for action in actions:
        if "*" in action or "?" in action:
            yield f"action {action} has a wildcard; name each action"
    if "NotAction" in statement or "NotResource" in statement:
        yield "NotAction and NotResource allow all that is not named; name what is allowed"
    for arn in texts(statement.get("Resource")):
        named = account_of(arn) or bucket_of(arn) or (not arn.startswith(("arn:aws:s3", "*")) and "*" not in arn)
        if not named and not _alone(statement) and equal_to(statement, names("resource_keys")) is None:
            yield f"resource {arn} is in any account; name the account or the bucket"


def reaches(resource_type: str, inputs: Inputs, own: Own) -> Iterator[Result]:
    """Owners of the resources that an identity policy names, the stack's own account aside."""
    for path, document in values_at(inputs, IDENTITY_DOCUMENTS[resource_type]):
        with suppress(DocumentError):  # `rights_findings` says it
            for each in statements(document):
                if each["Effect"] == "Allow" and not _alone(each):
                    named = [arn for arn in texts(each.get("Resource")) if _names_somebody(arn)]
                    yield from _named(path, equal_to(each, names("resource_keys")) or named, own, "gives rights to {}")


def _alone(statement: Mapping[str, Any]) -> bool:
    actions = texts(statement.get("Action"))
    return bool(actions) and all(map(ALONE.fullmatch, actions))


def rights_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """Wildcards in what an identity policy allows; what is denied may be as wide as it likes."""
    found: list[Finding] = []
    for path, document in values_at(inputs, IDENTITY_DOCUMENTS.get(resource_type, "(none)")):
        try:
            read = statements(document)
        except DocumentError:
            found.append(Undecided(path) if document is UNKNOWN else Problem(path, NOT_A_DOCUMENT))
            continue
        for i, statement in enumerate(read):
            if statement["Effect"] == "Allow":
                found += [Problem(f"{path}.Statement[{i}]", text) for text in wide_rights(statement)]
    return found
