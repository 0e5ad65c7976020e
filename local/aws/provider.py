"""The plugin `pulumi-resource-aws` of the local cloud: `python -m local.aws.provider ENGINE_ADDRESS`."""

from __future__ import annotations

from importlib.metadata import version

from local.aws.lifecycle import Provider
from local.aws.rpc import serve


def main() -> None:
    serve(Provider(), version("pulumi_aws"))


if __name__ == "__main__":
    main()
