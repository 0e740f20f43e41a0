/* Each sentence of `explain`, beside the world that makes it true. Times: now is 10:00:00. */
#include "agent/command/explain.h"
#include "analysis/base/text.h"
#include "tests/providers/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A run at weight 20 of 50, all well. Lists are by name here, so that a row can patch them. */
static const char base[] =
	"{'canary': {'apiVersion': 'flagger.app/v1beta1', 'kind': 'Canary',"
	"  'metadata': {'name': 'cart', 'namespace': 'shop', 'uid': 'c-1', 'generation': 3},"
	"  'spec': {'provider': 'nginx', 'progressDeadlineSeconds': 600,"
	"   'targetRef': {'apiVersion': 'apps/v1', 'kind': 'Deployment', 'name': 'cart'},"
	"   'ingressRef': {'apiVersion': 'networking.k8s.io/v1', 'kind': 'Ingress', 'name': 'front'},"
	"   'service': {'port': 80},"
	"   'analysis': {'interval': '30s', 'threshold': 5, 'stepWeight': 10, 'maxWeight': 50}},"
	"  'status': {'phase': 'Progressing', 'canaryWeight': 20, 'failedChecks': 0,"
	"   'lastTransitionTime': '2026-03-01T09:57:00Z'}},"
	" 'releases': {'cart-2': {'metadata': {'name': 'cart-2', 'uid': 'r-2', 'resourceVersion': '1'},"
	"  'spec': {'cause': 'revision', 'digest': 'd'},"
	"  'status': {'phase': 'Progressing', 'seq': 4, 'weight': {'from': 10, 'to': 20},"
	"   'counters': {'iteration': 0, 'failedChecks': 0},"
	"   'times': {'started': '2026-03-01T09:57:00Z', 'nextCheckAt': '2026-03-01T10:00:20Z'},"
	"   'reason': 'Advance cart.shop canary weight 20'}}},"
	" 'target': {'metadata': {'name': 'cart', 'uid': 't-1', 'generation': 2},"
	"  'spec': {'replicas': 2, 'template': {'spec': {'containers': [{'name': 'web', 'image': 'web:2'}]}}},"
	"  'status': {'observedGeneration': 2, 'replicas': 2, 'updatedReplicas': 2, 'readyReplicas': 2,"
	"   'availableReplicas': 2}},"
	" 'primary': {'metadata': {'name': 'cart-primary', 'uid': 'p-1', 'generation': 1},"
	"  'spec': {'replicas': 2, 'template': {'spec': {'containers': [{'name': 'web', 'image': 'web:1'}]}}},"
	"  'status': {'observedGeneration': 1, 'replicas': 2, 'updatedReplicas': 2, 'readyReplicas': 2,"
	"   'availableReplicas': 2}},"
	" 'sets': {'t': {'metadata': {'name': 'cart-5d', 'uid': 's-t', 'ownerReferences': [{'uid': 't-1'}],"
	"    'annotations': {'deployment.kubernetes.io/revision': '2'}}},"
	"  'old': {'metadata': {'name': 'cart-4c', 'uid': 's-o', 'ownerReferences': [{'uid': 't-1'}],"
	"    'annotations': {'deployment.kubernetes.io/revision': '1'}}},"
	"  'p': {'metadata': {'name': 'cart-primary-7f', 'uid': 's-p', 'ownerReferences': [{'uid': 'p-1'}],"
	"    'annotations': {'deployment.kubernetes.io/revision': '1'}}}},"
	" 'pods': {},"
	" 'ingress': {'metadata': {'name': 'front'}},"
	" 'route': {'metadata': {'name': 'front-canary',"
	"   'annotations': {'nginx.ingress.kubernetes.io/canary-weight': '20'},"
	"   'managedFields': [{'manager': 'serin', 'time': '2026-03-01T09:59:00Z', 'fieldsV1': {'f:metadata':"
	"     {'f:annotations': {'f:nginx.ingress.kubernetes.io/canary-weight': {}}}}}]}},"
	" 'lease': {'spec': {'holderIdentity': 'agent-7_00000000000000aa', 'leaseDurationSeconds': 15,"
	"   'renewTime': '2026-03-01T09:59:57.000000Z'}}}";

/* The list of an object's values. */
static json_t *values_of(const json_t *object)
{
	json_t *list = json_array();
	const char *key;
	json_t *value;

	if (!object)
		return NULL;
	json_object_foreach((json_t *)(uintptr_t)object, key, value) json_array_append(list, value);
	return list;
}

