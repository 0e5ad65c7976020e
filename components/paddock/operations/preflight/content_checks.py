"""Checks of what is served: images, checkpoint, license, certificate, budget."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from paddock.operations.preflight.facts import Asked, Facts, Folder, Signature
from paddock.operations.preflight.row import Row, State, Unseen, unseen
from paddock.units import GB
from paddock.weights.revision import REVOKED_FILE, SIGNATURE_FILE

IMAGES, WEIGHTS = "images", "weights"
"""Rows that `paddock deploy` fills by steps of its own."""
SHARD = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.safetensors")
INDEX = "model.safetensors.index.json"
NEEDED_FILES = ("config.json", "tokenizer_config.json")
LEAST_SHARE = 0.9
"""Checkpoints are as large as sizing counts within a few percent."""
CERTIFICATE_DAYS = 30
TEMPLATE_DAY = '"<day>"'


def images(asked: Asked, facts: Facts) -> Row:
    needed = "each image in its registry, by digest"
    sync = f"paddock images sync --create-repositories --stack-file {asked.stack_file}"
    if asked.plan.model.engine.image is None:
        return _fail(IMAGES, "paddock:vllm_image is not set", needed, f"{sync}, and set the key that it prints")
    missing = [image for image, there in facts.images.items() if there is False]
    dark = [there for there in facts.images.values() if isinstance(there, Unseen)]
    if missing:
        return _fail(IMAGES, f"missing: {', '.join(map(_short, missing))}", needed, sync)
    if dark:
        return unseen(IMAGES, dark[0], needed, f"paddock images verify --stack-file {asked.stack_file}")
    return Row(name=IMAGES, state=State.PASS, found=", ".join(map(_short, facts.images)), needed=needed)


def _short(image: str) -> str:
    repository, _, digest = image.partition("@")
    return f"{repository.partition('/')[2] or repository}@{digest[:15]}"


def weights(asked: Asked, facts: Facts) -> Row:
    model, folder = asked.plan.model, facts.folder
    needed = f"{model.checkpoint}, {model.weights_bytes / GB:.1f} GB, complete"
    push = f"paddock weights push --from {model.source} --stack-file {asked.stack_file}"
    if isinstance(folder, Unseen):
        return unseen(WEIGHTS, folder, needed)
    if folder.bucket is None:
        return _fail(WEIGHTS, "the stack has no store yet", needed, f"paddock deploy {asked.stack}")
    where = f"s3://{folder.bucket}/{folder.prefix}"
    if not folder.files:
        return _fail(WEIGHTS, f"nothing in {where}", needed, push)
    if REVOKED_FILE in folder.files:
        return _fail(WEIGHTS, f"{folder.prefix} is revoked", needed, "set paddock:weights_revision to another revision")
    if wrong := incomplete(folder, 0 if _vouched(facts) else model.weights_bytes):
        return _fail(WEIGHTS, wrong, needed, push)
    if SIGNATURE_FILE in folder.files:
        found = f"{folder.prefix}, {_stored(folder) / GB:.1f} GB, signed"
    elif model.weights_revision is not None:
        return _fail(WEIGHTS, f"{folder.prefix} has no {SIGNATURE_FILE}: its push did not end", needed, push)
    else:
        found = f"{folder.prefix}, {_stored(folder) / GB:.1f} GB, unsigned"
    return Row(name=WEIGHTS, state=State.PASS, found=found, needed=needed)


def _vouched(facts: Facts) -> bool:
    """True where a signature that holds states the files and their sizes, which the catalog only estimates."""
    found = facts.signature
    return isinstance(found, Signature) and not found.problems and {"signature", "sizes"} <= set(found.checked)


def signature(asked: Asked, facts: Facts) -> Row:
    """The pinned revision against its signature; the pod checks it again, with all of S3's checksums."""
    name, found, revision = "signature", facts.signature, asked.plan.model.weights_revision
    if revision is None:
        return Row(name=name, state=State.NOT_ASKED, found="no paddock:weights_revision is pinned")
    needed = f"{revision} as it was signed"
    again = f"paddock weights verify --stack-file {asked.stack_file}"
    if found is None:
        return Row(name=name, state=State.NOT_ASKED, found="nothing of the revision is there", needed=needed)
    if isinstance(found, Unseen):
        return unseen(name, found, needed, again)
    if found.problems:
        return _fail(name, found.problems[0], needed, f"{again}; then promote another revision, or push it again")
    if not found.checked:
        return unseen(name, Unseen(found.unread[0] if found.unread else "nothing could be read"), needed, again)
    return Row(name=name, state=State.PASS, found=f"checked: {', '.join(found.checked)}", needed=needed)


