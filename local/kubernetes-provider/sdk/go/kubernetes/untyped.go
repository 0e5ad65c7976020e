// Package kubernetes has the arguments of an object that came as YAML.
package kubernetes

import whole "paddock.local/pulumi-kubernetes-sdk/v4/go/kubernetes"

type UntypedArgs = whole.UntypedArgs
