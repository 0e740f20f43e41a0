/* The primary's autoscaler, made from the target's: what is copied, what is compared, what is
 * written. */
#include "providers/kube/scaler.h"
#include "providers/kube/scaler_query.h"
#include "providers/kube/tree.h"
#include "tests/providers/canary_rows.h"
#include "tests/providers/cart.h"
#include "tests/providers/merge.h"

#include <string.h>

#define REF(more) "{'spec': {'autoscalerRef': {'kind': 'ScaledObject', 'name': 'load'" more "}}}"
#define HPAS      "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers"
#define SCALED    "/apis/keda.sh/v1alpha1/namespaces/shop/scaledobjects"
#define MANAGER   "?fieldManager=serin"
#define UID_LABEL "'serin.dev/canary-uid': '" CART_UID "'"
#define PAUSED    "autoscaling.keda.sh/paused-replicas"

static const char hpa[] =
	"{'metadata': {'name': 'load', 'uid': 'h1', 'resourceVersion': '7', 'labels': {'team': 'a',"
	" 'kustomize.toolkit.fluxcd.io/name': 'x'}, 'annotations':"
	" {'kubectl.kubernetes.io/last-applied-configuration': '{}', 'why': 'b'}}, 'spec':"
	" {'scaleTargetRef': {'apiVersion': 'apps/v1', 'kind': 'Deployment', 'name': 'cart'},"
	" 'minReplicas': 2, 'maxReplicas': 6, 'metrics': [{'type': 'Resource'}],"
	" 'aNewerField': [1]}, 'status': {'currentReplicas': 3}}";

static const char keda[] =
	"{'metadata': {'name': 'load', 'uid': 'k1', 'resourceVersion': '7', 'labels':"
	" {'scaledobject.keda.sh/name': 'load'}, 'annotations': {'" PAUSED
	"': '0', 'why': 'b'}},"
	" 'spec': {'scaleTargetRef': {'name': 'cart'}, 'idleReplicaCount': 0, 'minReplicaCount': 2,"
	" 'advanced': {'horizontalPodAutoscalerConfig': {'name': 'cart-hpa'}}, 'aNewerField': [1],"
	" 'triggers': [{'type': 'prometheus', 'name': 'rate', 'metadata': {'query':"
	" 'cart + cart-canary + cart-primary + x'}}, {'type': 'cpu'}, {'type': 'prometheus',"
	" 'name': 'own', 'metadata': {'query': 'cart'}}]}}";

static void begin(struct cart *cart, enum scaler_kind kind, const char *patch)
{
	cart_init(cart, patch);
	cart->spec.scaler_kind = kind;
	cart->spec.scaler = "load";
	cart->spec.primary_scaler = "load-primary";
}

static json_t *made(struct cart *cart, const char *source, int least)
{
	json_t *from = merge_parse(source);
	json_t *object = kube_scaler_new(&cart->world, from, least);

	json_decref(from);
	return object;
}

static void test_new_hpa(void **state)
{
	struct cart cart;

	(void)state;
	begin(&cart, SCALER_HPA, "{}");
	cart_same(
		made(&cart, hpa, 4),
		"{'apiVersion': 'autoscaling/v2', 'kind': 'HorizontalPodAutoscaler', 'metadata':"
		" {'name': 'load-primary', 'namespace': 'shop', 'labels': {'team': 'a', " UID_LABEL
		"}, 'annotations': {'why': 'b'}}, 'spec': {'scaleTargetRef': {'apiVersion':"
		" 'apps/v1', 'kind': 'Deployment', 'name': 'cart-primary'}, 'minReplicas': 4,"
		" 'maxReplicas': 6, 'metrics': [{'type': 'Resource'}], 'aNewerField': [1]}}");
	cart_fini(&cart);
}

/* No pause, no label that KEDA put there for the target's; queries of the primary; the idle number
 * only where nothing else is needed. */
