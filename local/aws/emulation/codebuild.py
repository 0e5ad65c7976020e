"""CodeBuild: moto 5.2.5 wants a place for the source NO_SOURCE, looks for no role and changes nothing of a project.

Its builds forget the variables and the log of their project, and do not end but in the moment in which they are asked
for. Nothing runs here either: a build that is asked for twice has succeeded.
"""

from __future__ import annotations

import json
from typing import Any

from moto.codebuild import responses
from moto.codebuild.exceptions import InvalidInputException, ResourceNotFoundException
from moto.codebuild.responses import CodeBuildResponse
from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.iam.models import iam_backends
from moto.utilities.utils import get_partition

from local.aws.emulation import teach

DEFAULTS = {"timeoutInMinutes": 60, "queuedTimeoutInMinutes": 480}
"""Source: CodeBuild API reference, CreateProject, read 2026-11-24."""


def install() -> None:
    """Teach every CodeBuild backend of this process."""
    create, require_location = CodeBuildResponse.create_project, responses._validate_required_params_source

    def require_source(source: dict[str, Any]) -> None:
        if source["type"] != "NO_SOURCE":
            require_location(source)
        elif not source.get("buildspec"):
            raise InvalidInputException("Invalid project source: NO_SOURCE needs a buildspec")

    def create_project(self: CodeBuildResponse) -> ActionResult:
        _require_role(self, self._get_param("serviceRole"))
        created = create(self)
        project = self.codebuild_backend.codebuild_projects[self._get_param("name")].project_metadata
        project |= {name: project[name] or default for name, default in DEFAULTS.items()}
        if (limit := self._get_param("concurrentBuildLimit")) is not None:
            project["concurrentBuildLimit"] = limit
        project["encryptionKey"] = self._get_param("encryptionKey") or project["encryptionKey"]
        return created

    def update_project(self: CodeBuildResponse) -> ActionResult:
        name = self._get_param("name")
        if name not in self.codebuild_backend.codebuild_projects:
            raise ResourceNotFoundException(f"Project cannot be found: {name}")
        if (role := self._get_param("serviceRole")) is not None:
            _require_role(self, role)
        project: dict[str, Any] = self.codebuild_backend.codebuild_projects[name].project_metadata
        project |= json.loads(self.body)
        return ActionResult({"project": project})

    started, listed = CodeBuildResponse.start_build, CodeBuildResponse.list_builds_for_project

    def start_build(self: CodeBuildResponse) -> ActionResult:
        project = self.codebuild_backend.codebuild_projects.get(self._get_param("projectName"))
        if project is None:
            return started(self)
        settings, builds = project.project_metadata, _builds(self, self._get_param("projectName"))
        token = self._get_param("idempotencyToken")
        for build in builds:
            if token is not None and build.get("idempotencyToken") == token:
                return ActionResult({"build": build})
        running = sum(build["buildStatus"] == "IN_PROGRESS" for build in builds)
        if running >= settings.get("concurrentBuildLimit", running + 1):
            raise JsonRESTError(
                "AccountLimitExceededException",
                "Cannot have more than 1 builds in queue for the account",
            )
        answer = started(self)
        build = _builds(self, self._get_param("projectName"))[-1]
        kept = {each["name"]: each for each in settings["environment"].get("environmentVariables", [])}
        kept |= {each["name"]: each for each in self._get_param("environmentVariablesOverride") or []}
        logs = (settings.get("logsConfig") or {}).get("cloudWatchLogs") or {}
        build["environment"] = {**settings["environment"], "environmentVariables": list(kept.values())}
        build["logs"] = {
            "groupName": logs.get("groupName") or f"/aws/codebuild/{settings['name']}",
            "streamName": build["id"].rpartition(":")[2],
        }
        build["idempotencyToken"] = token
        return answer

    def batch_get_builds(self: CodeBuildResponse) -> ActionResult:
        """Those asked for the first time are under way, then ended."""
        backend, ids = self.codebuild_backend, self._get_param("ids")
        found = [each for name in list(backend.build_history) for each in _builds(self, name) if each["id"] in ids]
        for build in found:
            if build["currentPhase"] == "QUEUED":
                build["currentPhase"] = "BUILD"
            elif build["currentPhase"] != "COMPLETED":
                backend.batch_get_builds([build["id"]])
        return ActionResult({"builds": found})

    def list_builds_for_project(self: CodeBuildResponse) -> ActionResult:
        listed(self)
        # The newest first, but where it is asked for otherwise.
        ids = [each["id"] for each in _builds(self, self._get_param("projectName"))]
        return ActionResult({"ids": ids if self._get_param("sortOrder") == "ASCENDING" else ids[::-1]})

    responses._validate_required_params_source = require_source
    teach(
        CodeBuildResponse,
        create_project,
        update_project,
        start_build,
        batch_get_builds,
        list_builds_for_project,
    )


def _builds(response: CodeBuildResponse, project: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = response.codebuild_backend.build_metadata_history.get(project, [])
    return found


def _require_role(response: CodeBuildResponse, arn: str) -> None:
    """AWS takes only a role that it may assume."""
    roles = iam_backends[response.current_account][get_partition(response.region)].roles.values()
    if not any(role.arn == arn and "codebuild.amazonaws.com" in role.assume_role_policy_document for role in roles):
        raise InvalidInputException(f"CodeBuild is not authorized to perform: sts:AssumeRole on {arn}")
