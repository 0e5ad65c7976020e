"""CodeBuild projects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from local.aws.calls import one
from local.aws.cloud import Cloud
from local.aws.definition import Change, Naming, Resource, names
from local.aws.values import Values

_PLAIN = names("artifacts concurrentBuildLimit description encryptionKey environment logsConfig serviceRole source")
_RENAMED = {"buildTimeout": "timeoutInMinutes", "queuedTimeout": "queuedTimeoutInMinutes"}
_LOGS = ("cloudwatchLogs", "cloudWatchLogs")
"""Pulumi's and AWS's spelling."""


def _spelled(name: str, value: Any, spelling: tuple[str, ...]) -> Any:
    old, new = spelling
    return {new if key == old else key: each for key, each in value.items()} if name == "logsConfig" else value


def _tags(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]


def _arguments(inputs: Values) -> dict[str, Any]:
    return {
        **{name: _spelled(name, inputs[name], _LOGS) for name in _PLAIN if name in inputs},
        **{member: inputs[name] for name, member in _RENAMED.items()},
    }


def _create(cloud: Cloud, inputs: Values) -> str:
    made = cloud.codebuild.create_project(
        name=inputs["name"], **_arguments(inputs), tags=_tags(inputs.get("tagsAll", {}))
    )
    return str(made["project"]["arn"])


def _read(cloud: Cloud, id_: str, _: Values) -> Values:
    project = one(cloud.codebuild.batch_get_projects, "projects", names=[id_.rpartition("/")[2]])
    return {
        **{name: _spelled(name, project[name], _LOGS[::-1]) for name in _PLAIN if name in project},
        **{name: project[member] for name, member in _RENAMED.items()},
        "arn": id_,
        "name": project["name"],
        "badgeUrl": "",
        "publicProjectAlias": "",
        "projectVisibility": "PRIVATE",
        "tagsAll": {tag["key"]: tag["value"] for tag in project.get("tags") or ()},
    }


def _update(change: Change) -> None:
    if change.of(*_PLAIN, *_RENAMED):
        change.cloud.codebuild.update_project(name=change.state["name"], **_arguments(change.new))


def _retag(cloud: Cloud, _: str, state: Values, put: dict[str, str], drop: list[str]) -> None:
    """CodeBuild has no call for tags alone."""
    kept = {key: value for key, value in state["tagsAll"].items() if key not in drop}
    cloud.codebuild.update_project(name=state["name"], tags=_tags(kept | put))


def _validate(inputs: Values) -> Iterator[tuple[str, str]]:
    source = inputs.get("source")
    if isinstance(source, dict) and source.get("type") == "NO_SOURCE" and "buildspec" not in source:
        yield "source.buildspec", "required where the source is NO_SOURCE, but not given"
    if isinstance(source, dict) and source.get("type") not in ("NO_SOURCE", "S3") and "type" in source:
        yield "source.type", "only NO_SOURCE and S3 are emulated by the local cloud"


RESOURCES = (
    Resource(
        pulumi_type="aws:codebuild/project:Project",
        operation=("codebuild", "CreateProject"),
        arguments=_PLAIN | names("buildTimeout name queuedTimeout"),
        naming=Naming(prefix_argument=None, max_length=150),
        defaults={"buildTimeout": 60, "queuedTimeout": 480},
        renames=_RENAMED,
        replace_on=names("name"),
        identity=names("name"),
        changing=names("encryptionKey"),
        create=_create,
        read=_read,
        update=_update,
        delete=lambda cloud, id_, _: cloud.codebuild.delete_project(name=id_.rpartition("/")[2]),
        retag=_retag,
        validate=_validate,
    ),
)