static void D_34_new_scaled_object(void **state)
{
	struct cart cart;

	(void)state;
	begin(&cart, SCALER_KEDA,
	      "{'spec': {'autoscalerRef': {'primaryScalerQueries': {'own': 'mine'}}}}");
	cart_same(made(&cart, keda, 3),
	          "{'apiVersion': 'keda.sh/v1alpha1', 'kind': 'ScaledObject', 'metadata': {'name':"
	          " 'load-primary', 'namespace': 'shop', 'labels': {" UID_LABEL
	          "}, 'annotations':"
	          " {'why': 'b'}}, 'spec': {'scaleTargetRef': {'name': 'cart-primary'},"
	          " 'minReplicaCount': 3, 'advanced': {'horizontalPodAutoscalerConfig': {'name':"
	          " 'cart-hpa-primary'}}, 'aNewerField': [1], 'triggers': [{'type': 'prometheus',"
	          " 'name': 'rate', 'metadata': {'query':"
	          " 'cart-primary + cart-primary + cart-primary + x'}}, {'type': 'cpu'}, {'type':"
	          " 'prometheus', 'name': 'own', 'metadata': {'query': 'mine'}}]}}");
	cart_fini(&cart);
}

struct patch_row {
	const char *name;
	enum scaler_kind kind;
	const char *canary; /* over the Canary */
	int least;
	const char *live; /* over what is made with 2 pods, or a ScaledObject's idle none */
	const char *patch;
};

static const struct patch_row patch_rows[] = {
	{"as made", SCALER_HPA, "{}", 2, "{}", "[]"},
	/* D-59: metadata are nobody's business */
	{"other metadata", SCALER_HPA, "{}", 2,
         "{'metadata': {'labels': {'team': null, 'x': 'y'}, 'annotations': {'c': 'd'}}}", "[]"},
	{"status", SCALER_HPA, "{}", 2, "{'status': {'currentReplicas': 3}}", "[]"},
	{"a field that only the primary's has", SCALER_HPA, "{}", 2, "{'spec': {'odd': 1}}", "[]"},
	{"capacity of a run", SCALER_HPA, "{}", 5, "{}",
         "[{'op': 'add', 'path': '/spec/minReplicas', 'value': 5}]"},
	{"a metric that is another", SCALER_HPA, "{}", 2, "{'spec': {'metrics': []}}",
         "[{'op': 'add', 'path': '/spec/metrics', 'value': [{'type': 'Resource'}]}]"},
	{"behaviour that the target's has not", SCALER_HPA, "{}", 2,
         "{'spec': {'behavior': {'scaleUp': {}}}}", "[{'op': 'remove', 'path': '/spec/behavior'}]"},
	{"overrides", SCALER_HPA,
         "{'spec': {'autoscalerRef': {'primaryScalerReplicas': {'minReplicas': 3, 'maxReplicas':"
         " 9}}}}",
         3, "{'spec': {'minReplicas': 2, 'maxReplicas': 6}}",
         "[{'op': 'add', 'path': '/spec/minReplicas', 'value': 3}, {'op': 'add', 'path':"
         " '/spec/maxReplicas', 'value': 9}]"},
	{"scales the target", SCALER_HPA, "{}", 2, "{'spec': {'scaleTargetRef': {'name': 'cart'}}}",
         "[{'op': 'add', 'path': '/spec/scaleTargetRef', 'value': {'apiVersion': 'apps/v1',"
         " 'kind': 'Deployment', 'name': 'cart-primary'}}]"},
	/* what Flagger made is taken over */
	{"Flagger's", SCALER_HPA, "{}", 2,
         "{'metadata': {'labels': null, 'ownerReferences': [{'apiVersion': 'flagger.app/v1beta1',"
         " 'kind': 'Canary', 'name': 'cart'}]}}",
         "[{'op': 'add', 'path': '/metadata/labels', 'value': {" UID_LABEL "}}, {'op': 'replace',"
         " 'path': '/metadata/ownerReferences', 'value': []}]"},
	{"idle again", SCALER_KEDA, "{}", 0, "{'spec': {'idleReplicaCount': null}}",
         "[{'op': 'add', 'path': '/spec/idleReplicaCount', 'value': 0}]"},
	{"capacity of a run, not idle", SCALER_KEDA, "{}", 5, "{}",
         "[{'op': 'add', 'path': '/spec/minReplicaCount', 'value': 5}, {'op': 'remove', 'path':"
         " '/spec/idleReplicaCount'}]"},
	/* D-34: nobody asked for a primary without pods */
	{"pinned", SCALER_KEDA, "{}", 0, "{'metadata': {'annotations': {'" PAUSED "': '0'}}}",
         "[{'op': 'remove', 'path':"
         " '/metadata/annotations/autoscaling.keda.sh~1paused-replicas'}]"},
	/* … which is not the same as one with three */
	{"held by a person", SCALER_KEDA, "{}", 0,
         "{'metadata': {'annotations': {'" PAUSED "': '3'}}}", "[]"},
};

