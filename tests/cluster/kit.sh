#!/bin/sh
# A real Kubernetes API, ingress-nginx and Prometheus without containers, in a
# network namespace of their own. README.md tells how to use it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
. "$here/parts.sh"
. "$here/mesh.sh"

usage() {
	cat >&2 <<'EOF'
usage: kit.sh up                           start a kit; prints its folder, KIT_DIR
       kit.sh run COMMAND...               start a kit, run COMMAND in it, stop it
   with KIT_DIR set, or -d KIT_DIR before the verb:
       kit.sh exec COMMAND...              run COMMAND in the kit
       kit.sh env                          print the kit's variables for a shell
       kit.sh kubeconfig NAMESPACE/ACCOUNT [DURATION]
                                           print a kubeconfig for a ServiceAccount
       kit.sh down                         stop it and remove all of it
EOF
	exit 2
}

up() {
	[ "$(id -u)" = 0 ] || fail "the kit makes a network namespace: run it as root"
	"$here/build.sh"
	[ -x "$mesh/bin/pilot-discovery" ] && [ -x "$mesh/bin/envoy" ] || unset KIT_MESH
	dir=$(mktemp -d "${TMPDIR:-/tmp}/serin-kit.XXXXXX")
	trap 'down' EXIT
	trap 'exit 130' INT TERM HUP
	begun=$(date +%s%3N)
	prepare
	start_store
	start_cluster
	start_ingress
	start_mesh
	trap - EXIT INT TERM HUP
	say "ready in $(($(date +%s%3N) - begun)) ms: $dir"
}

# down ends every process in the namespace, whoever started it there.
down() {
	name=$(cat "$dir/netns" 2>/dev/null) || fail "$dir is no kit"
	if ip netns pids "$name" >/dev/null 2>&1; then
		signal_all TERM
		tries=20
		while [ -n "$(ip netns pids "$name")" ] && [ $tries -gt 0 ]; do
			sleep 0.1
			tries=$((tries - 1))
		done
		while [ -n "$(ip netns pids "$name")" ]; do
			signal_all KILL
			sleep 0.05
		done
		ip netns del "$name"
	fi
	if [ -n "${KIT_KEEP:-}" ]; then
		say "kept the logs in $dir/log"
	else
		rm -rf "$dir"
	fi
}

signal_all() {
	for pid in $(ip netns pids "$name"); do
		kill -"$1" "$pid" 2>/dev/null || true
	done
}

set_variables() {
	NETNS=$(cat "$dir/netns" 2>/dev/null) || fail "$dir is no kit"
	KIT_DIR=$dir
	KUBECONFIG=$dir/admin.kubeconfig
	KUBERNETES_URL=$server
	PROMETHEUS_URL=http://10.88.0.1:9090
	INGRESS_URL=http://10.88.0.1:8081
	GATEWAY_URL=http://10.244.200.1:8085
	GWAPI_URL=http://10.244.200.1:8086
	MESH_PROXY=http://127.0.0.1:15007
	SPLITS_CRD=$mesh/share/trafficsplit.yaml
	AUDIT_LOG=$dir/log/audit.log
	PATH=$tools:$PATH:$kit/bin:$flagger
	export NETNS KIT_DIR KUBECONFIG KUBERNETES_URL PROMETHEUS_URL INGRESS_URL GATEWAY_URL GWAPI_URL MESH_PROXY SPLITS_CRD AUDIT_LOG PATH
}

print_env() {
	set_variables
	for v in NETNS KIT_DIR KUBECONFIG KUBERNETES_URL PROMETHEUS_URL INGRESS_URL GATEWAY_URL GWAPI_URL MESH_PROXY SPLITS_CRD AUDIT_LOG PATH; do
		eval "printf \"export %s='%s'\\n\" $v \"\$$v\""
	done
}

inside() {
	set_variables
	exec ip netns exec "$NETNS" "$@"
}

run() {
	up
	trap 'down' EXIT
	trap 'exit 130' INT TERM HUP
	(inside "$@")
}

account() {
	set_variables
	case ${1:-} in
	?*/?*) ;;
	*) usage ;;
	esac
	token=$(in_netns kubectl -n "${1%%/*}" create token "${1#*/}" --duration="${2:-24h}")
	kubeconfig "${1#*/}" "$token" "${1%%/*}"
}

dir=${KIT_DIR:-}
if [ "${1:-}" = -d ]; then
	[ $# -gt 2 ] || usage
	dir=$2
	shift 2
fi
[ $# -gt 0 ] || usage
verb=$1
shift
case $verb in
up | run) ;;
exec | env | kubeconfig | down) [ -n "$dir" ] || usage ;;
esac
case $verb in
run | exec) [ $# -gt 0 ] || usage ;;
esac
# Nothing here may stand in a condition: that would switch off set -e below it.
case $verb in
up)
	up
	echo "$dir"
	;;
run) run "$@" ;;
exec) inside "$@" ;;
env) print_env ;;
kubeconfig) account "$@" ;;
down) down ;;
*) usage ;;
esac
