"""The local cloud's AWS provider, for previews of what it does not emulate: a fault may be of any type that AWS has.

What it does emulate it still checks as AWS does. Of the rest only names and kinds of arguments are checked, by the SDK.
"""

from __future__ import annotations

from importlib.metadata import version

from local.aws.lifecycle import Provider
from local.aws.resources import RESOURCES
from local.aws.rpc import serve
from local.aws.schema import ClassSchema, Failure, class_schema, failures
from local.aws.values import UNKNOWN, Values


class WiderProvider(Provider):
    def check(
        self, pulumi_type: str, name: str, olds: Values, news: Values, random_seed: bytes
    ) -> tuple[Values, list[Failure]]:
        if pulumi_type in RESOURCES:
            inputs, found = super().check(pulumi_type, name, olds, news, random_seed)
            return inputs, [each for each in found if "is not emulated" not in each.reason]
        return news, list(failures(_schema(pulumi_type).arguments, news))

    def create(self, pulumi_type: str, inputs: Values, *, preview: bool) -> tuple[str, Values]:
        if pulumi_type in RESOURCES or not preview:
            return super().create(pulumi_type, inputs, preview=preview)
        return "", {**dict.fromkeys(_schema(pulumi_type).outputs, UNKNOWN), **inputs}


def _schema(pulumi_type: str) -> ClassSchema:
    _, module, name = pulumi_type.split(":")
    return class_schema(f"pulumi_aws.{module.partition('/')[0]}.{name}")


if __name__ == "__main__":
    serve(WiderProvider(), version("pulumi_aws"))