static void D_59_patches_what_differs(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_length(patch_rows); i++) {
		const struct patch_row *row = &patch_rows[i];
		json_t *source = merge_parse(row->kind == SCALER_HPA ? hpa : keda);
		struct cart cart;
		json_t *live;
		json_t *change = merge_parse(row->live);

		print_message("row %s\n", row->name);
		begin(&cart, row->kind, row->canary);
		live = kube_scaler_new(&cart.world, source, row->kind == SCALER_HPA ? 2 : 0);
		merge_apply(&live, change);
		cart_same(kube_scaler_patch(&cart.world, source, live, row->least), row->patch);
		json_decref(live);
		json_decref(change);
		json_decref(source);
		cart_fini(&cart);
	}
}

static void test_read(void **state)
{
	json_t *source = merge_parse(keda);
	struct scaler_fact fact = {0};
	struct cart cart;
	json_t *live;

	(void)state;
	begin(&cart, SCALER_KEDA,
	      "{'spec': {'autoscalerRef': {'primaryScalerReplicas': {'maxReplicas': 7}}}}");
	kube_scaler_read(source, &cart.world, SUBJECT_SCALER, &fact);
	assert_int_equal(fact.least, 2);
	assert_int_equal(fact.most, 100);
	assert_int_equal(fact.primary_least, 0); /* idle */
	assert_int_equal(fact.primary_most, 7);
	assert_true(fact.is_pinned);
	live = kube_scaler_new(&cart.world, source, 4);
	kube_scaler_read(live, &cart.world, SUBJECT_PRIMARY_SCALER, &fact);
	assert_false(fact.is_exact); /* nothing to compare it with */
	cart.world.scaler_object = source;
	kube_scaler_read(live, &cart.world, SUBJECT_PRIMARY_SCALER, &fact);
	assert_true(fact.is_exact);
	assert_true(fact.is_ours);
	assert_int_equal(fact.least, 4);
	assert_int_equal(fact.most, 7);
	assert_false(fact.is_pinned);
	assert_false(fact.is_foreign);
	/* Made for a Canary that was deleted and made anew, of which this one knows the name only.
	 */
	json_object_set_new(kube_tree_find(live, "metadata/labels"), "serin.dev/canary-uid",
	                    json_string("before"));
	kube_scaler_read(live, &cart.world, SUBJECT_PRIMARY_SCALER, &fact);
	assert_true(fact.is_ours);
	assert_false(fact.is_exact); /* the mark is to be renewed */
	json_object_del(json_object_get(live, "metadata"), "labels");
	kube_scaler_read(live, &cart.world, SUBJECT_PRIMARY_SCALER, &fact);
	assert_false(fact.is_foreign); /* it scales the primary already */
	json_object_set_new(json_object_get(json_object_get(live, "spec"), "scaleTargetRef"),
	                    "name", json_string("other"));
	kube_scaler_read(live, &cart.world, SUBJECT_PRIMARY_SCALER, &fact);
	assert_true(fact.is_foreign);
	/* What another Canary made. */
	json_object_set_new(json_object_get(live, "metadata"), "labels",
	                    merge_parse("{'serin.dev/canary-uid': 'before'}"));
	kube_scaler_read(live, &cart.world, SUBJECT_PRIMARY_SCALER, &fact);
	assert_false(fact.is_ours);
	json_decref(live);
	json_decref(source);
	cart_fini(&cart);
}

