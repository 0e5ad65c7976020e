"""The key that clients show: checked before it is used, never printed, never in a plan."""

import re
from hashlib import scrypt

import pulumi

from paddock.common.inputs import ArgumentError

SHORTEST_KEY = 16
_SHAPE = re.compile(rf"[!-~]{{{SHORTEST_KEY},512}}")
"""Characters that an HTTP header carries unquoted. vLLM takes an empty key for none, and then lets everyone in."""


def checked_key(argument: str, key: pulumi.Input[str]) -> pulumi.Output[str]:
    """The key as a secret; `ArgumentError`, at once where the key is plain, names `argument` and shows no key."""

    def check(value: str) -> str:
        if not _SHAPE.fullmatch(value):
            raise ArgumentError(
                f"{argument} must be {SHORTEST_KEY} to 512 letters, digits and signs without spaces; make one by "
                f"`openssl rand -hex 32`"
            )
        return value

    if isinstance(key, str):
        check(key)
    return pulumi.Output.secret(key).apply(check)


def key_digest(key: pulumi.Input[str]) -> pulumi.Output[str]:
    """Eight digits that change with the key and may be shown: too few, and too slow to make, to find a key by."""
    salt = f"{pulumi.get_project()}/{pulumi.get_stack()}".encode()
    digest = pulumi.Output.from_input(key).apply(
        lambda value: scrypt(value.encode(), salt=salt, n=2**14, r=8, p=1, dklen=4).hex()
    )
    return pulumi.Output.unsecret(digest)
