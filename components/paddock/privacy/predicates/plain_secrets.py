"""Secrets in plain text: names of variables, flags of programs and forms of values."""

from __future__ import annotations

import re

from paddock.privacy.predicates.facts import names

SECRET_NAME, NO_SECRET, SECRET_VALUE = (
    re.compile("|".join(names(table)), flags)
    for table, flags in (("secret_names", re.IGNORECASE), ("no_secret_names", re.IGNORECASE), ("secret_values", 0))
)
SECRET_FLAG = re.compile(r"--?(?:[a-z0-9-]+-)?(?:api-key|token|password|secret|hf-token)(?:=(?P<value>.+))?")


def looks_secret(name: object, value: object) -> bool:
    """True for a value in plain text whose name or whose form is that of a secret."""
    if not isinstance(value, str) or not value:
        return False
    named = str(name)
    return bool(SECRET_VALUE.search(value) or (SECRET_NAME.search(named) and not NO_SECRET.search(named)))


def secret_arguments(arguments: list[str]) -> list[str]:
    """Flags of a command line that are given a secret itself; `$(NAME)` is taken from the environment."""
    found = []
    for flag, following in zip(arguments, [*arguments, ""][1:], strict=True):
        given = SECRET_FLAG.fullmatch(flag)
        value = (given["value"] or following) if given else ""
        if (value and not value.startswith(("$", "-"))) or SECRET_VALUE.search(flag):
            found.append(flag.partition("=")[0])
    return found
