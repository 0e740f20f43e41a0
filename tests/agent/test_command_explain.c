/* `serin explain` over a cluster behind real HTTP; the sentences are tested in test_explain.c. */
#include "tests/agent/command_desk.h"
#include "tests/agent/command_schema.h"
#include "tests/agent/golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define APPS  "/apis/apps/v1/namespaces/shop/"
#define CORE  "/api/v1/namespaces/shop/"
#define BODY  2048
#define OWNED "'ownerReferences':[{'apiVersion':'apps/v1','kind':'%s','name':'x','uid':'%s'}]"

/* Deployment NAME with one ReplicaSet of the label app=NAME. */
static void add_workload(struct command_desk *desk, const char *name, int available)
{
	char body[BODY];
	char url[256];
	char uid[64];

	(void)snprintf(
		body, sizeof(body),
		"{'apiVersion':'apps/v1','kind':'Deployment','metadata':{'name':'%s'},'spec':{"
		"'replicas':2,'selector':{'matchLabels':{'app':'%s'}},'template':{'metadata':{"
		"'labels':{'app':'%s'}},'spec':{'containers':[{'name':'web','image':'web:3'}]}}}}",
		name, name, name);
	command_desk_write(desk, HTTP_POST, APPS "deployments", body);
	(void)snprintf(url, sizeof(url), APPS "deployments/%s/status", name);
	(void)snprintf(body, sizeof(body),
	               "{'status':{'observedGeneration':1,'replicas':2,'updatedReplicas':2,"
	               "'readyReplicas':%d,'availableReplicas':%d}}",
	               available, available);
	command_desk_write(desk, HTTP_PATCH, url, body);
	command_desk_uid(desk, "deployments", name, uid);
	(void)snprintf(
		body, sizeof(body),
		"{'apiVersion':'apps/v1','kind':'ReplicaSet','metadata':{'name':'%s-7d','labels':{"
		"'app':'%s'},'annotations':{'deployment.kubernetes.io/revision':'1'}," OWNED
		"},'spec':{'selector':{'matchLabels':{'app':'%s'}}}}",
		name, name, "Deployment", uid, name);
	command_desk_write(desk, HTTP_POST, APPS "replicasets", body);
}

static void add_pod(struct command_desk *desk, const char *name, const char *status)
{
	char body[BODY];
	char url[256];
	char uid[64];

	command_desk_uid(desk, "replicasets", "cart-7d", uid);
	(void)snprintf(
		body, sizeof(body),
		"{'apiVersion':'v1','kind':'Pod','metadata':{'name':'%s','labels':{'app':'cart'}," OWNED
		"},'spec':{'containers':[{'name':'web','image':'web:3'}]}}",
		name, "ReplicaSet", uid);
	command_desk_write(desk, HTTP_POST, CORE "pods", body);
	(void)snprintf(url, sizeof(url), CORE "pods/%s/status", name);
	command_desk_write(desk, HTTP_PATCH, url, status);
}

static void add_ingress(struct command_desk *desk, const char *name, const char *annotations)
{
	char body[BODY];

	(void)snprintf(
		body, sizeof(body),
		"{'apiVersion':'networking.k8s.io/v1','kind':'Ingress','metadata':{'name':'%s'%s},"
		"'spec':{'defaultBackend':{'service':{'name':'cart','port':{'number':80}}}}}",
		name, annotations);
	command_desk_write(desk, HTTP_POST, "/apis/networking.k8s.io/v1/namespaces/shop/ingresses",
	                   body);
}

static void add_lease(struct command_desk *desk)
{
	command_desk_write(
		desk, HTTP_POST, "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases",
		"{'apiVersion':'coordination.k8s.io/v1','kind':'Lease','metadata':{'name':"
		"'flagger-leader-election'},'spec':{'holderIdentity':'agent-7_00000000000000aa',"
		"'leaseDurationSeconds':15,'renewTime':'2025-11-21T07:59:57.000000Z'}}");
}

