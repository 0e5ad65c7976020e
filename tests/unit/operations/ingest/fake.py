"""CodeBuild and the log of its builds, whose every call is checked by botocore's own models."""

from typing import Any

import boto3
from botocore.validate import validate_parameters

from paddock.operations.ingest.run import Project


class Fake:
    """CodeBuild and its log: each look at the build is the next of `states`; an exception is raised."""

    def __init__(self, states: list[Any], log: list[str] | None = None) -> None:
        self.states, self.lines, self.builds, self.calls = states, log or [], list[dict[str, Any]](), list[str]()
        self.slept: list[float] = []
        self.log_refusals: list[Exception] = []

    def client(self, service: str) -> Any:
        real = boto3.client(service, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        return Client(self, real)

    def project(self) -> Project:
        return Project("llama-dev-ingest", self, self.slept.append)


class Client:
    def __init__(self, fake: Fake, real: Any) -> None:
        self.fake, self.real, self.exceptions = fake, real, real.exceptions

    def __getattr__(self, name: str) -> Any:
        operation = self.real.meta.method_to_api_mapping[name]

        def call(**asked: Any) -> Any:
            validate_parameters(asked, self.real.meta.service_model.operation_model(operation).input_shape)
            self.fake.calls.append(name)
            return getattr(self, f"do_{name}")(**asked)

        return call

    def do_list_builds_for_project(self, **asked: Any) -> Any:
        assert asked == {"projectName": "llama-dev-ingest", "sortOrder": "DESCENDING"}
        return {"ids": [each["id"] for each in self.fake.builds[::-1]]}

    def do_start_build(self, **asked: Any) -> Any:
        started = {
            "id": f"llama:{len(self.fake.builds)}",
            "buildStatus": "IN_PROGRESS",
            "environment": {"environmentVariables": asked["environmentVariablesOverride"]},
        }
        self.fake.builds.append(started)
        return {"build": started}

    def do_batch_get_builds(self, ids: list[str]) -> Any:
        if self.fake.states and not isinstance(self.fake.states[0], dict):
            raise self.fake.states.pop(0)
        state = self.fake.states.pop(0) if len(self.fake.states) > 1 else self.fake.states[0]
        return {"builds": [{**each, **state} for each in self.fake.builds if each["id"] in ids]}

    def do_get_log_events(self, **asked: Any) -> Any:
        if self.fake.log_refusals:
            raise self.fake.log_refusals.pop(0)
        start = int(asked.pop("nextToken", "0"))
        assert asked == {"logGroupName": "g", "logStreamName": "s", "startFromHead": True}
        page = self.fake.lines[start : start + 2]
        events = [{"message": f"{each}\n"} for each in page]
        return {"events": events, "nextForwardToken": str(start + len(page))}


def state(status: str = "IN_PROGRESS", *phases: str) -> dict[str, Any]:
    told = [{"phaseType": each, "phaseStatus": "SUCCEEDED"} for each in phases[:-1]]
    told += [
        {"phaseType": each} if status == "IN_PROGRESS" else {"phaseType": each, "phaseStatus": status}
        for each in phases[-1:]
    ]
    return {"buildStatus": status, "phases": told, "logs": {"groupName": "g", "streamName": "s"}}