/* What an HPA with the defaults left out keeps. */
static void test_defaults(void **state)
{
	json_t *source = merge_parse("{'spec': {'maxReplicas': 3}}");
	struct scaler_fact fact = {0};
	struct cart cart;
	json_t *object;

	(void)state;
	begin(&cart, SCALER_HPA, "{}");
	kube_scaler_read(source, &cart.world, SUBJECT_SCALER, &fact);
	assert_int_equal(fact.least, 1);
	assert_int_equal(fact.most, 3);
	assert_false(fact.is_pinned);
	object = made(&cart, "{'spec': {'maxReplicas': 3}}", 1);
	cart_same(json_incref(json_object_get(object, "spec")),
	          "{'maxReplicas': 3, 'scaleTargetRef': {'name': 'cart-primary'}}");
	json_decref(object);
	json_decref(source);
	cart_fini(&cart);
}

/* Conversations -------------------------------------------------------------------------------- */

static const char made_hpa[] =
	"{'metadata': {'name': 'load-primary', 'resourceVersion': '9', 'labels': {" UID_LABEL
	"}},"
	" 'spec': {'scaleTargetRef': {'apiVersion': 'apps/v1', 'kind': 'Deployment', 'name':"
	" 'cart-primary'}, 'minReplicas': 2, 'maxReplicas': 6, 'metrics': [{'type': 'Resource'}],"
	" 'aNewerField': [1]}}";

#define TEST_9       "{'op': 'test', 'path': '/metadata/resourceVersion', 'value': '9'}"
#define STATUS(code) "{'kind': 'Status', 'code': " #code "}"

struct talk_row {
	const char *name;
	enum scaler_kind kind;
	struct effect effect;
	struct cart_exchange script[4];
	enum act_outcome want;
};

static const struct talk_row talk_rows[] = {
	{"made",
         SCALER_HPA,
         {.kind = EFFECT_WRITE_SCALER, .subject = SUBJECT_PRIMARY_SCALER, .replicas = 2},
         {{"GET " HPAS "/load", "", 200, hpa},
          {"GET " HPAS "/load-primary", "", 404, STATUS(404)},
          {"POST " HPAS MANAGER, NULL, 201, made_hpa}},
         ACT_OK},
	{"as wanted: nothing is written",
         SCALER_HPA,
         {.kind = EFFECT_WRITE_SCALER, .subject = SUBJECT_PRIMARY_SCALER, .replicas = 2},
         {{"GET " HPAS "/load", "", 200, hpa}, {"GET " HPAS "/load-primary", "", 200, made_hpa}},
         ACT_OK},
	{"changed under our hands",
         SCALER_HPA,
         {.kind = EFFECT_WRITE_SCALER, .subject = SUBJECT_PRIMARY_SCALER, .replicas = 3},
         {{"GET " HPAS "/load", "", 200, hpa},
          {"GET " HPAS "/load-primary", "", 200, made_hpa},
          {"PATCH " HPAS "/load-primary" MANAGER,
           "[" TEST_9 ", {'op': 'add', 'path': '/spec/minReplicas', 'value': 3}]", 422,
           STATUS(422)}},
         ACT_CONFLICT},
	{"nothing to make it from",
         SCALER_HPA,
         {.kind = EFFECT_WRITE_SCALER, .subject = SUBJECT_PRIMARY_SCALER, .replicas = 3},
         {{"GET " HPAS "/load", "", 404, STATUS(404)}},
         ACT_FAILED},
	{"the capacity of a run alone",
         SCALER_HPA,
         {.kind = EFFECT_SCALE, .subject = SUBJECT_PRIMARY_SCALER, .replicas = 5},
         {{"GET " HPAS "/load-primary", "", 200, made_hpa},
          {"PATCH " HPAS "/load-primary" MANAGER,
           "[" TEST_9 ", {'op': 'add', 'path': '/spec/minReplicas', 'value': 5}]", 200, made_hpa}},
         ACT_OK},
	{"… of one that is gone",
         SCALER_HPA,
         {.kind = EFFECT_SCALE, .subject = SUBJECT_PRIMARY_SCALER, .replicas = 5},
         {{"GET " HPAS "/load-primary", "", 404, STATUS(404)}},
         ACT_ABSENT},
	{"pinned",
         SCALER_KEDA,
         {.kind = EFFECT_SCALE, .subject = SUBJECT_SCALER, .resource_version = "9"},
         {{"GET " SCALED "/load", "", 200, "{'metadata': {'resourceVersion': '9'}}"},
          {"PATCH " SCALED "/load" MANAGER,
           "[" TEST_9 ", {'op': 'add', 'path': '/metadata/annotations', 'value': {}}, {'op': 'add',"
           " 'path': '/metadata/annotations/autoscaling.keda.sh~1paused-replicas', 'value': '0'}]",
           200, keda}},
         ACT_OK},
	/* A scale-down that left may not arrive in the next run. */
	{"pinned as it was decided on another version",
         SCALER_KEDA,
         {.kind = EFFECT_SCALE, .subject = SUBJECT_SCALER, .resource_version = "8"},
         {{"GET " SCALED "/load", "", 200, "{'metadata': {'resourceVersion': '9'}}"}},
         ACT_CONFLICT},
	{"let go",
         SCALER_KEDA,
         {.kind = EFFECT_SCALE, .subject = SUBJECT_SCALER, .replicas = 1},
         {{"GET " SCALED "/load", "", 200, keda},
          {"PATCH " SCALED "/load" MANAGER,
           "[{'op': 'test', 'path': '/metadata/resourceVersion', 'value': '7'}, {'op': 'remove',"
           " 'path': '/metadata/annotations/autoscaling.keda.sh~1paused-replicas'}]",
           200, keda}},
         ACT_OK},
	{"removed",
         SCALER_HPA,
         {.kind = EFFECT_REMOVE, .subject = SUBJECT_PRIMARY_SCALER, .release_uid = "h2"},
         {{"DELETE " HPAS "/load-primary", NULL, 200, "{}"}},
         ACT_OK},
};

