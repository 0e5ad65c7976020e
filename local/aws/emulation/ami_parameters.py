"""Parameters of Systems Manager with the newest release of EKS's AMIs, which moto 5.2.5 lacks."""

from __future__ import annotations

import re
from typing import Any

from moto.ssm.models import SimpleSystemManagerBackend

from local.aws.emulation import teach
from local.aws.recorded.ami_releases import releases

_BOTTLEROCKET = re.compile(
    r"/aws/service/bottlerocket/aws-k8s-(?P<version>[\d.]+)(-nvidia)?/x86_64/latest/image_version"
)
_AL2023 = re.compile(
    r"/aws/service/eks/optimized-ami/(?P<version>[\d.]+)/amazon-linux-2023/x86_64/(standard|nvidia)/recommended/"
    r"release_version"
)


class _Release:
    """A public parameter, as moto's response asks for it."""

    def __init__(self, name: str, value: str) -> None:
        self._name, self._value = name, value

    def response_object(self, *_: Any, **__: Any) -> dict[str, Any]:
        return {"Name": self._name, "Type": "String", "Value": self._value, "Version": 1}


def install() -> None:
    """Teach every backend of Systems Manager in this process."""
    known = SimpleSystemManagerBackend.get_parameter

    def get_parameter(self: SimpleSystemManagerBackend, name: str) -> Any:
        for pattern, kind in ((_BOTTLEROCKET, "BOTTLEROCKET"), (_AL2023, "AL2023")):
            if found := pattern.fullmatch(name):
                return _Release(name, releases(kind, found["version"])[1])
        return known(self, name)

    teach(SimpleSystemManagerBackend, get_parameter)
