"""Objects that come as YAML, as those of a chart do: one of the core group, one of another."""

from pulumi_kubernetes.yaml.v2 import ConfigGroup

OBJECTS = """
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
data: {colour: white}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: wool, namespace: default}
spec:
  selector: {matchLabels: {app: wool}}
  template:
    metadata: {labels: {app: wool}}
    spec: {containers: [{name: wool, image: wool}]}
"""

ConfigGroup("objects", yaml=OBJECTS)
