"""IAM roles, their inline policies and attachments."""

from __future__ import annotations

import json
from urllib.parse import unquote

from local.aws.calls import changed_items, create, retag_by, tag_map, timestamp
from local.aws.cloud import Cloud, GoneError
from local.aws.definition import Change, Naming, Resource, names
from local.aws.values import Value, Values


def _text(document: Value) -> str:
    """boto3 gives policy documents decoded in some calls and not in others."""
    return json.dumps(document) if isinstance(document, dict) else unquote(str(document))


def _create_role(cloud: Cloud, inputs: Values) -> str:
    trust = inputs["assumeRolePolicy"]
    create(cloud, "iam", "CreateRole", inputs, RoleName=inputs["name"], AssumeRolePolicyDocument=trust)
    return str(inputs["name"])


def _attach_to_role(cloud: Cloud, id_: str, inputs: Values) -> None:
    for arn in inputs.get("managedPolicyArns", []):
        cloud.iam.attach_role_policy(RoleName=id_, PolicyArn=arn)


def _read_role(cloud: Cloud, id_: str, _: Values) -> Values:
    role = cloud.iam.get_role(RoleName=id_)["Role"]
    attached = cloud.iam.list_attached_role_policies(RoleName=id_)["AttachedPolicies"]
    return {
        "arn": role["Arn"],
        "assumeRolePolicy": _text(role["AssumeRolePolicyDocument"]),
        "createDate": timestamp(role["CreateDate"]),
        "description": role.get("Description", ""),
        "managedPolicyArns": [policy["PolicyArn"] for policy in attached],
        "maxSessionDuration": role["MaxSessionDuration"],
        "name": id_,
        "namePrefix": "",
        "path": role["Path"],
        "permissionsBoundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
        "tagsAll": tag_map(role.get("Tags")),
        "uniqueId": role["RoleId"],
    }


def _update_role(change: Change) -> None:
    iam, new = change.cloud.iam, change.new
    if change.of("assumeRolePolicy"):
        iam.update_assume_role_policy(RoleName=change.id, PolicyDocument=new["assumeRolePolicy"])
    if change.of("description", "maxSessionDuration"):
        iam.update_role(
            RoleName=change.id,
            Description=new.get("description", ""),
            MaxSessionDuration=new["maxSessionDuration"],
        )
    if change.of("permissionsBoundary"):
        if "permissionsBoundary" in new:
            iam.put_role_permissions_boundary(RoleName=change.id, PermissionsBoundary=new["permissionsBoundary"])
        else:
            iam.delete_role_permissions_boundary(RoleName=change.id)
    if change.of("managedPolicyArns") and "managedPolicyArns" in new:
        gained, lost = changed_items(change.state["managedPolicyArns"], new["managedPolicyArns"])
        _attach_to_role(change.cloud, change.id, {"managedPolicyArns": gained})
        for arn in lost:
            iam.detach_role_policy(RoleName=change.id, PolicyArn=arn)


def _delete_role(cloud: Cloud, id_: str, state: Values) -> None:
    own = state.get("managedPolicyArns", [])
    for policy in cloud.iam.list_attached_role_policies(RoleName=id_)["AttachedPolicies"]:
        # What others attached keeps the role, as on AWS, unless the program said to let go of it.
        if state.get("forceDetachPolicies") or policy["PolicyArn"] in own:
            cloud.iam.detach_role_policy(RoleName=id_, PolicyArn=policy["PolicyArn"])
    if state.get("forceDetachPolicies"):
        for name in cloud.iam.list_role_policies(RoleName=id_)["PolicyNames"]:
            cloud.iam.delete_role_policy(RoleName=id_, PolicyName=name)
    cloud.iam.delete_role(RoleName=id_)


def _put_inline(cloud: Cloud, inputs: Values) -> str:
    cloud.iam.put_role_policy(RoleName=inputs["role"], PolicyName=inputs["name"], PolicyDocument=inputs["policy"])
    return f"{inputs['role']}:{inputs['name']}"


def _read_inline(cloud: Cloud, id_: str, _: Values) -> Values:
    role, name = id_.split(":", 1)
    policy = cloud.iam.get_role_policy(RoleName=role, PolicyName=name)
    return {"name": name, "namePrefix": "", "policy": _text(policy["PolicyDocument"]), "role": role}


def _delete_inline(cloud: Cloud, id_: str, _: Values) -> None:
    role, name = id_.split(":", 1)
    cloud.iam.delete_role_policy(RoleName=role, PolicyName=name)


def _attach(cloud: Cloud, inputs: Values) -> str:
    cloud.iam.attach_role_policy(RoleName=inputs["role"], PolicyArn=inputs["policyArn"])
    return f"{inputs['role']}/{inputs['policyArn']}"


def _read_attachment(cloud: Cloud, id_: str, _: Values) -> Values:
    role, arn = id_.split("/", 1)
    if arn not in {
        each["PolicyArn"] for each in cloud.iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    }:
        raise GoneError(id_)
    return {"role": role, "policyArn": arn}


def _detach(cloud: Cloud, id_: str, _: Values) -> None:
    role, arn = id_.split("/", 1)
    cloud.iam.detach_role_policy(RoleName=role, PolicyArn=arn)


RESOURCES = (
    Resource(
        pulumi_type="aws:iam/role:Role",
        operation=("iam", "CreateRole"),
        arguments=names(
            "assumeRolePolicy description forceDetachPolicies managedPolicyArns maxSessionDuration name namePrefix "
            "path permissionsBoundary"
        ),
        naming=Naming(max_length=64),
        defaults={"forceDetachPolicies": False, "maxSessionDuration": 3600, "path": "/"},
        renames={"assumeRolePolicy": "AssumeRolePolicyDocument", "name": "RoleName"},
        replace_on=names("name namePrefix path"),
        identity=names("name"),
        documents=names("assumeRolePolicy"),
        sets=names("managedPolicyArns"),
        provider_only=names("forceDetachPolicies namePrefix"),
        create=_create_role,
        settle=_attach_to_role,
        read=_read_role,
        update=_update_role,
        delete=_delete_role,
        retag=retag_by("iam", "TagRole", "UntagRole", lambda name, _: {"RoleName": name}),
    ),
    Resource(
        pulumi_type="aws:iam/rolePolicy:RolePolicy",
        operation=("iam", "PutRolePolicy"),
        arguments=names("name namePrefix policy role"),
        naming=Naming(max_length=128),
        renames={"policy": "PolicyDocument", "name": "PolicyName", "role": "RoleName"},
        replace_on=names("name namePrefix role"),
        identity=names("name role"),
        documents=names("policy"),
        provider_only=names("namePrefix"),
        create=_put_inline,
        read=_read_inline,
        update=lambda change: (_put_inline(change.cloud, change.new), None)[1],
        delete=_delete_inline,
    ),
    Resource(
        pulumi_type="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        operation=("iam", "AttachRolePolicy"),
        arguments=names("policyArn role"),
        renames={"role": "RoleName"},
        replace_on=names("policyArn role"),
        identity=names("policyArn role"),
        create=_attach,
        read=_read_attachment,
        delete=_detach,
    ),
)
