"""Shapes of safe values: a row about a whole resource is one of its own, and every result has a text."""

from paddock.privacy.predicates.findings import Seen
from paddock.privacy.predicates.shapes import WHOLE, check, shapes
from paddock.privacy.predicates.values import UNKNOWN

OLD_STYLE = "aws:ec2/securityGroupRule:SecurityGroupRule"
INSIDE = {"type": "ingress", "self": True, "protocol": "tcp", "fromPort": 443, "toPort": 443, "securityGroupId": "sg-0"}
ATTACHMENT = "aws:ec2transitgateway/vpcAttachment:VpcAttachment"


def test_a_resource_that_is_a_fault_by_itself_has_no_other_row() -> None:
    whole = {kind: shape for kind, shape in shapes().items() if WHOLE in shape.inner}
    assert whole
    for kind, shape in whole.items():
        row = shape.inner[WHOLE].row
        assert row is not None
        assert (set(shape.inner), bool(row.why), row.accepted) == ({WHOLE}, True, "never"), kind


def test_an_old_style_rule_of_a_security_group_that_lets_the_group_itself_in_is_none() -> None:
    assert list(check(OLD_STYLE, INSIDE)) == []


def test_an_old_style_rule_that_lets_everyone_in_says_which_range() -> None:
    ((rule, result),) = check(OLD_STYLE, {**INSIDE, "self": False, "cidrBlocks": ["0.0.0.0/0"]})
    assert rule == "security-group"
    assert str(result).startswith("cidrBlocks[0]: got 0.0.0.0/0")


def test_an_unknown_transit_gateway_is_of_the_stack_only_if_it_is_made_of_one_and_not_of_a_vpc_by_apply() -> None:
    def found(kind: str) -> list[str]:
        seen = Seen(kinds=lambda _path, _value: (kind,), stack=True)
        return [str(result) for _, result in check(ATTACHMENT, {"transitGatewayId": UNKNOWN}, seen)]

    assert found("TransitGateway") == []
    assert len(found("Vpc")) == 1


def test_an_empty_value_lacks_what_must_be_in_an_object() -> None:
    values: list[object] = [[], "", False, 0, {}, None]
    for empty in values:
        found = [rule for rule, _ in check("aws:ec2/launchTemplate:LaunchTemplate", {"metadataOptions": empty})]
        assert found == ["metadata", "metadata"], empty
