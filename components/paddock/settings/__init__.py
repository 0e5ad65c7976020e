"""The keys of a stack file: what each takes, how they fit together, and what is said of those that are wrong."""

from paddock.settings.consistency import NOT_STREAMED
from paddock.settings.errors import API_KEY, PREFIX, REGION_KEY, SettingsError, key_of
from paddock.settings.fields import FIELDS, KEYS, Settings
from paddock.settings.parsing import parse_settings
from paddock.settings.stack import settings_of_stack

__all__ = [
    "API_KEY",
    "FIELDS",
    "KEYS",
    "NOT_STREAMED",
    "PREFIX",
    "REGION_KEY",
    "Settings",
    "SettingsError",
    "key_of",
    "parse_settings",
    "settings_of_stack",
]
