#!/bin/sh
# Proves the kit: starts one, checks each thing that tests rely on, stops it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

if [ -z "${KIT_DIR:-}" ]; then
	exec "$here/kit.sh" run "$0" "$@"
fi

# From here on the script runs inside the kit.
passed=0
failed=0

check() {
	what=$1
	shift
	if "$@"; then
		passed=$((passed + 1))
		echo "ok    $what"
	else
		failed=$((failed + 1))
		echo "FAIL  $what"
	fi
}

# within SECONDS COMMAND...: until it succeeds.
within() {
	end=$(($(date +%s) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -le "$end" ] || return 1
		sleep 0.1
	done
}

# summary JQ-CONDITION: on the counts of the last load.
summary() { echo "$load" | jq -e "$1" >/dev/null; }

ask() { load=$(loadgen -json -host app.example.com "$@"); }

answers_both() {
	ask -count 40
	summary '.good == 40 and .versions.v1 > 0 and .versions.v2 > 0'
}

query() { curl -sf "$PROMETHEUS_URL/api/v1/query" --data-urlencode "query=$1" | jq -er "${2:-.data.result[0].value[1]}"; }

ready_pods() {
	kubectl -n smoke wait --for=condition=Available deployment/app deployment/app-canary --timeout=30s >/dev/null
}

split() {
	before=$(query 'sum(nginx_ingress_controller_requests{namespace="smoke"})')
	ask -count 2000
	echo "      $(echo "$load" | jq -c '{sent, versions, statuses, errors, seconds, latency_ms}')"
	# 30 % of 2000 within five standard deviations
	summary '.good == 2000 and .versions.v2 > 498 and .versions.v2 < 702'
}

counted() {
	[ "$(query 'sum(nginx_ingress_controller_requests{namespace="smoke"})')" = $((before + 2000)) ]
}

metric_labels() {
	want='["__name__","canary","controller_class","controller_namespace","controller_pod","host","ingress","instance","job","method","namespace","path","service","status"]'
	have=$(query 'nginx_ingress_controller_requests{canary="smoke-app-canary-80"}' '.data.result[0].metric | keys | tojson')
	[ "$have" = "$want" ] || {
		echo "      $have"
		return 1
	}
	[ "$(query 'nginx_ingress_controller_requests{canary="smoke-app-canary-80"}' '.data.result[0].metric | .ingress + " " + .service + " " + .status')" = "app app 200" ]
}

kubernetes_metrics() {
	of='kubernetes_namespace="smoke",kubernetes_pod_name=~"app-canary-[0-9a-zA-Z]+(-[0-9a-zA-Z]+)"'
	rate=$(query "sum(rate(http_request_duration_seconds_count{$of,status!~\"5.*\"}[30s])) / sum(rate(http_request_duration_seconds_count{$of}[30s])) * 100")
	[ "$rate" = 100 ]
}

service_endpoints() {
	load=$(loadgen -json -service smoke/app -count 100)
	summary '.good == 100 and .versions == {v1: 100} and (.pods | length == 2 and all(.[]; . == 50))'
}

misbehaves() {
	kubectl -n smoke annotate pod -l app=app-canary serin.test/error-percent=25 serin.test/delay-ms=50 >/dev/null
	load=$(loadgen -json -service smoke/app-canary -count 80)
	kubectl -n smoke annotate pod -l app=app-canary serin.test/error-percent- serin.test/delay-ms- >/dev/null
	summary '.version_statuses.v2 == {"200": 60, "500": 20} and .latency_ms.p50 >= 50'
}

reset_when_unready() {
	pod=$(kubectl -n smoke get pod -l app=app -o jsonpath='{.items[0].metadata.name}')
	address=$(kubectl -n smoke get pod "$pod" -o jsonpath='{.status.podIP}')
	load=$(loadgen -json -url "http://$address:8080" -count 5)
	summary '.good == 5' || return 1
	kubectl -n smoke annotate pod "$pod" serin.test/never-ready=true >/dev/null
	within 10 refuses "$address" || return 1
	kubectl -n smoke annotate pod "$pod" serin.test/never-ready- >/dev/null
	kubectl -n smoke wait --for=condition=Ready "pod/$pod" --timeout=10s >/dev/null
}

refuses() {
	load=$(loadgen -json -url "http://$1:8080" -count 5)
	summary '.errors == {reset: 5}'
}

reset_when_gone() {
	address=$(kubectl -n smoke get pod -l app=app-canary -o jsonpath='{.items[0].status.podIP}')
	kubectl -n smoke scale deployment/app-canary --replicas=0 >/dev/null
	kubectl -n smoke wait --for=delete pod -l app=app-canary --timeout=30s >/dev/null
	refuses "$address"
}

no_address_twice() {
	kubectl -n smoke scale deployment/app-canary --replicas=4 >/dev/null
	ready_pods
	! kubectl -n smoke get pod -l app=app-canary -o jsonpath='{.items[*].status.podIP}' | tr ' ' '\n' | grep -qx "$address"
}

# Pods taken away under traffic lose requests, and the load generator tells.
lost_requests_show() {
	loadgen -json -host app.example.com -rate 100 -duration 20s -log "$KIT_DIR/log/lost.json" >"$KIT_DIR/load.json" &
	load_pid=$!
	kubectl -n smoke annotate pod --all serin.test/stop-delay=0s --overwrite >/dev/null
	kubectl -n smoke scale deployment/app deployment/app-canary --replicas=0 >/dev/null
	kubectl -n smoke wait --for=delete pod -l 'app in (app, app-canary)' --timeout=30s >/dev/null
	kill -TERM $load_pid
	wait $load_pid
	load=$(cat "$KIT_DIR/load.json")
	echo "      $(echo "$load" | jq -c '{sent, statuses, errors}')"
	summary '.statuses["502"] > 0 or .statuses["503"] > 0' && [ -s "$KIT_DIR/log/lost.json" ]
}

narrow_account() {
	"$here/kit.sh" kubeconfig smoke/reader >"$KIT_DIR/reader.kubeconfig"
	kubectl --kubeconfig "$KIT_DIR/reader.kubeconfig" get pods >/dev/null &&
		! kubectl --kubeconfig "$KIT_DIR/reader.kubeconfig" get services >/dev/null 2>&1 &&
		jq -e 'select(.user.username == "system:serviceaccount:smoke:reader" and .objectRef.resource == "services")
			| .responseStatus.code == 403' "$AUDIT_LOG" >/dev/null
}

running_but_unready() {
	kubectl -n smoke get pod -l app=never -o json |
		jq -e '.items[0].status | .phase == "Running" and any(.conditions[]; .type == "Ready" and .status == "False")'
}

stays_unready() {
	kubectl -n smoke create deployment never --image=app:v3 --replicas=1 --dry-run=client -o json |
		jq '.spec.template.spec.nodeName = "node-0" | .spec.template.metadata.annotations = {"serin.test/never-ready": "true"}' |
		kubectl create -f - >/dev/null
	within 20 running_but_unready || return 1
	[ "$(kubectl -n smoke get deployment never -o jsonpath='{.status.unavailableReplicas}')" = 1 ]
}

kubectl create -f "$here/config/smoke.yaml" >/dev/null
check "two Deployments become available" ready_pods
check "ingress-nginx answers from both versions" within 20 answers_both
check "within 10 s Prometheus has the counts" within 10 query 'sum(nginx_ingress_controller_requests{namespace="smoke"})'
sleep 2 # the ingress hands its counts over once a second, Prometheus asks once a second
check "weight 30: 2,000 requests split 70 to 30" split
check "Prometheus counts exactly those 2,000" within 10 counted
check "the counter has exactly the labels of ingress-nginx 1.11" metric_labels
check "the kubernetes provider's builtin query finds the pods" kubernetes_metrics
check "a Service's endpoints are asked in turn" service_endpoints
check "annotations set errors and delay" misbehaves
check "an unready pod resets connections" reset_when_unready
check "a pod that is gone resets connections" reset_when_gone
check "no pod gets an address a second time" no_address_twice
check "a ServiceAccount can do what its Role says, and the audit log tells" narrow_account
check "a pod that shall never be ready is not" stays_unready
check "requests lost by a move are seen" lost_requests_show
echo "$passed passed, $failed failed"
[ $failed = 0 ]
