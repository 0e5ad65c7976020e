"""Parsing of settings: every problem of a stack file in one message."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from pydantic import ValidationError

from paddock.catalog import suggestion
from paddock.catalog.lookup import shown_name
from paddock.choices import RENAMED
from paddock.privacy.declaration import EXPIRES, LATER, lapse
from paddock.settings.consistency import contradictions
from paddock.settings.descriptions import descriptions
from paddock.settings.errors import API_KEY, NOT_YET, PREFIX, REMOVED, SettingsError, described, key_path
from paddock.settings.fields import BY_KEY, FIELDS, KEYS, MODEL_FIELDS, Settings
from paddock.settings.own_checkpoint import OWN

NO_IMAGE = "`paddock images sync` copies it there and prints the line that sets this key"


def parse_settings(
    values: Mapping[str, object], *, region: str, to_deploy: bool = True, today: date | None = None
) -> Settings:
    """The settings, or a `SettingsError` that lists every problem.

    Values have the types of a YAML file; `settings_of_stack` makes them from Pulumi's configuration. What is not
    `to_deploy` is planned and priced alone, so its image may be missing yet. With `today`, which who runs it knows, an
    acceptance of a later day is refused.
    """
    given = {str(key): value for key, value in values.items()} | {"region": region}
    problems = [f"{PREFIX}{shown_name(key)}: {_known_as(key)}" for key in sorted(given.keys() - FIELDS)]
    known = {key: value for key, value in given.items() if key in FIELDS}
    wrong: set[str] = set()
    try:
        settings = _settings(known)
    except ValidationError as invalid:
        errors = invalid.errors(include_url=False)
        wrong = {key_path(error)[0] for error in errors}
        problems += described(errors, BY_KEY)
        # The name of a model of one's own is right only beside its checkpoint.
        wrong |= {"model"} if "checkpoint" in wrong else set()
        # What is right is still checked for how it fits together, with examples in the place of what is not.
        right = {key: value for key, value in known.items() if key not in wrong}
        settings = _settings(right | _examples(wrong))
    if to_deploy and settings.model.vllm_image is None:
        problems.append(f"{PREFIX}vllm_image is missing; {descriptions()['vllm_image']} {NO_IMAGE}")
    accepted = settings.model.license
    # A day in hand, as it is tomorrow in Auckland.
    if today is not None and accepted is not None and "license" not in wrong and accepted.on > today + timedelta(1):
        problems.append(f"{PREFIX}license.on is {accepted.on}, which is to come; set the day on which it was accepted")
    for i, each in enumerate(settings.doors):
        if today is not None and (problem := lapse("declaration", each.get(EXPIRES, date.max), today)):
            problems.append(f"{PREFIX}doors[{i}]: {problem}; {LATER}")
    problems += [text for keys, text in contradictions(settings) if not wrong & keys]
    if problems:
        raise SettingsError(problems)
    return settings


def _settings(known: Mapping[str, object]) -> Settings:
    """The keys of the model apart, as the types have them."""
    model = {key: value for key, value in known.items() if key in MODEL_FIELDS}
    values = {key: known[key] for key in known.keys() - model.keys()} | {"model": model}
    return Settings.model_validate(values, context={OWN: model.get("checkpoint") is not None})


def _known_as(key: str) -> str:
    if known := (REMOVED | NOT_YET).get(key):
        return known
    if RENAMED.get(key) in KEYS:
        return f"renamed; set {PREFIX}{RENAMED[key]} instead"
    said = suggestion(PREFIX + key, [PREFIX + known for known in {*KEYS, API_KEY}])
    # One near name is to be copied; a list of all is long enough without the prefix of each.
    return "unknown key; " + (said if said.count(PREFIX) == 1 else said.replace(PREFIX, ""))


def _examples(fields: set[str]) -> dict[str, object]:
    return {name: examples[0] for name in fields if (examples := BY_KEY[name].examples) is not None}
