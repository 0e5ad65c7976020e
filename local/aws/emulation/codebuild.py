"""CodeBuild projects: moto 5.2.5 wants a place for the source NO_SOURCE, looks for no role and changes nothing."""

from __future__ import annotations

import json
from typing import Any

from moto.codebuild import responses
from moto.codebuild.exceptions import InvalidInputException, ResourceNotFoundException
from moto.codebuild.responses import CodeBuildResponse
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

    responses._validate_required_params_source = require_source
    teach(CodeBuildResponse, create_project, update_project)


def _require_role(response: CodeBuildResponse, arn: str) -> None:
    """AWS takes only a role that it may assume."""
    roles = iam_backends[response.current_account][get_partition(response.region)].roles.values()
    if not any(role.arn == arn and "codebuild.amazonaws.com" in role.assume_role_policy_document for role in roles):
        raise InvalidInputException(f"CodeBuild is not authorized to perform: sts:AssumeRole on {arn}")