static struct explain_world world_of(const char *patch)
{
	json_t *root = merge_text(base, patch);
	struct explain_world world = {
		.name = "cart",
		.k8s_namespace = "shop",
		.lease_name = "kube-system/flagger-leader-election",
		.ingress_name = "front",
		.is_ingress_known = true,
		.is_lease_known = true,
		.target = {.name = "cart", .is_known = true},
		.primary = {.name = "cart-primary", .is_known = true},
	};

	assert_true(instant_parse("2026-03-01T10:00:00Z", &world.now, NULL));
	world.canary = json_incref(json_object_get(root, "canary"));
	world.releases = values_of(json_object_get(root, "releases"));
	world.target.deployment = json_incref(json_object_get(root, "target"));
	world.primary.deployment = json_incref(json_object_get(root, "primary"));
	world.target.replica_sets = values_of(json_object_get(root, "sets"));
	world.primary.replica_sets = json_incref(world.target.replica_sets);
	world.target.pods = values_of(json_object_get(root, "pods"));
	world.primary.pods = json_incref(world.target.pods);
	world.ingress = json_incref(json_object_get(root, "ingress"));
	world.route = json_incref(json_object_get(root, "route"));
	world.lease = json_incref(json_object_get(root, "lease"));
	json_decref(root);
	return world;
}

struct row {
	const char *cause;
	const char *patch;
	const char *sentence;
};

/* What rows are made of. */
#define RELEASE(status) "'releases': {'cart-2': {'status': {" status "}}}"
#define INIT(status)    "'releases': {'cart-2': {'spec': {'cause': 'init'}, 'status': {" status "}}}"
#define CONDITION(reason, message)                                                                 \
 "'canary': {'status': {'conditions': [{'type': 'Promoted', 'status': 'True'}, {'type': 'Ready', " \
 "'status': 'False', 'reason': '" reason "', 'message': '" message "'}]}}"
#define UNREADY(deployment) \
 "'" deployment "': {'status': {'availableReplicas': 1, 'readyReplicas': 1}}"
#define SINCE "'times': {'notReadySince': '2026-03-01T09:57:00Z'}"
#define POD(set, status)                                                              \
 "'pods': {'a': {'metadata': {'name': 'cart-5d-x', 'ownerReferences': [{'uid': '" set \
 "'}], 'creationTimestamp': '2026-03-01T09:57:00Z'}, 'status': {" status "}}}"
#define WAITING(reason, message)                                                                   \
 "'phase': 'Pending', 'conditions': [{'type': 'Ready', 'status': 'False', "                        \
 "'lastTransitionTime': '2026-03-01T09:57:00Z'}], 'containerStatuses': [{'name': 'web', 'state': " \
 "{'waiting': {'reason': '" reason "', 'message': '" message "'}}}]"
#define NOT_READY "canary deployment cart.shop not ready: "
#define DONE(outcome, reason)                                    \
 "'phase': 'Done', 'outcome': '" outcome "', 'reason': '" reason \
 "', 'weight': {'from': 0, 'to': 0}, 'times': {'finished': '2026-03-01T09:48:00Z'}"
#define ROUTE(weight)                                                                           \
 "'route': {'metadata': {'annotations': {'nginx.ingress.kubernetes.io/canary-weight': '" weight \
 "'}}}"

static const struct row leaders[] = {
	{"no-leader", "{'lease': null}",
         "nobody serves canaries: the lease kube-system/flagger-leader-election is held by nobody"},
	{"no-leader", "{'lease': {'spec': {'holderIdentity': ''}}}",
         "nobody serves canaries: the lease kube-system/flagger-leader-election is held by nobody"},
	{"leader-dead", "{'lease': {'spec': {'renewTime': '2026-03-01T09:57:00.000000Z'}}}",
         "nobody serves canaries: agent-7_00000000000000aa, which holds the lease "
         "kube-system/flagger-leader-election, was last heard of 3m ago"},
	{"flagger-leads",
         "{'lease': {'spec': {'holderIdentity': 'flagger-1_0b0e1de4-4f4c-4b6a-8d59-0123456789ab'}}}",
         "Flagger serves canaries: flagger-1_0b0e1de4-4f4c-4b6a-8d59-0123456789ab holds the lease "
         "kube-system/flagger-leader-election, Serin stands by"},
};

