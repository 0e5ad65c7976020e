"""IAM roles, their inline policies and attachments, and customer-managed policies."""

from __future__ import annotations

import json
from urllib.parse import unquote

from local.aws.calls import changed_items, given, tag_list, tag_map, timestamp
from local.aws.cloud import Cloud
from local.aws.definition import Change, Naming, Resource, names
from local.aws.values import Value, Values

_KEPT_POLICY_VERSIONS = 5
"""IAM refuses a sixth version of a managed policy."""


def _text(document: Value) -> str:
    """boto3 gives policy documents decoded in some calls and not in others."""
    return json.dumps(document) if isinstance(document, dict) else unquote(str(document))


def _create_role(cloud: Cloud, inputs: Values) -> str:
    made = cloud.iam.create_role(
        RoleName=inputs["name"],
        AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
        Path=inputs["path"],
        MaxSessionDuration=inputs["maxSessionDuration"],
        Tags=tag_list(inputs.get("tagsAll", {})),
        **given(Description=inputs.get("description"), PermissionsBoundary=inputs.get("permissionsBoundary")),
    )
    return str(made["Role"]["RoleName"])


def _attach_to_role(cloud: Cloud, id_: str, inputs: Values) -> None:
    for arn in inputs.get("managedPolicyArns", []):
        cloud.iam.attach_role_policy(RoleName=id_, PolicyArn=arn)


def _read_role(cloud: Cloud, id_: str, _: Values) -> Values | None:
    try:
        role = cloud.iam.get_role(RoleName=id_)["Role"]
    except cloud.iam.exceptions.NoSuchEntityException:
        return None
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


def _retag_role(cloud: Cloud, id_: str, _: Values, put: dict[str, str], drop: list[str]) -> None:
    if drop:
        cloud.iam.untag_role(RoleName=id_, TagKeys=drop)
    if put:
        cloud.iam.tag_role(RoleName=id_, Tags=tag_list(put))


def _put_inline(cloud: Cloud, inputs: Values) -> str:
    cloud.iam.put_role_policy(RoleName=inputs["role"], PolicyName=inputs["name"], PolicyDocument=inputs["policy"])
    return f"{inputs['role']}:{inputs['name']}"


def _read_inline(cloud: Cloud, id_: str, _: Values) -> Values | None:
    role, name = id_.split(":", 1)
    try:
        policy = cloud.iam.get_role_policy(RoleName=role, PolicyName=name)
    except cloud.iam.exceptions.NoSuchEntityException:
        return None
    return {"name": name, "namePrefix": "", "policy": _text(policy["PolicyDocument"]), "role": role}


def _delete_inline(cloud: Cloud, id_: str, _: Values) -> None:
    role, name = id_.split(":", 1)
    cloud.iam.delete_role_policy(RoleName=role, PolicyName=name)


def _attach(cloud: Cloud, inputs: Values) -> str:
    cloud.iam.attach_role_policy(RoleName=inputs["role"], PolicyArn=inputs["policyArn"])
    return f"{inputs['role']}/{inputs['policyArn']}"


def _read_attachment(cloud: Cloud, id_: str, _: Values) -> Values | None:
    role, arn = id_.split("/", 1)
    try:
        attached = cloud.iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    except cloud.iam.exceptions.NoSuchEntityException:
        return None
    return {"role": role, "policyArn": arn} if arn in {each["PolicyArn"] for each in attached} else None


def _detach(cloud: Cloud, id_: str, _: Values) -> None:
    role, arn = id_.split("/", 1)
    cloud.iam.detach_role_policy(RoleName=role, PolicyArn=arn)


def _create_policy(cloud: Cloud, inputs: Values) -> str:
    made = cloud.iam.create_policy(
        PolicyName=inputs["name"],
        PolicyDocument=inputs["policy"],
        Path=inputs["path"],
        Tags=tag_list(inputs.get("tagsAll", {})),
        **given(Description=inputs.get("description")),
    )
    return str(made["Policy"]["Arn"])


def _read_policy(cloud: Cloud, id_: str, _: Values) -> Values | None:
    try:
        policy = cloud.iam.get_policy(PolicyArn=id_)["Policy"]
    except cloud.iam.exceptions.NoSuchEntityException:
        return None
    version = cloud.iam.get_policy_version(PolicyArn=id_, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
    return {
        "arn": id_,
        "attachmentCount": policy["AttachmentCount"],
        "description": policy.get("Description", ""),
        "name": policy["PolicyName"],
        "namePrefix": "",
        "path": policy["Path"],
        "policy": _text(version["Document"]),
        "policyId": policy["PolicyId"],
        "tagsAll": tag_map(policy.get("Tags")),
    }


def _old_versions(cloud: Cloud, arn: str) -> list[str]:
    versions = cloud.iam.list_policy_versions(PolicyArn=arn)["Versions"]
    versions.sort(key=lambda version: version["CreateDate"])
    return [version["VersionId"] for version in versions if not version["IsDefaultVersion"]]


def _update_policy(change: Change) -> None:
    if change.of("policy"):
        old = _old_versions(change.cloud, change.id)
        if len(old) + 1 >= _KEPT_POLICY_VERSIONS:
            change.cloud.iam.delete_policy_version(PolicyArn=change.id, VersionId=old[0])
        change.cloud.iam.create_policy_version(
            PolicyArn=change.id, PolicyDocument=change.new["policy"], SetAsDefault=True
        )


def _delete_policy(cloud: Cloud, id_: str, _: Values) -> None:
    for version in _old_versions(cloud, id_):
        cloud.iam.delete_policy_version(PolicyArn=id_, VersionId=version)
    cloud.iam.delete_policy(PolicyArn=id_)


def _retag_policy(cloud: Cloud, id_: str, _: Values, put: dict[str, str], drop: list[str]) -> None:
    if drop:
        cloud.iam.untag_policy(PolicyArn=id_, TagKeys=drop)
    if put:
        cloud.iam.tag_policy(PolicyArn=id_, Tags=tag_list(put))


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
        retag=_retag_role,
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
    Resource(
        pulumi_type="aws:iam/policy:Policy",
        operation=("iam", "CreatePolicy"),
        arguments=names("description name namePrefix path policy"),
        naming=Naming(max_length=128),
        defaults={"path": "/"},
        renames={"policy": "PolicyDocument", "name": "PolicyName"},
        replace_on=names("description name namePrefix path"),
        identity=names("name path"),
        documents=names("policy"),
        provider_only=names("namePrefix"),
        create=_create_policy,
        read=_read_policy,
        update=_update_policy,
        delete=_delete_policy,
        retag=_retag_policy,
    ),
)
