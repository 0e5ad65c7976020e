// Package utilities has what the SDK's generated code calls.
package utilities

import whole "paddock.local/pulumi-kubernetes-sdk/v4/go/kubernetes/utilities"

var (
	GetEnvOrDefault        = whole.GetEnvOrDefault
	ParseEnvBool           = whole.ParseEnvBool
	ParseEnvFloat          = whole.ParseEnvFloat
	ParseEnvInt            = whole.ParseEnvInt
	PkgResourceDefaultOpts = whole.PkgResourceDefaultOpts
	PkgVersion             = whole.PkgVersion
)
