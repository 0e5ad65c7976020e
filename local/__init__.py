"""The local cloud: everything that exists only so that `pulumi up` runs with no account.

The real Pulumi engine, its Kubernetes provider and a real control plane, with emulated AWS and emulated kubelets around
them. What that proves, and what it cannot prove, is in docs/local-cloud.md. Nothing in `components/` imports this
package.
"""
