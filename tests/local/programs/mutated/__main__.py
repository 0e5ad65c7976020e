"""Our own program, run as it is, with things changed, taken away or added by the rows that the stack's config names.

The first resource of each row's type is changed by a Pulumi transform, under the engine's own names. What the program
has none of is added. What must go is registered as a component of no meaning, since others may wait for it.
"""

import runpy
import sys
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import register_resource_transform

config = pulumi.Config("mutated")
checkout = Path(config.require("checkout"))
sys.path.insert(0, str(checkout))

from tests.policy.mutation import GONE  # noqa: E402
from tests.policy.mutations import HARMLESS, MUTATIONS  # noqa: E402

by_name = {each.says: each for each in [*MUTATIONS, *HARMLESS]}
rows = {by_name[name].resource_type: by_name[name] for name in config.require_object("rows")}
removed = {kind for kind, row in rows.items() if row.changes.get("") == GONE}
first: dict[str, str] = {}
"""The name of the first resource of each type."""

made = pulumi.Resource.__init__


def noted(self: pulumi.Resource, t: str, name: str, custom: bool, *rest: Any, **more: Any) -> None:
    first.setdefault(t, name)
    if t in removed:
        t, custom = "mutated:index:Nothing", False
    made(self, t, name, custom, *rest, **more)


def changed(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
    if args.type_ in rows and args.type_ not in removed and args.name == first[args.type_]:
        return pulumi.ResourceTransformResult(rows[args.type_].apply(args.props) or {}, args.opts)
    return None


pulumi.Resource.__init__ = noted  # type: ignore[method-assign]
register_resource_transform(changed)
runpy.run_path(str(checkout / "__main__.py"), run_name="__main__")
for absent in rows.keys() - removed - first.keys():
    pulumi.CustomResource(absent, "mutant", {})