static const struct row refusals[] = {
	{"InvalidSpec",
         "{" CONDITION("InvalidSpec",
                       "spec.service.port: expected a whole number from 1 to 65535, got 0") "}",
         "spec.service.port: expected a whole number from 1 to 65535, got 0"},
	{"InvalidSpec", "{'canary': {'spec': {'service': {'port': 0}}}}",
         "spec.service.port: expected a whole number from 1 to 65535, got 0 (the agent has not said so "
         "yet)"},
	{"InvalidTarget",
         "{" CONDITION(
		 "InvalidTarget",
		 "spec.template: refers to 65 ConfigMaps and Secrets, at most 64 are tracked") "}",
         "spec.template: refers to 65 ConfigMaps and Secrets, at most 64 are tracked"},
	{"Duplicate", "{" CONDITION("Duplicate", "target cart is another canary already") "}",
         "target cart is another canary already"},
	{"Quarantined",
         "{" CONDITION("Quarantined", "the agent aborted twice while this canary was in hand") "}",
         "the agent aborted twice while this canary was in hand"},
	{"suspended", "{'canary': {'spec': {'suspend': true}}}",
         "spec.suspend is true: the canary is left as it is until that is taken back"},
	{"deleted", "{'canary': {'metadata': {'deletionTimestamp': '2026-03-01T09:59:30Z'}}}",
         "the Canary was deleted 30s ago: the target comes back, then what was made for it goes"},
	{"no-target", "{'target': null}", "deployment cart.shop not found"},
	{"no-ingress", "{'ingress': null}",
         "ingress front.shop, which spec.ingressRef names, not found"},
	{"not-adopted", "{'releases': {'cart-2': null}}",
         "deployment cart-primary.shop exists and no Release tells what it runs: not adopted, nothing is "
         "touched"},
	{"flagger-writes",
         "{'canary': {'metadata': {'managedFields': [{'manager': 'flagger', 'subresource': 'status', 'time': "
         "'2026-03-01T09:59:55Z'}]}}}",
         "Flagger wrote the status of shop/cart 5s ago: Serin stands by and writes nothing"},
	{"adopting",
         "{'releases': {'cart-2': null}, 'primary': {'spec': {'template': {'metadata': {'annotations': "
         "{'flagger-id': 'a-b'}}}}}}",
         "deployment cart-primary.shop is Flagger's: it is taken over when Flagger has written nothing for "
         "two intervals"},
	{"not-begun", "{'releases': {'cart-2': null}, 'primary': null}",
         "the agent has not begun with shop/cart yet: it has no Release"},
	{"unreadable", "{" RELEASE("'phase': 'Pondering'") "}",
         "release cart-2: status.phase: \"Pondering\" is no word that this version knows"},
};

