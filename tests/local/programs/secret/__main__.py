import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

config = pulumi.Config()
key = config.require_secret("key")

aws.ssm.Parameter("key", type="SecureString", value=key)
aws.ssm.Parameter("note", type="String", value=config.require("note"))
kubernetes.core.v1.Secret("key", metadata={"name": "key", "namespace": "default"}, string_data={"key": key})
pulumi.export("key", key)
