"""Services that copy, store or hand on bytes: disks, images, file systems, backups, streams, logs."""

from __future__ import annotations

from tests.privacy_cases.case import door, fault
from tests.privacy_cases.program import add, ref
from tests.privacy_cases.values import FOREIGN, FOREIGN_ROOT, OWN, STRANGERS_BUCKET, SUBNET, VPC
from tests.unit.privacy.proof.stacks import allow, document

CASES = [
    fault(
        "snapshot of a disk is shared with another account",
        add(
            "aws:ec2/snapshotCreateVolumePermission:SnapshotCreateVolumePermission",
            snapshotId="snap-0a1b2c3d4e5f60718",
            accountId=FOREIGN,
        ),
    ),
    fault(
        "machine image is shared with another account",
        add("aws:ec2/amiLaunchPermission:AmiLaunchPermission", imageId="ami-0a1b2c3d4e5f60718", accountId=FOREIGN),
    ),
    fault(
        "file system that everyone may mount",
        add("aws:efs/fileSystem:FileSystem", "shared"),
        add(
            "aws:efs/fileSystemPolicy:FileSystemPolicy",
            fileSystemId=ref("FileSystem", "shared"),
            policy=document(allow()),
        ),
    ),
    fault(
        "Lustre file system that exports to the bucket of a stranger",
        add(
            "aws:fsx/lustreFileSystem:LustreFileSystem",
            subnetIds=SUBNET,
            storageCapacity=1200,
            importPath=f"s3://{STRANGERS_BUCKET}",
            exportPath=f"s3://{STRANGERS_BUCKET}/out",
        ),
    ),
    fault(
        "DataSync task to another account",
        add(
            "aws:datasync/task:Task",
            sourceLocationArn=f"arn:aws:datasync:us-east-1:{OWN}:location/loc-0a",
            destinationLocationArn=f"arn:aws:datasync:us-east-1:{FOREIGN}:location/loc-0b",
        ),
    ),
    fault(
        "backup that is copied to the vault of another account",
        add(
            "aws:backup/plan:Plan",
            rules=[
                {
                    "ruleName": "daily",
                    "targetVaultName": "vault",
                    "schedule": "cron(0 5 * * ? *)",
                    "copyActions": [{"destinationVaultArn": f"arn:aws:backup:us-east-1:{FOREIGN}:backup-vault:vault"}],
                }
            ],
        ),
    ),
    door(
        "another account may push images into our registry",
        add(
            "aws:ecr/repositoryPolicy:RepositoryPolicy",
            repository="vllm",
            policy=document({"Effect": "Allow", "Principal": FOREIGN_ROOT, "Action": ["ecr:PutImage"]}),
        ),
    ),
    fault(
        "images are replicated to another account",
        add(
            "aws:ecr/replicationConfiguration:ReplicationConfiguration",
            replicationConfiguration={"rules": [{"destinations": [{"region": "us-east-1", "registryId": FOREIGN}]}]},
        ),
    ),
    fault("public registry", add("aws:ecrpublic/repository:Repository", repositoryName="weights")),
    fault(
        "log group is streamed to another account",
        add(
            "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter",
            logGroup=ref("LogGroup", "llama-logs", "name"),
            filterPattern="",
            destinationArn=f"arn:aws:logs:us-east-1:{FOREIGN}:destination:all",
        ),
    ),
    fault(
        "stream that is delivered to a web address",
        add(
            "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
            destination="http_endpoint",
            httpEndpointConfiguration={"url": "https://somewhere.example/in", "name": "out"},
        ),
    ),
    fault(
        "queue that everyone may read",
        add("aws:sqs/queue:Queue", "open"),
        add("aws:sqs/queuePolicy:QueuePolicy", queueUrl=ref("Queue", "open"), policy=document(allow())),
    ),
    door(
        "flow logs go to the bucket of another account: who talks to whom, and how much",
        add(
            "aws:ec2/flowLog:FlowLog",
            vpcId=VPC,
            trafficType="ALL",
            logDestinationType="s3",
            logDestination=f"arn:aws:s3:::{STRANGERS_BUCKET}",
        ),
    ),
]
