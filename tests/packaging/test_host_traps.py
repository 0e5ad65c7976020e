"""Lines that someone will write in good faith in a component's file, and what Pulumi's component host makes of them.

Each test pins the SDK's behaviour that one of our rules rests on. When one fails after an update, the rule may relax.
"""

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, NotRequired, TypedDict, get_type_hints

import pulumi
import pytest
from pulumi.provider.experimental.analyzer import Analyzer, ComponentDefinition, DuplicateTypeError, PropertyType
from pulumi.provider.experimental.component import ComponentProvider


class Size(StrEnum):
    """Size."""

    SMALL = "small"


class GoodArgs(TypedDict):
    name: pulumi.Input[str]
    """Name."""
    zones: NotRequired[int]
    """Count. Default: 2."""
    size: NotRequired[Size]
    names: NotRequired[list[str]]
    more_names: NotRequired[Sequence[str]]
    tags: NotRequired[dict[str, str]]
    more_tags: NotRequired[Mapping[str, str]]


@dataclass(frozen=True)
class DataclassArgs:
    zones: int = 2


class LiteralArgs(TypedDict):
    nat: Literal["one", "none"]


class UnionArgs(TypedDict):
    zones: str | int


class TupleArgs(TypedDict):
    zones: tuple[str, ...]


class Good(pulumi.ComponentResource):
    shown: pulumi.Output[str]

    def __init__(self, name: str, args: GoodArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("traps:index:Good", name, {}, opts)
        self.shown = pulumi.Output.from_input(args["name"])
        self.hidden = pulumi.Output.from_input("assigned, but not annotated on the class")
        self.register_outputs({"shown": self.shown})


class NeedsAnotherComponentArgs(TypedDict):
    other: Good


def taking(args_type: Any) -> type[pulumi.ComponentResource]:
    """A component that takes `args_type`."""

    class Component(pulumi.ComponentResource):
        def __init__(self, name: str, args: args_type, opts: pulumi.ResourceOptions | None = None) -> None:
            super().__init__("traps:index:Component", name, {}, opts)
            self.args = args

    return Component


def analyzed(component: type[pulumi.ComponentResource]) -> ComponentDefinition:
    return Analyzer("traps").analyze([component])["component_definitions"][component.__name__]


def test_a_typed_dict_shows_required_optional_types_and_docs() -> None:
    inputs = analyzed(Good).inputs
    assert (inputs["name"].optional, inputs["name"].plain, inputs["name"].description) == (False, None, "Name.")
    assert (inputs["zones"].optional, inputs["zones"].plain, inputs["zones"].type) == (True, True, PropertyType.INTEGER)
    assert inputs["size"].ref == "#/types/traps:index:Size"
    assert inputs["names"].type is inputs["moreNames"].type is PropertyType.ARRAY
    assert inputs["tags"].type is inputs["moreTags"].type is PropertyType.OBJECT


def test_an_output_that_is_assigned_but_not_annotated_is_missing_without_a_word() -> None:
    assert set(analyzed(Good).outputs) == {"shown"}


def test_a_dataclass_default_is_invisible_to_the_schema() -> None:
    assert not analyzed(taking(DataclassArgs)).inputs["zones"].optional


def test_the_host_hands_a_component_a_dict_whatever_the_args_type_says() -> None:
    host = ComponentProvider([taking(DataclassArgs)], "traps")
    given = host.map_inputs({"zones": 3}, host._component_defs["Component"])
    assert type(given) is dict
    assert given == {"zones": 3}


@pytest.mark.parametrize(
    ("args_type", "said"),
    [
        (LiteralArgs, r"issubclass\(\) arg 1 must be a class"),
        (UnionArgs, "Union types are not supported"),
        (TupleArgs, r"Unsupported type 'tuple"),
        (NeedsAnotherComponentArgs, "Can not determine resource reference for type 'Good'"),
    ],
)
def test_types_that_the_host_cannot_read_fail_the_whole_schema(args_type: Any, said: str) -> None:
    with pytest.raises(Exception, match=said):
        analyzed(taking(args_type))


def module_of(folder: Path, name: str, source: str) -> ModuleType:
    path = folder / f"{name}.py"
    path.write_text(source)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


COMPONENT = """
from typing import TypedDict
import pulumi

class Options(TypedDict):
    zones: int

class {name}Args(TypedDict):
    options: Options

class {name}(pulumi.ComponentResource):
    def __init__(self, name: str, args: {name}Args, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("traps:index:{name}", name, {{}}, opts)
"""


def test_postponed_annotations_fail_the_whole_schema(tmp_path: Path) -> None:
    source = "from __future__ import annotations\n" + COMPONENT.format(name="Postponed")
    component = module_of(tmp_path, "postponed", source).Postponed
    with pytest.raises(AttributeError, match="'str' object has no attribute '__mro__'"):
        analyzed(component)


def test_two_types_of_one_name_in_two_files_fail_the_whole_schema(tmp_path: Path) -> None:
    one = module_of(tmp_path, "one", COMPONENT.format(name="One")).One
    two = module_of(tmp_path, "two", COMPONENT.format(name="Two")).Two
    with pytest.raises(DuplicateTypeError, match="Options"):
        Analyzer("traps").analyze([one, two])


def test_the_standard_way_to_read_type_hints_fails_on_pulumi_inputs(tmp_path: Path) -> None:
    source = "from typing import TypedDict\nimport pulumi\n\nclass Args(TypedDict):\n    name: pulumi.Input[str]\n"
    args = module_of(tmp_path, "hints", source).Args
    with pytest.raises(NameError, match="Output"):
        get_type_hints(args)
    assert args.__required_keys__ == {"name"}
