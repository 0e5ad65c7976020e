"""The plugin `pulumi-resource-aws` of the local cloud: `python -m local.aws.provider ENGINE_ADDRESS`."""

from __future__ import annotations

import gc
from importlib.metadata import version

from local.aws.lifecycle import Provider
from local.aws.rpc import serve


def main() -> None:
    # As in local/plugins/language_exec.py: the classes of `pulumi_aws` are read here too.
    gc.set_threshold(50_000, 20, 20)
    serve(Provider(), version("pulumi_aws"))


if __name__ == "__main__":
    main()
