//go:build tools

// Package istio pins the one command that build.sh builds from Istio: istiod.
package istio

import (
	_ "istio.io/istio/pilot/cmd/pilot-discovery"
)
