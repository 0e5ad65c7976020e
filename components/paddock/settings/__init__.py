"""Settings of a stack file: the values that each key takes, their consistency, the messages of wrong ones."""

from paddock.settings.aws_identity import aws_identity
from paddock.settings.errors import API_KEY, PREFIX, REGION_KEY, SettingsError, key_of
from paddock.settings.fields import FIELDS, KEYS, ModelSettings, Settings
from paddock.settings.parsing import parse_settings
from paddock.settings.stack import settings_of_stack

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
