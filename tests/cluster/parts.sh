# The parts of a running kit and how each is started. Read by kit.sh, which
# sets `dir`, the kit's run directory.
# shellcheck shell=sh disable=SC2154

server=https://10.88.0.1:6443

# in_netns COMMAND...: in the kit's network, and in no other.
in_netns() { ip netns exec "$(cat "$dir/netns")" "$@"; }

# start NAME COMMAND...: in the background, with its output in log/NAME.log.
start() {
	part=$1
	shift
	ip netns exec "$(cat "$dir/netns")" setsid "$@" >"$dir/log/$part.log" 2>&1 </dev/null &
	echo $! >"$dir/pid/$part"
}

# await NAME SECONDS COMMAND...: until COMMAND succeeds; fails when the part
# has ended or the time is over, with the last of its log.
await() {
	part=$1
	limit=$(($(date +%s) + $2))
	shift 2
	until in_netns "$@" >/dev/null 2>&1; do
		if ! kill -0 "$(cat "$dir/pid/$part")" 2>/dev/null; then
			tail -n 20 "$dir/log/$part.log" >&2
			fail "$part ended"
		fi
		if [ "$(date +%s)" -gt "$limit" ]; then
			tail -n 20 "$dir/log/$part.log" >&2
			fail "$part is not ready: $*"
		fi
		sleep 0.1
	done
}

answers() { await "$1" "$2" curl -skf -m 2 "$3"; }

# kubeconfig USER TOKEN NAMESPACE: printed.
kubeconfig() {
	cat <<EOF
apiVersion: v1
kind: Config
current-context: kit
clusters:
- name: kit
  cluster:
    server: $server
    certificate-authority: $dir/certs/apiserver.crt
contexts:
- name: kit
  context: {cluster: kit, user: $1, namespace: $3}
users:
- name: $1
  user: {token: $2}
EOF
}

