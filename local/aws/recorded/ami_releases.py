"""Releases of EKS's AMIs, in the form that `releaseVersion` has.

Each family has an older release and the newest; AWS has many more, and these dates and digests are made up in part.
"""

from __future__ import annotations

import re

from local.aws.recorded.refusals import InvalidParameter

_BOTTLEROCKET = ("1.62.0-0f1e2d3c", "1.63.1-4b5a6978")
_AL2023_DAYS = ("20260714", "20260917")
_AL2023_PATCH = {"1.36": 4}
"""Patch version of Kubernetes in the newest release; 3 where it is not known."""


def releases(ami_type: str, kubernetes: str) -> tuple[str, str]:
    """An older one and the newest of a kind of AMI."""
    if ami_type.startswith("BOTTLEROCKET"):
        return _BOTTLEROCKET
    older, newest = _AL2023_DAYS
    patch = _AL2023_PATCH.get(kubernetes, 3)
    return f"{kubernetes}.{patch - 1}-{older}", f"{kubernetes}.{patch}-{newest}"


def require_release(ami_type: str, kubernetes: str, wanted: str | None) -> str:
    """The release to run: the newest where none is named. Refuses what is not for that version.

    An older one passes: AWS's pages disagree (for it awsdocs/amazon-eks-user-guide pull request 340, against it the API
    reference).
    """
    newest = releases(ami_type, kubernetes)[1]
    if wanted is None:
        return newest
    form = r"\d+\.\d+\.\d+-[0-9a-f]{8}" if ami_type.startswith("BOTTLEROCKET") else rf"{kubernetes}\.\d+-\d{{8}}"
    if not re.fullmatch(form, wanted) or _order(wanted) > _order(newest):
        # As EKS says it (github.com/eksctl-io/eksctl/issues/7976).
        raise InvalidParameter(f"Requested release version {wanted} is not valid for kubernetes version {kubernetes}.")
    return wanted


def _order(release: str) -> list[int]:
    """Bottlerocket's digest orders nothing; Amazon Linux has the day there."""
    numbers, _, day = release.partition("-")
    by_day = [int(day)] if day.startswith("20") and day.isdigit() else []
    return [int(number) for number in numbers.split(".")] + by_day
