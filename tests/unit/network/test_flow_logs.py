"""Flow logs: all traffic, one log group, a key and a role for nothing else."""

import json
from typing import Any

from paddock.common.account import Account
from paddock.common.log_groups import log_key_policy
from paddock.network.flow_logs import delivery_policy, delivery_trust
from tests.unit.components.cases import built_case
from tests.unit.components.recorder import ACCOUNT

OWN_ACCOUNT = Account(partition="aws", id=ACCOUNT, region="us-east-1")
GROUP = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/paddock/net-test/flows"


def test_the_key_is_used_by_the_log_service_for_one_group_and_by_nobody_else() -> None:
    administration, use = json.loads(log_key_policy("/paddock/net-test/flows", OWN_ACCOUNT))["Statement"]
    assert use["Principal"] == {"Service": "logs.us-east-1.amazonaws.com"}
    assert use["Condition"] == {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": GROUP}}
    assert administration["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert not {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:CreateGrant"} & set(administration["Action"])
    # AWS refuses a key that nobody could govern any more.
    assert "kms:PutKeyPolicy" in administration["Action"]
    assert not [each for each in administration["Action"] + use["Action"] if "*" in each]


def test_the_role_is_for_flow_logs_of_the_account_and_writes_into_one_group() -> None:
    (trusted,) = json.loads(delivery_trust(OWN_ACCOUNT))["Statement"]
    assert trusted["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
    assert trusted["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}
    right: dict[str, Any]
    (right,) = json.loads(delivery_policy("/paddock/net-test/flows", OWN_ACCOUNT))["Statement"]
    assert right["Resource"] == [GROUP, f"{GROUP}:*"]
    assert not [each for each in right["Action"] if "*" in each]


def test_the_right_to_write_comes_before_the_flow_log() -> None:
    waits = built_case("PrivateNetwork").waits["aws:ec2/flowLog:FlowLog", "net-flows"]
    assert ("aws:iam/rolePolicy:RolePolicy", "net-flows") in waits