static const struct row pods[] = {
	{"image",
         "{" RELEASE(SINCE) "," UNREADY("target") "," POD(
		 "s-t", WAITING("ImagePullBackOff", "Back-off pulling image web:2")) "}",
         NOT_READY
         "pod cart-5d-x is ImagePullBackOff for 3m: Back-off pulling image web:2; deadline in 7m"},
	{"crash",
         "{" RELEASE(SINCE) "," UNREADY("target") "," POD(
		 "s-t",
		 "'phase': 'Running', 'containerStatuses': [{'name': 'web', 'restartCount': 4, "
		 "'state': {'waiting': {'reason': 'CrashLoopBackOff'}}, 'lastState': {'terminated': "
		 "{'exitCode': 137, 'reason': 'OOMKilled'}}}]") "}",
         NOT_READY
         "pod cart-5d-x is CrashLoopBackOff for 3m: container web ended 4 times, last with exit "
         "code 137 (OOMKilled); deadline in 7m"},
	{"unschedulable",
         "{" RELEASE(SINCE) "," UNREADY("target") "," POD(
		 "s-t",
		 "'phase': 'Pending', 'conditions': [{'type': 'PodScheduled', 'status': 'False', "
		 "'reason': 'Unschedulable', 'lastTransitionTime': '2026-03-01T09:58:00Z', 'message': "
		 "'0/3 nodes are available: 3 Insufficient cpu.'}]") "}",
         NOT_READY
         "pod cart-5d-x is Pending for 2m, on no node: 0/3 nodes are available: 3 Insufficient "
         "cpu.; deadline in 7m"},
	{"quota",
         "{" RELEASE(SINCE) "," UNREADY(
		 "target") ",'sets': {'t': {'status': {'conditions': [{'type': "
                           "'ReplicaFailure', 'status': 'True', 'reason': 'FailedCreate', 'lastTransitionTime': "
                           "'2026-03-01T09:57:00Z', 'message': 'pods is forbidden: exceeded quota: shop'}]}}}}",
         NOT_READY
         "ReplicaSet cart-5d cannot make pods for 3m: pods is forbidden: exceeded quota: shop; "
         "deadline in 7m"},
	{"config",
         "{" RELEASE(SINCE) "," UNREADY("target") "," POD(
		 "s-t", WAITING("CreateContainerConfigError", "secret cart not found")) "}",
         NOT_READY
         "pod cart-5d-x is CreateContainerConfigError for 3m: secret cart not found; deadline in "
         "7m"},
	{"unready",
         "{" RELEASE(SINCE) "," UNREADY("target") "," POD(
		 "s-t",
		 "'phase': 'Running', 'conditions': [{'type': 'Ready', 'status': 'False', "
		 "'lastTransitionTime': '2026-03-01T09:59:15Z'}], 'containerStatuses': [{'name': 'web', "
		 "'ready': false, 'state': {'running': {}}}]") "}",
         NOT_READY
         "pod cart-5d-x runs, but container web is not ready for 45s: its readiness probe does "
         "not pass; deadline in 7m"},
	{"creating",
         "{" RELEASE(SINCE) "," UNREADY("target") "," POD("s-t", "'phase': 'Pending'") "}",
         NOT_READY "pod cart-5d-x is being created for 3m; deadline in 7m"},
	{"scaled", "{'target': {'spec': {'replicas': 0}}}",
         NOT_READY "deployment cart is scaled to zero"},
	{"scaled", "{'target': {'spec': {'paused': true}, 'status': {'updatedReplicas': 0}}}",
         NOT_READY "deployment cart is paused: its rollout does not go on"},
	/* pods of an older ReplicaSet, and those that leave, tell nothing */
	{"rollout",
         "{" RELEASE(SINCE) "," UNREADY("target") "," POD("s-o",
                                                          WAITING("ImagePullBackOff", "x")) "}",
         NOT_READY
         "waiting for rollout to finish: 1 of 2 (readyThreshold 100%) updated replicas are "
         "available; deadline in 7m"},
	{"rollout",
         "{" RELEASE("'times': {'notReadySince': '2026-03-01T09:49:00Z'}") "," UNREADY(
		 "target") "}",
         NOT_READY
         "waiting for rollout to finish: 1 of 2 (readyThreshold 100%) updated replicas are "
         "available; deadline passed 1m ago"},
};