def incomplete(folder: Folder, weights_bytes: int) -> str:
    """Lack of a folder, by names and sizes alone; empty where it is whole."""
    if missing := [name for name in NEEDED_FILES if name not in folder.files]:
        return f"{folder.prefix} lacks {', '.join(missing)}"
    shards = [found for name in folder.files if (found := SHARD.fullmatch(name))]
    for stem, count in sorted({(found["stem"], int(found["count"])) for found in shards}):
        there = {int(found["number"]) for found in shards if found["stem"] == stem}
        if gone := sorted(set(range(1, count + 1)) - there):
            return f"{folder.prefix} lacks {len(gone)} of {count} shards: {stem}-{gone[0]:05}-of-{count:05}.safetensors"
    if shards and INDEX not in folder.files:
        return f"{folder.prefix} lacks {INDEX}"
    if not any(name.endswith(".safetensors") for name in folder.files):
        return f"{folder.prefix} has no safetensors file"
    if (stored := _stored(folder)) < weights_bytes * LEAST_SHARE:
        return f"{folder.prefix} has {stored / GB:.1f} GB of safetensors"
    return ""


def _stored(folder: Folder) -> int:
    return sum(size for name, size in folder.files.items() if name.endswith(".safetensors"))


def license_accepted(asked: Asked) -> Row:
    model = asked.settings.model.entry
    accepted = asked.plan.model.license
    needed = f"{model.license} accepted by who read it"
    if accepted.get("license") == model.license:
        found = f"{accepted['license']}, by {accepted['by']} on {accepted['on']}"
        return Row(name="license", state=State.PASS, found=found, needed=needed)
    line = f'paddock:license: {{license: {model.license}, by: <name>, "on": {TEMPLATE_DAY}}}'
    found = f"{accepted['license']} is accepted" if accepted else "nobody accepted it"
    return _fail("license", found, needed, f"read {model.license_url}, then set {line}")


def certificate(asked: Asked, facts: Facts) -> Row:
    balanced, name = asked.plan.load_balancer, "certificate"
    if balanced is None:
        return Row(name=name, state=State.NOT_ASKED, found="no paddock:domain_name: pods in the cluster alone")
    if balanced.certificate_authority_arn is not None:
        needed = "the private CA is ACTIVE"
        if isinstance(facts.authority, Unseen):
            return unseen(name, facts.authority, needed)
        state = State.PASS if facts.authority == "ACTIVE" else State.FAIL
        mend = "" if state is State.PASS else "activate it in AWS Private CA, or set paddock:certificate_arn"
        return Row(name=name, state=state, found=f"the CA is {facts.authority}", needed=needed, mend=mend)
    needed = f"ISSUED for {balanced.domain_name}"
    found = facts.certificate
    if isinstance(found, Unseen):
        return unseen(name, found, needed)
    if found is None:
        return _fail(name, "none is named", needed, "set paddock:certificate_arn")
    issue = f"https://{asked.region}.console.aws.amazon.com/acm/home?region={asked.region}#/certificates"
    if found.status != "ISSUED":
        return _fail(name, f"it is {found.status}", needed, issue)
    if found.expires is not None and found.expires < asked.today:
        return _fail(name, f"it expired on {found.expires}", needed, issue)
    if not any(_covers(each, balanced.domain_name) for each in found.names):
        return _fail(name, f"it is for {', '.join(found.names) or 'no name'}", needed, issue)
    soon = found.expires is not None and found.expires - asked.today < timedelta(CERTIFICATE_DAYS)
    text = f"issued, until {found.expires}" + (", which is soon" if soon else "") if found.expires else "issued"
    return Row(name=name, state=State.PASS, found=text, needed=needed)


def _covers(name: str, domain: str) -> bool:
    if name.startswith("*."):
        return domain.partition(".")[2].lower() == name[2:].lower()
    return name.lower() == domain.lower()


def budget(asked: Asked) -> Row:
    limit, price = asked.settings.monthly_budget_usd, asked.plan.price
    found = f"{price.usd_per_month:,.0f} USD a month, {price.usd_per_hour:.2f} an hour"
    if limit is None:
        return Row(name="budget", state=State.NOT_ASKED, found=f"{found}; no paddock:monthly_budget_usd")
    needed = f"at most {limit:,.0f} USD a month"
    if price.usd_per_month <= limit:
        return Row(name="budget", state=State.PASS, found=found, needed=needed)
    return _fail("budget", found, needed, f"paddock plan --stack-file {asked.stack_file} names what is within it")


def rows(asked: Asked, facts: Facts) -> Iterator[Row]:
    yield images(asked, facts)
    yield weights(asked, facts)
    yield signature(asked, facts)
    yield license_accepted(asked)
    yield certificate(asked, facts)
    yield budget(asked)


def _fail(name: str, found: str, needed: str, mend: str) -> Row:
    return Row(name=name, state=State.FAIL, found=found, needed=needed, mend=mend)
