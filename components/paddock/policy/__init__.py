# ruff: noqa: F403
"""Rules of privacy as importable values; `ALL` is the list for a policy pack of your own.

Importing this starts nothing and loads no Pulumi until a rule is asked for.
"""

from typing import TYPE_CHECKING

from paddock.lazy import lazy
from paddock.policy.texts import TEXTS

if TYPE_CHECKING:
    from paddock.policy.resource_rules import *
    from paddock.policy.stack_rules import *

_NAMES = {module: " ".join(rules) for module, rules in TEXTS.items()}
_NAMES["stack_rules"] += " ALL"
__getattr__ = lazy(__name__, _NAMES)
__all__ = sorted(" ".join(_NAMES.values()).split())


def __dir__() -> list[str]:
    return __all__