static const struct row runs[] = {
	/* the agent's default is not known: it serves this one */
	{"progressing", "{'canary': {'spec': {'provider': null}}}",
         "the analysis goes on: weight 20 of 50, 0 failed checks of 5; the next check is in 20s"},
	{"progressing", "{}",
         "the analysis goes on: weight 20 of 50, 0 failed checks of 5; the next check is in 20s"},
	{"progressing",
         "{'canary': {'spec': {'analysis': {'stepWeight': null, 'maxWeight': null, 'iterations': 10}}},"
         " 'route': null," RELEASE("'counters': {'iteration': 3, 'failedChecks': 1}") "}",
         "the analysis goes on: iteration 3 of 10, 1 failed check of 5; the next check is in 20s"},
	{"failed-check",
         "{" RELEASE(
		 "'counters': {'failedChecks': 2}, 'checks': [{'name': 'latency', 'value': 812, 'max': "
		 "500, 'verdict': 'fail'}], 'reason': 'Halt cart.shop advancement latency 812.00 > 500 "
		 "(failed check 2 of 5)'") "}",
         "held at weight 20 of 50: Halt cart.shop advancement latency 812.00 > 500 (failed check 2 of 5); "
         "the next check is in 20s"},
	{"gate",
         "{" RELEASE(
		 "'hooks': [{'type': 'rollout', 'name': 'load', 'question': '1', 'result': 'pass'}, "
		 "{'type': 'confirm-traffic-increase', 'name': 'gate', 'question': '2', 'result': "
		 "'fail'}], 'reason': 'Halt cart.shop advancement waiting for traffic increase "
		 "approval gate'") "}",
         "waiting for approval: confirm-traffic-increase hook gate says no, and is asked again every 30s"},
	{"unmeasured",
         "{" RELEASE(
		 "'times': {'unmeasuredSince': '2026-03-01T09:51:00Z'}, 'reason': 'Prometheus query "
		 "failed: connect to prometheus:9090: refused'") "}",
         "held at weight 20 of 50: Prometheus query failed: connect to prometheus:9090: refused; deadline "
         "in 1m"},
	{"fight",
         "{'route': {'metadata': {'annotations': {'nginx.ingress.kubernetes.io/canary-weight': '80'}, "
         "'managedFields': [{'manager': 'serin', 'time': '2026-03-01T09:59:00Z', 'fieldsV1': {'f:metadata': "
         "{'f:annotations': {'f:nginx.ingress.kubernetes.io/canary-weight': {}}}}}, {'manager': "
         "'kubectl-edit', 'time': '2026-03-01T09:59:30Z', 'fieldsV1': {'f:metadata': {'f:annotations': "
         "{'f:nginx.ingress.kubernetes.io/canary-weight': {}}}}}]}}}",
         "ingress front-canary gives the canary weight 80, where the agent wants 20: kubectl-edit wrote it "
         "30s ago"},
	{"rollout",
         "{" INIT("'phase': 'Starting', 'times': {'notReadySince': '2026-03-01T09:57:00Z'}") "," UNREADY(
		 "primary") "}",
         "primary cart-primary.shop not ready: waiting for rollout to finish: 1 of 2 (readyThreshold 100%) "
         "updated replicas are available; deadline in 7m"},
	{"initialising", "{" INIT("'phase': 'Starting'") "}",
         "the primary is ready; clients go to it next"},
	{"starting", "{" RELEASE("'phase': 'Starting'") "}",
         "the canary is ready; the first step is taken next"},
	{"image",
         "{" RELEASE("'phase': 'Promoting', 'times': {'notReadySince': '2026-03-01T09:57:00Z'}") "," UNREADY(
		 "primary") "," POD("s-p", WAITING("ErrImagePull", "denied")) "}",
         "promoting: primary cart-primary.shop not ready: pod cart-5d-x is ErrImagePull for 3m: denied; "
         "deadline in 7m"},
	{"promoting",
         "{" RELEASE("'phase': 'Promoting', 'reason': 'Copying cart.shop template spec to "
                     "cart-primary.shop'") "}",
         "the checks passed: Copying cart.shop template spec to cart-primary.shop"},
	{"promoting",
         "{'canary': {'spec': {'analysis': {'stepWeightPromotion': 15}}}, " RELEASE(
		 "'phase': 'Promoting', 'weight': {'from': 40, 'to': 25}") "}",
         "the checks passed: the canary's 25% come back to the primary in steps of 15; the next is in 20s"},
	{"finalising",
         "{" RELEASE("'phase': 'Finalising', 'reason': 'Routing all traffic to primary'") "}",
         "Routing all traffic to primary"},
	{"retreating",
         "{" RELEASE(
		 "'phase': 'Retreating', 'ending': 'rolled_back', 'reason': 'Halt cart.shop advancement "
		 "latency 812.00 > 500'") "}",
         "traffic goes back to the primary: Halt cart.shop advancement latency 812.00 > 500"},
};

