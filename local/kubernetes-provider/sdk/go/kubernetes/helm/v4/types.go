// Package helm has the arguments of a Chart that the provider reads.
package helm

import whole "paddock.local/pulumi-kubernetes-sdk/v4/go/kubernetes/helm/v4"

type (
	PostRenderer        = whole.PostRenderer
	PostRendererInput   = whole.PostRendererInput
	RepositoryOpts      = whole.RepositoryOpts
	RepositoryOptsInput = whole.RepositoryOptsInput
)
