"""The table of emulated types in docs/local-cloud.md: `python -m local.aws.table`, `--check` for drift."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from local.aws.definition import Backing, Resource
from local.aws.functions import FUNCTIONS
from local.aws.resources import RESOURCES
from tools.markdown import item

PAGE = Path(__file__).parents[2] / "docs" / "local-cloud.md"
BEGIN = "<!-- emulated-types:begin -->"
END = "<!-- emulated-types:end -->"

_BACKING = {
    Backing.MOTO: "moto",
    Backing.RECORDED: "recorded only",
}


def table() -> str:
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    for resource in sorted(RESOURCES.values(), key=lambda each: each.sdk):
        yield item(f"`{_short(resource.sdk)}` ({_BACKING[resource.backing]}): {_arguments(resource)}")
    yield item("functions: " + ", ".join(f"`{_short(function.sdk)}`" for function in FUNCTIONS.values()))


def _short(qualified_name: str) -> str:
    return qualified_name.replace("pulumi_aws", "aws", 1)


def _arguments(resource: Resource) -> str:
    """Arguments in Python's spelling. `region` goes without saying; `tags` goes with every type that has them."""
    fields = resource.schema.arguments.by_name
    tags = {"tags"} if resource.retag is not None else set()
    return ", ".join(sorted(fields[name].python_name for name in resource.arguments | tags))


def rewritten(page: str) -> str:
    """The page with a fresh table between its markers."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="local.aws.table", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if the table is out of date")
    options = parser.parse_args(arguments)
    page = PAGE.read_text()
    fresh = rewritten(page)
    if not options.check:
        PAGE.write_text(fresh)
    elif fresh != page:
        sys.stderr.write(f"{PAGE.name} is out of date: run `python -m local.aws.table`\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
