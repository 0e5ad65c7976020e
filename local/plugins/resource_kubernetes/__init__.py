"""The local cloud's Pulumi provider for Kubernetes (`pulumi-resource-kubernetes`).

Pulumi's own is in no package registry. For plain objects and custom resources this one behaves as pulumi-kubernetes 4
does with server-side apply, so that a program cannot tell which of them serves it; what it lacks (Helm, Kustomize, YAML
files, patches, functions) it refuses by name. In two things it is stricter: the API server refuses unknown fields where
Pulumi's warns, and a preview is a dry run on the API server even in a namespace that does not exist yet.

From the engine to the cluster: `provider` answers the calls, `values` translates what they carry, `objects` knows names
and kinds, `changes` decides between update and replacement, `api` and `kubeconfig` talk to the API server, `readiness`
and `reasons` judge an object, `waiting` waits for it.
"""
