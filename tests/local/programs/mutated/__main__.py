"""Our own program, run as it is, with one thing changed, taken away or added by the row that the stack's config names.

The first resource of the row's type is changed by a Pulumi transform, under the engine's own names. What the program
has none of is added. What must go is registered as a component of no meaning, since others may wait for it.
"""

import runpy
import sys
from pathlib import Path

import pulumi
from pulumi.runtime import register_resource_transform

row = pulumi.Config("mutated")
checkout = Path(row.require("checkout"))
sys.path.insert(0, str(checkout))

from tests.policy.mutation import GONE, Mutation  # noqa: E402
from tests.policy.mutations import HARMLESS, MUTATIONS  # noqa: E402

rows = {each.says: each for each in [*MUTATIONS, *HARMLESS]}
mutation = rows.get(row.require("row"), Mutation("as it is", ""))
removed = mutation.changes.get("") == GONE
first: list[str] = []
"""The name of the first resource of the type; empty while there is none."""

made = pulumi.Resource.__init__


def noted(self, t, name, custom, *rest, **more):
    if t == mutation.resource_type:
        first[:] = first or [name]
        if removed:
            t, custom = "mutated:index:Nothing", False
    made(self, t, name, custom, *rest, **more)


def changed(args):
    if not removed and args.type_ == mutation.resource_type and args.name == first[0]:
        return pulumi.ResourceTransformResult(mutation.apply(args.props), args.opts)
    return None


pulumi.Resource.__init__ = noted
register_resource_transform(changed)
runpy.run_path(str(checkout / "__main__.py"), run_name="__main__")
if mutation.resource_type and not first and not removed:
    first.append("mutant")
    pulumi.CustomResource(mutation.resource_type, "mutant", {})