static const struct row ends[] = {
	{"rolled-back",
         "{" ROUTE("0") "," RELEASE(
		 DONE("rolled_back", "Halt cart.shop advancement latency 812.00 > 500")) "}",
         "cart-2 was rolled back 12m ago: Halt cart.shop advancement latency 812.00 > 500"},
	{"failed-promotion",
         "{" ROUTE("0") "," RELEASE(DONE(
		 "failed_promotion", "Promotion of cart.shop failed, primary not ready: x")) "}",
         "cart-2 failed 12m ago: Promotion of cart.shop failed, primary not ready: x"},
	{"promoted", "{" ROUTE("0") "," RELEASE(DONE("promoted", "Promotion completed!")) "}",
         "cart-2 was promoted 12m ago: all its checks passed"},
	{"initialized", "{" ROUTE("0") "," INIT(DONE("promoted", "Initialization done!")) "}",
         "cart was initialized 12m ago: the primary serves, and the next change of deployment cart.shop "
         "starts an analysis"},
	{"skipped", "{" ROUTE("0") "," RELEASE(DONE("skipped", "x")) "}",
         "cart-2 was promoted 12m ago without analysis"},
	{"superseded", "{" ROUTE("0") "," RELEASE(DONE("superseded", "x")) "}",
         "cart-2 gave way to a newer revision 12m ago, which begins next"},
	{"cancelled", "{" ROUTE("0") "," RELEASE(DONE("cancelled", "x")) "}",
         "cart-2 was cancelled 12m ago: the target went back to what the primary runs"},
	/* a VirtualService: another route and another rule's field are not the weight */
	{"fight",
         "{'route': {'kind': 'VirtualService', 'metadata': {'name': 'cart', 'annotations': null, 'managedFields':"
         " [{'manager': 'kiali', 'time': '2026-03-01T09:50:00Z', 'fieldsV1': {'f:spec': {'f:http': {}}}}, {'manager':"
         " 'x', 'time': '2026-03-01T09:51:00Z', 'fieldsV1': {'f:spec': {'f:hosts': {}}}}]}, 'spec': {'http': [{'route':"
         " [{'destination': {'host': 'help'}}]}, {'route': [{'destination': {'host': 'cart-primary'}, 'weight': 65},"
         " {'destination': {'host': 'cart-canary.shop'}, 'weight': 35}]}]}}," RELEASE(
		 DONE("promoted", "x")) "}",
         "virtualservice cart gives the canary weight 35, where the agent wants 0: kiali wrote it 10m ago"},
	/* a route of the Gateway API */
	{"fight",
         "{'route': {'kind': 'HTTPRoute', 'metadata': {'name': 'mine', 'annotations': null, 'managedFields': [{'manager':"
         " 'argocd', 'time': '2026-03-01T09:50:00Z', 'fieldsV1': {'f:spec': {'f:rules': {}}}}]}, 'spec': {'rules':"
         " [{'backendRefs': [{'name': 'help'}]}, {'backendRefs': [{'name': 'cart-primary', 'weight': 9}, {'name':"
         " 'cart-canary', 'weight': 45}]}]}}," RELEASE(DONE("promoted", "x")) "}",
         "httproute mine gives the canary weight 45, where the agent wants 0: argocd wrote it 10m ago"},
	{"fight", "{" ROUTE("35") "," RELEASE(DONE("promoted", "x")) "}",
         "ingress front-canary gives the canary weight 35, where the agent wants 0: serin wrote it 1m ago"},
	{"PrimaryNotReady",
         "{" ROUTE("0") "," RELEASE(DONE("promoted", "x")) "," CONDITION(
		 "PrimaryNotReady",
		 "a new revision waits until cart-primary.shop is ready") "," UNREADY("primary") "," POD("s-p",
                                                                                                         WAITING("CrashLoopBackOff",
                                                                                                                 "back-off")) "}",
         "a new revision waits until cart-primary.shop is ready: pod cart-5d-x is CrashLoopBackOff for 3m: "
         "back-off"},
};

static void check_rows(const struct row *rows, size_t n_rows)
{
	for (size_t i = 0; i < n_rows; i++) {
		struct explain_world world = world_of(rows[i].patch);
		struct explain_answer answer = {0};

		explain_answer(&world, &answer);
		if (strcmp(answer.sentence, rows[i].sentence) != 0 ||
		    strcmp(answer.cause, rows[i].cause) != 0)
			fail_msg("%s\n  want %s: %s\n  got  %s: %s", rows[i].patch, rows[i].cause,
			         rows[i].sentence, answer.cause, answer.sentence);
		explain_answer_fini(&answer);
		explain_world_fini(&world);
	}
}

static void test_leaders(void **state)
{
	check_rows(leaders, array_length(leaders));
}

static void test_refusals(void **state)
{
	check_rows(refusals, array_length(refusals));
}

static void test_pods(void **state)
{
	check_rows(pods, array_length(pods));
}

static void test_runs(void **state)
{
	check_rows(runs, array_length(runs));
}

static void test_ends(void **state)
{
	check_rows(ends, array_length(ends));
}

/* The chain of facts, whole. */
static void check_chain(const char *patch, const char *want)
{
	struct explain_world world = world_of(patch);
	struct explain_answer answer = {0};
	char got[4096] = "";

	explain_answer(&world, &answer);
	for (size_t i = 0; i < answer.n_facts; i++) {
		size_t used = strlen(got);

		text_format(got + used, sizeof(got) - used, "%s: %s\n", answer.facts[i].about,
		            answer.facts[i].text);
	}
	assert_string_equal(got, want);
	explain_answer_fini(&answer);
	explain_world_fini(&world);
}

