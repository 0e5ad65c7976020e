"""Settings of a stack file: the values that each key takes, their consistency, the messages of wrong ones.

Fields are loaded when they are first used: to sign in as a stack takes none of them.
"""

from typing import TYPE_CHECKING

from paddock.lazy import lazy
from paddock.settings.aws_identity import aws_identity  # at once, as its module has its name

if TYPE_CHECKING:
    from paddock.settings.errors import API_KEY, PREFIX, REGION_KEY, SettingsError, key_of
    from paddock.settings.fields import FIELDS, KEYS, ModelSettings, Settings
    from paddock.settings.parsing import parse_settings
    from paddock.settings.stack import settings_of_stack

__getattr__ = lazy(
    __name__,
    {
        "errors": "API_KEY PREFIX REGION_KEY SettingsError key_of",
        "fields": "FIELDS KEYS ModelSettings Settings",
        "parsing": "parse_settings",
        "stack": "settings_of_stack",
    },
)
__all__ = [
    "API_KEY",
    "FIELDS",
    "KEYS",
    "PREFIX",
    "REGION_KEY",
    "ModelSettings",
    "Settings",
    "SettingsError",
    "aws_identity",
    "key_of",
    "parse_settings",
    "settings_of_stack",
]
