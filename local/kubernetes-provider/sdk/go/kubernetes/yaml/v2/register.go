// Package v2 registers the objects that came as YAML.
package v2

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

type object struct{ pulumi.CustomResourceState }

// RegisterResource registers an object of a ConfigFile, a ConfigGroup or a Chart as the SDK does with a kind that it
// has no type for. The SDK's own knows the types of all kinds, for whose sake all of them are compiled.
func RegisterResource(
	ctx *pulumi.Context, apiVersion, kind, name string, props pulumi.Input, opts ...pulumi.ResourceOption,
) (pulumi.CustomResource, error) {
	var res object
	// The core group has no name in a manifest and the name core in a token.
	if apiVersion == "v1" {
		apiVersion = "core/v1"
	}
	if err := ctx.RegisterResource("kubernetes:"+apiVersion+":"+kind, name, props, &res, opts...); err != nil {
		return nil, err
	}
	return &res, nil
}