static int set_up(void **state)
{
	struct command_desk *desk = command_desk_new();

	command_desk_cast(desk);
	command_desk_write(
		desk, HTTP_PATCH, "/apis/flagger.app/v1beta1/namespaces/shop/canaries/cart",
		"{'spec':{'ingressRef':{'apiVersion':'networking.k8s.io/v1','kind':'Ingress',"
		"'name':'front'}}}");
	add_ingress(desk, "front", "");
	add_ingress(desk, "front-canary",
	            ",'annotations':{'nginx.ingress.kubernetes.io/canary-weight':'20'}");
	add_lease(desk);
	add_workload(desk, "cart", 1);
	add_workload(desk, "cart-primary", 2);
	add_pod(desk, "cart-7d-x",
	        "{'status':{'phase':'Pending','conditions':[{'type':'Ready','status':'False',"
	        "'lastTransitionTime':'2025-11-21T07:57:00Z'}],'containerStatuses':[{'name':'web',"
	        "'ready':false,'state':{'waiting':{'reason':'ImagePullBackOff','message':'Back-off pulling "
	        "image \\'web:3\\''}}}]}}");
	add_pod(desk, "cart-7d-y",
	        "{'status':{'phase':'Running','conditions':[{'type':'Ready','status':'True'}]}}");
	*state = desk;
	return 0;
}

static void test_text(void **state)
{
	struct command_desk *desk = *state;

	command_desk_run(desk, "explain cart");
	assert_string_equal(desk->trouble, "");
	golden_check("explain-image.txt", desk->out);
	assert_int_equal(desk->status, COMMAND_OK);
}

/* Sentences are broken where the screen ends. */
static void test_narrow(void **state)
{
	struct command_desk *desk = *state;

	desk->screen = (struct command_screen){.is_terminal = true, .columns = 80};
	command_desk_run(desk, "explain cart");
	desk->screen = (struct command_screen){0};
	golden_check("explain-80-plain.txt", desk->out);
}

static void test_json(void **state)
{
	struct command_desk *desk = *state;

	command_desk_run(desk, "explain cart -n shop -o json");
	assert_string_equal(desk->trouble, "");
	golden_check("explain-image.json", desk->out);
	command_schema_check("explain", desk->out);
}

/* A refused Canary; there is no Deployment of that name. */
static void test_refused(void **state)
{
	struct command_desk *desk = *state;

	command_desk_run(desk, "explain broken");
	golden_check("explain-refused.txt", desk->out);
}

static void test_not_there(void **state)
{
	struct command_desk *desk = *state;

	command_desk_run(desk, "explain basket");
	assert_string_equal(desk->trouble,
	                    "serin explain: no canary \"basket\" in namespace \"shop\"\n");
	assert_int_equal(desk->status, COMMAND_NOT_FOUND);
}

/* Another namespace for the lease: nobody holds that one. */
static void test_lease(void **state)
{
	struct command_desk *desk = *state;

	command_desk_run(desk, "explain cart --leader-election-namespace flagger");
	assert_non_null(strstr(desk->out,
	                       "nobody serves canaries: the lease "
	                       "flagger/flagger-leader-election is held by nobody\n"));
}

/* Nothing is said about it: that of the manifests comes before the one in kube-system. */
static void test_lease_of_manifests(void **state)
{
	struct command_desk *desk = *state;

	command_desk_write(desk, HTTP_POST, "/apis/coordination.k8s.io/v1/namespaces/serin/leases",
	                   "{'apiVersion':'coordination.k8s.io/v1','kind':'Lease','metadata':"
	                   "{'name':'flagger-leader-election','namespace':'serin'},'spec':"
	                   "{'holderIdentity':'serin-0_0000000000000001','leaseDurationSeconds':15,"
	                   "'renewTime':'2025-11-21T07:59:57.000000Z'}}");
	command_desk_run(desk, "explain cart");
	assert_non_null(strstr(desk->out, "serin/flagger-leader-election: held by serin-0_"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_narrow),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_not_there),
		cmocka_unit_test(test_lease),
		cmocka_unit_test(test_lease_of_manifests),
	};

	return cmocka_run_group_tests(tests, set_up, command_desk_tear_down);
}
