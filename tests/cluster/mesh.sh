# Istio and the Gateway API of a kit: istiod, and an Envoy each for a gateway of
# both kinds and for a client's side of the mesh. Read by kit.sh; only with
# KIT_MESH=1, since it takes 2 s and 400 MB.
# shellcheck shell=sh disable=SC2154

as_admin() { in_netns kubectl --kubeconfig "$dir/admin.kubeconfig" "$@"; }

# start_envoy NAME TYPE POD APP IP ADMIN ID
start_envoy() {
	sed -e "s|@TYPE@|$2|; s|@POD@|$3|g; s|@APP@|$4|g; s|@IP@|$5|g; s|@ADMIN@|$6|; s|@VERSION@|1.31.1|" \
		"$here/config/mesh/envoy.yaml" >"$dir/mesh/$1.yaml"
	start "$1" "$mesh/bin/envoy" -c "$dir/mesh/$1.yaml" --concurrency 1 --base-id "$7" --log-level warn
	echo "[{\"targets\": [\"127.0.0.1:$6\"], \"labels\": {\"envoy\": \"$1\"}}]" >"$dir/mesh/$1.json"
}

address_of() {
	as_admin -n istio-system wait --for=jsonpath='{.status.podIP}' "pod/$1" --timeout=30s >/dev/null
	as_admin -n istio-system get pod "$1" -o jsonpath='{.status.podIP}'
}

start_mesh() {
	[ -n "${KIT_MESH:-}" ] || return 0
	as_admin apply --server-side -f "$mesh/share/istio.yaml" -f "$mesh/share/gateway-api" >"$dir/log/mesh-crds.log"
	as_admin wait --for=condition=Established crd --all --timeout=30s >>"$dir/log/mesh-crds.log"
	as_admin create namespace istio-system >>"$dir/log/mesh-crds.log"
	as_admin create -f "$here/config/mesh/objects.yaml" >>"$dir/log/mesh-crds.log"
	start istiod env POD_NAME=istiod-0 POD_NAMESPACE=istio-system \
		PILOT_ENABLE_METADATA_EXCHANGE=false PILOT_ENABLE_ALPN_FILTER=false \
		ENABLE_CA_SERVER=false PILOT_CERT_PROVIDER=none INJECT_ENABLED=false XDS_AUTH=false ENABLE_LEADER_ELECTION=false \
		INJECTION_WEBHOOK_CONFIG_NAME= VALIDATION_WEBHOOK_CONFIG_NAME= \
		"$mesh/bin/pilot-discovery" discovery --kubeconfig "$dir/admin.kubeconfig" \
		--meshConfig "$here/config/mesh/mesh.yaml" --httpAddr 127.0.0.1:15080 --httpsAddr "" \
		--grpcAddr :15010 --secureGRPCAddr "" --monitoringAddr 127.0.0.1:15014
	answers istiod 60 http://127.0.0.1:15080/ready
	start_envoy envoy-gateway router ingressgateway-0 ingressgateway 10.244.200.1 15000 1
	start_envoy envoy-gwapi router gwapi-0 gwapi "$(address_of gwapi-0)" 15021 2
	start_envoy envoy-client sidecar client-0 client "$(address_of client-0)" 15022 3
	answers envoy-gateway 60 http://127.0.0.1:15000/ready
	answers envoy-gwapi 60 http://127.0.0.1:15021/ready
	answers envoy-client 60 http://127.0.0.1:15022/ready
}