static void test_talks(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_length(talk_rows); i++) {
		struct cart cart;
		struct act act;

		print_message("row %s\n", talk_rows[i].name);
		begin(&cart, talk_rows[i].kind, "{}");
		(void)cart_drive(&cart, &act, &talk_rows[i].effect, talk_rows[i].script);
		assert_int_equal(act.result.outcome, talk_rows[i].want);
		act_fini(&act);
		cart_fini(&cart);
	}
}

static void test_refs(void **state)
{
	static const struct canary_row rows[] = {
		{"a ScaledObject", REF(""), "=provider=nginx"},
		{"no name", "{'spec': {'autoscalerRef': {'kind': 'ScaledObject'}}}",
	         "spec.autoscalerRef.name: expected the autoscaler's name, got nothing"},
		{"a name that is none",
	         "{'spec': {'autoscalerRef': {'kind': 'ScaledObject', 'name': 'A'}}}",
	         "spec.autoscalerRef.name: expected a name (lower case letters, digits, - and .), got "
	         "\"A\""},
		{"another kind", "{'spec': {'autoscalerRef': {'kind': 'Knative', 'name': 'a'}}}",
	         "spec.autoscalerRef.kind: expected HorizontalPodAutoscaler or ScaledObject, got "
	         "\"Knative\""},
		{"a text", "{'spec': {'autoscalerRef': 'load'}}",
	         "spec.autoscalerRef: expected an object, got \"load\""},
		{"no pods", REF(", 'primaryScalerReplicas': {'minReplicas': 0}"),
	         "spec.autoscalerRef.primaryScalerReplicas.minReplicas: expected a whole number from "
	         "1 to 2147483647, got 0"},
		{"more than it may",
	         REF(", 'primaryScalerReplicas': {'minReplicas': 3, 'maxReplicas': 2}"),
	         "spec.autoscalerRef.primaryScalerReplicas.minReplicas: expected at most maxReplicas "
	         "(2), got 3"},
		{"queries that are none", REF(", 'primaryScalerQueries': {'a': 1}"),
	         "spec.autoscalerRef.primaryScalerQueries.a: expected a text, got 1"},
	};

	(void)state;
	CHECK_ROWS(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_hpa),
		cmocka_unit_test(D_34_new_scaled_object),
		cmocka_unit_test(D_59_patches_what_differs),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_talks),
		cmocka_unit_test(test_refs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
