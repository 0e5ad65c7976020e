"""`paddock prove` as a user runs it: exit status, table, JSON, picture, report."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as Xml

import jsonschema  # type: ignore[import-untyped]  # it has no stubs
import pytest

from paddock import __version__
from paddock.privacy.proof.svg import COLORS
from tests.unit.cli.running import Paddock
from tests.unit.privacy.proof.mutations import FAULTS
from tests.unit.privacy.proof.stacks import DATA, Stack

ROOT = Path(__file__).parents[3]


def broken() -> str:
    """Weights that may be read from everywhere."""
    stack = Stack()
    FAULTS["no bucket policy"][0](stack)
    return json.dumps(stack.data)


def test_the_exit_status_is_the_verdict(paddock: Paddock) -> None:
    assert paddock("prove", str(DATA / "preview.json")).status == 0
    assert paddock("prove", "--stack-export", str(DATA / "stack.json")).status == 0
    assert paddock("prove", "-", stdin=broken()).status == 1
    assert paddock("prove", str(DATA / "doors.json")).status == 1
    assert paddock("prove", "-", stdin='{"steps": []}').status == 3


def test_the_table_names_rule_resource_and_door(paddock: Paddock) -> None:
    ran = paddock("prove", "-", stdin=broken())
    assert ran.out.startswith("not private, of ")
    assert re.search(r"open +bucket-network +llama-store", ran.out)
    doored = paddock("prove", str(DATA / "doors.json"))
    assert re.search(r"door +endpoint-service +llama-lb", doored.out)
    assert "doors to close, or to accept" in doored.out
    healthy = paddock("prove", str(DATA / "preview.json"))
    assert healthy.out.startswith("private, of ")
    assert "reasons" not in healthy.out
    assert "doors to close" not in healthy.out


def test_the_docs_show_what_it_prints(paddock: Paddock) -> None:
    ran = paddock("prove", str(DATA / "preview.json"), columns=100)
    printed = [line.rstrip() for line in ran.out.splitlines()]
    assert "\n".join(printed) in (ROOT / "docs" / "proof.md").read_text(encoding="utf-8")


def test_the_json_is_as_documented(paddock: Paddock) -> None:
    schema = json.loads((ROOT / "docs" / "proof-schema" / "prove.v1.json").read_text(encoding="utf-8"))
    for text in (broken(), *((DATA / f"{name}.json").read_text(encoding="utf-8") for name in ("preview", "doors"))):
        jsonschema.validate(json.loads(paddock("prove", "-", "--json", stdin=text).out), schema)


def test_report_and_picture_fetch_nothing_and_show_names_as_text(paddock: Paddock, tmp_path: Path) -> None:
    stack = Stack()
    stack.add("aws:lambda/function:Function", "<script>alert(1)</script>")
    report, svg = tmp_path / "report.html", tmp_path / "graph.svg"
    ran = paddock("prove", "-", "--report", str(report), "--svg", str(svg), stdin=json.dumps(stack.data))
    page = report.read_text(encoding="utf-8")
    assert ran.status == 3
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r"\b(src|href)=|url\(|@import", page)
    assert set(re.findall(r"https?://[^\"<]*", page)) <= {"http://www.w3.org/2000/svg"}
    assert Xml.fromstring(svg.read_text(encoding="utf-8")).tag.endswith("svg")  # noqa: S314  our own file


def test_a_report_says_of_what_when_and_by_what_it_was_made(paddock: Paddock, tmp_path: Path) -> None:
    report, svg = tmp_path / "report.html", tmp_path / "graph.svg"
    ran = paddock("prove", str(DATA / "preview.json"), "--report", str(report), "--svg", str(svg))
    page, picture = report.read_text(encoding="utf-8"), svg.read_text(encoding="utf-8")
    assert ran.err == f"wrote {report}\nwrote {svg}\n"
    for said in ("paddock/", "pulumi preview --json", f"{datetime.now(UTC):%Y-%m-%d}", f"paddock {__version__}"):
        assert said in page
    assert "…" not in picture, "a name is cut"
    assert all(each in picture for each in ("stays inside", "declared door", "not known", "leads out"))
    assert "Is every door declared?</td><td>yes" in page
    assert "max-width:100%" in picture, "it does not fit the page"
    assert "overflow-x" not in page, "paper does not scroll"


def test_a_report_says_what_was_read_and_not_by_which_option(paddock: Paddock, tmp_path: Path) -> None:
    report, svg = tmp_path / "report.html", tmp_path / "graph.svg"
    assert paddock("prove", str(DATA / "doors.json"), "--report", str(report), "--svg", str(svg)).status == 1
    page, picture = report.read_text(encoding="utf-8"), svg.read_text(encoding="utf-8")
    assert "<td>input</td><td>pulumi stack export</td>" in page
    assert "Is every door declared?</td><td>no" in page
    undeclared, declared = f'stroke="{COLORS["door"]}"', f'stroke="{COLORS["declared door"]}"'
    assert (picture.count(undeclared) > 1, picture.count(declared)) == (True, 1), "one is in the legend"
    both = paddock("prove", str(DATA / "stack.json"), "--stack-export", str(DATA / "stack.json"))
    assert (both.status, "both files are of `pulumi stack export`" in both.err) == (2, True)


def test_few_of_many_doors_are_printed_to_be_copied(paddock: Paddock) -> None:
    stack = Stack("doors")
    rule = stack.one("SecurityGroupIngressRule", next(d.resource_name for d in stack.proof().doors if "10.9" in d.who))
    for i in range(30):
        stack.add(rule["type"], f"more-{i}", **{**rule["inputs"], "cidrIpv4": f"10.{100 + i}.0.0/16"})
    ran = paddock("prove", "-", stdin=json.dumps(stack.data))
    assert sum(line.startswith("- {") for line in ran.out.splitlines()) == 20
    assert "Is every door declared?                          no" in ran.out
    assert ran.out.endswith("and 14 more, which --json lists\n")


@pytest.mark.parametrize(
    "words",
    [
        ("prove",),
        ("prove", "-", "--stack-export", "-"),
        ("prove", "no-such-file.json"),
        ("prove", "-"),
        ("prove", str(DATA / "preview.json"), "--report", "no/such/folder/report.html"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_done_is_one_message(paddock: Paddock, words: tuple[str, ...]) -> None:
    ran = paddock(*words)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("Error: ")
    assert ran.err.count("\n") == 1