# Every pod and service address is this machine, in the namespace only.
prepare_network() {
	name=serin-${dir##*.}
	echo "$name" >"$dir/netns"
	ip netns add "$name"
	in_netns ip link set lo up
	in_netns ip addr add 10.88.0.1/32 dev lo
	in_netns ip route add local 10.244.0.0/16 dev lo
	in_netns ip route add local 10.96.0.0/16 dev lo
}

prepare() {
	chmod 755 "$dir" # nginx's workers are not root
	mkdir "$dir/log" "$dir/pid" "$dir/certs" "$dir/etcd" "$dir/targets" "$dir/prometheus" "$dir/mesh"
	prepare_network
	openssl genrsa -out "$dir/certs/accounts.key" 2048 2>/dev/null
	token=$(openssl rand -hex 16)
	echo "$token,admin,admin,system:masters" >"$dir/certs/tokens.csv"
	kubeconfig admin "$token" default >"$dir/admin.kubeconfig"
	chmod 600 "$dir/admin.kubeconfig" "$dir/certs/tokens.csv"
	for f in prometheus.yaml ingress.yaml; do
		sed "s|KIT_DIR|$dir|g" "$here/config/$f" >"$dir/$f"
	done
}

start_store() {
	start etcd "$kit/bin/etcd" --data-dir="$dir/etcd" --unsafe-no-fsync \
		--listen-client-urls=http://127.0.0.1:2379 --advertise-client-urls=http://127.0.0.1:2379 \
		--listen-peer-urls=http://127.0.0.1:2380 --log-level=warn
	answers etcd 30 http://127.0.0.1:2379/health
	start apiserver "$kit/bin/kube-apiserver" --etcd-servers=http://127.0.0.1:2379 \
		--cert-dir="$dir/certs" --bind-address=0.0.0.0 --advertise-address=10.88.0.1 --secure-port=6443 \
		--service-account-issuer=https://kubernetes.default.svc \
		--service-account-key-file="$dir/certs/accounts.key" \
		--service-account-signing-key-file="$dir/certs/accounts.key" \
		--token-auth-file="$dir/certs/tokens.csv" --authorization-mode=RBAC \
		--service-cluster-ip-range=10.96.0.0/16 --disable-admission-plugins=ServiceAccount \
		--audit-policy-file="$here/config/audit-policy.yaml" \
		--audit-log-path="$dir/log/audit.log" --audit-log-format=json --audit-log-maxsize=2000
	answers apiserver 60 "$server/readyz"
}

controllers=deployment-controller,replicaset-controller,daemonset-controller,endpointslice-controller
controllers=$controllers,endpoints-controller,namespace-controller,garbage-collector-controller
controllers=$controllers,horizontal-pod-autoscaler-controller

start_cluster() {
	start controller-manager "$kit/bin/kube-controller-manager" --kubeconfig="$dir/admin.kubeconfig" \
		--leader-elect=false --controllers="$controllers" --bind-address=127.0.0.1 \
		--service-account-private-key-file="$dir/certs/accounts.key" \
		--kube-api-qps=200 --kube-api-burst=400
	start kwok "$kit/bin/kwok" --kubeconfig="$dir/admin.kubeconfig" --manage-all-nodes=true \
		--cidr=10.245.0.1/16 --node-ip=10.88.0.1 --node-lease-duration-seconds=0 \
		--server-address=127.0.0.1:10249 --config="$here/config/stages.yaml"
	start testapp "$tools/testapp" -kubeconfig "$dir/admin.kubeconfig"
	start prometheus prometheus --config.file="$dir/prometheus.yaml" --storage.tsdb.path="$dir/prometheus" \
		--web.listen-address=0.0.0.0:9090
	in_netns kubectl --kubeconfig "$dir/admin.kubeconfig" create -f "$here/config/node.yaml" -f "$dir/ingress.yaml" >"$dir/log/objects.log"
}

# The controller's paths are compiled in, so a mount namespace of its own puts
# the kit's folders in their place. The machine has only their empty mount
# points, which stay: another kit may be using them.
prepare_ingress() {
	root=$dir/ingress
	mkdir -p "$root/tmp" "$root/etc-ic/ssl" "$root/etc-ic/auth" "$root/etc-ic/geoip" "$root/etc-ic/telemetry"
	mkdir -p /etc/ingress-controller /tmp/nginx
	cp -r "$kit/share/ingress-nginx" "$root/etc"
	mkdir -p "$root/etc/lua/resty"
	cp -r "$here"/ingress/lua/* "$root/etc/lua/resty/"
	cp /etc/nginx/mime.types "$root/etc/"
	# Debian's nginx has no Lua for streams, and the kit uses none.
	sed -i '/^stream {$/,/^}$/d' "$root/etc/template/nginx.tmpl"
}

# A process namespace of its own too: before each change takes effect the
# controller reads /proc of every process it sees, and a busy machine has many.
# Its admission webhook asks only whoever configures one: scenarios/admission.py.
# --sync-rate-limit: a change of weight holds after 1/rate seconds at the
# latest. Never above 1: nginx then loses a change that follows another within
# the same second (README.md).
start_ingress() {
	prepare_ingress
	# shellcheck disable=SC2016
	start ingress-nginx unshare -m -p -f --kill-child --mount-proc sh -c 'root=$1; shift
		mount --bind "$root/etc" /etc/nginx
		mount --bind "$root/etc-ic" /etc/ingress-controller
		mount --bind "$root/tmp" /tmp/nginx
		export POD_NAME=ingress-nginx-0 POD_NAMESPACE=ingress-nginx NGINX_BINARY=/usr/sbin/nginx
		exec "$@"' ingress "$root" "$kit/bin/ingress-nginx" --kubeconfig="$dir/admin.kubeconfig" \
		--configmap=ingress-nginx/ingress-nginx-controller --http-port=8081 --https-port=8443 \
		--publish-status-address=10.88.0.1 --ingress-class=nginx --controller-class=k8s.io/ingress-nginx \
		--post-shutdown-grace-period=0 --sync-rate-limit="${KIT_SYNC_RATE:-0.5}" \
		--validating-webhook=10.88.0.1:8444 \
		--validating-webhook-certificate="$dir/certs/apiserver.crt" --validating-webhook-key="$dir/certs/apiserver.key"
	answers controller-manager 60 https://127.0.0.1:10257/healthz
	answers kwok 60 http://127.0.0.1:10249/healthz
	answers testapp 60 http://127.0.0.1:8090/readyz
	answers prometheus 60 http://127.0.0.1:9090/-/ready
	await kwok 60 kubectl --kubeconfig "$dir/admin.kubeconfig" wait --for=condition=Ready \
		node/node-0 pod/ingress-nginx-0 -n ingress-nginx --timeout=1s
	answers ingress-nginx 60 http://127.0.0.1:10254/healthz
	answers ingress-nginx 60 http://127.0.0.1:10246/is-dynamic-lb-initialized
}