static void test_chain(void **state)
{
	check_chain(
		"{" RELEASE(
			SINCE
			", 'checks': [{'name': 'latency', 'value': 480.49998123, 'max': 500, "
			"'verdict': 'pass'}], 'weight': {'seenShare': 0.193}") "," UNREADY("target") "," POD("s-t",
	                                                                                                     WAITING("ImagePullBackOff",
	                                                                                                             "denied")) "}",
		"Lease: kube-system/flagger-leader-election: held by agent-7_00000000000000aa, "
		"renewed 3s ago\n"
		"Canary: phase Progressing for 3m, weight 20, failed checks 0\n"
		"Release cart-2: revision, phase Progressing, begun 3m ago: Advance cart.shop canary "
		"weight 20\n"
		"Release cart-2: weight 20 set, 19.3% of the requests seen\n"
		"Check latency: 480.5, at most 500: pass\n"
		"Deployment cart: 2 wanted, 2 updated, 1 ready, 1 available, image web:2\n"
		"Deployment cart-primary: 2 wanted, 2 updated, 2 ready, 2 available, image web:1\n"
		"Pod cart-5d-x: is ImagePullBackOff for 3m: denied\n"
		"Deployment cart: waiting for rollout to finish: 1 of 2 (readyThreshold 100%) updated "
		"replicas are available\n"
		"Ingress front-canary: nginx.ingress.kubernetes.io/canary-weight: 20; serin wrote it 1m "
		"ago\n");
}

/* Nothing but the Canary can be read. */
static void test_missing(void **state)
{
	struct explain_world world = {
		.name = "cart",
		.k8s_namespace = "shop",
		.canary = merge_text(
			"{'spec': {}, 'metadata': {'name': 'cart', 'namespace': 'shop'}}", "{}"),
		.missing = {"pods: 403 Forbidden"},
		.n_missing = 1,
	};
	struct explain_answer answer = {0};

	explain_answer(&world, &answer);
	assert_string_equal(answer.cause, "InvalidSpec");
	assert_string_equal(answer.facts[answer.n_facts - 1].text, "pods: 403 Forbidden");
	explain_answer_fini(&answer);
	explain_world_fini(&world);
}

/* More pods than are told, and texts of any length. */
static void test_limits(void **state)
{
	struct explain_world world = world_of("{" RELEASE(SINCE) "," UNREADY("target") "}");
	struct explain_answer answer = {0};
	char message[4000];
	json_t *pod;

	memset(message, 'x', sizeof(message) - 1);
	message[sizeof(message) - 1] = '\0';
	pod = merge_text(
		"{'metadata': {'name': 'a', 'ownerReferences': [{'uid': 's-t'}]}, 'status': {"
		"'phase': 'Failed', 'reason': 'Evicted'}}",
		"{}");
	json_object_set_new(json_object_get(pod, "status"), "message", json_string(message));
	for (int i = 0; i < 100; i++)
		json_array_append(world.target.pods, pod);
	json_decref(pod);
	explain_answer(&world, &answer);
	assert_string_equal(answer.cause, "crash");
	assert_true(strlen(answer.sentence) < EXPLAIN_TEXT_MAX);
	assert_true(answer.n_facts < 15);
	explain_answer_fini(&answer);
	explain_world_fini(&world);
}

static void test_age(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} rows[] = {
		{0, "0s"},         {59999, "59s"},     {60000, "1m"},
		{95000, "1m35s"},  {600000, "10m"},    {3599000, "59m"},
		{3600000, "1h0m"}, {90000000, "1d1h"}, {-5000, "0s"},
	};
	struct instant now = {1700000000000};
	char age[EXPLAIN_AGE_MAX];

	for (size_t i = 0; i < array_length(rows); i++)
		assert_string_equal(explain_age(now, instant_after(now, span_ms(-rows[i].ms)), age),
		                    rows[i].text);
	assert_string_equal(explain_age(now, (struct instant){0}, age), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_leaders), cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_pods),    cmocka_unit_test(test_runs),
		cmocka_unit_test(test_ends),    cmocka_unit_test(test_chain),
		cmocka_unit_test(test_missing), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_age),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
