"""The keys of a stack file: what each takes, how they fit together, and what is said of those that are wrong."""

from paddock.settings.fields import FIELDS, KEYS, Settings
from paddock.settings.stack import settings_of_stack
from paddock.settings.together import NOT_STREAMED
from paddock.settings.wording import API_KEY, PREFIX, REGION_KEY, SettingsError, key_of

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
    "settings_of_stack",
]
