/* The main path's effects against the API server in the tree: what we write is what it takes and
 * shows. */
#include "agent/demo/apiserver.h"
#include "analysis/base/text.h"
#include "providers/kube/api.h"
#include "providers/kube/pod_template.h"
#include "providers/kube/release.h"
#include "providers/kube/service.h"
#include "providers/kube/workload.h"
#include "providers/traffic_provider.h"
#include "tests/providers/cart.h"
#include "tests/providers/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct instant now = {1795236300000};

/* One cluster with the user's objects. */
struct shop {
	struct cart cart;
	struct apiserver *server;
};

static void post(struct shop *shop, enum kube_kind kind, const char *text)
{
	struct kube_ref ref = {.kind = kind, .k8s_namespace = "shop"};
	struct http_request request;
	struct http_reply reply;
	json_t *object = merge_text(text, "{'metadata': {'resourceVersion': null, 'uid': null}}");

	kube_api_create(&request, &shop->cart.arena, &ref, "user", object);
	reply = apiserver_serve(shop->server, &request, &shop->cart.arena, now);
	if (reply.status != 201)
		print_error("%s\n", reply.body);
	assert_int_equal(reply.status, 201);
}

static void shop_open(struct shop *shop)
{
	const json_t *canary;

	cart_init(&shop->cart, "{}");
	shop->server = apiserver_new(NULL);
	post(shop, KUBE_CANARY, cart_canary);
	post(shop, KUBE_DEPLOYMENT, cart_deployment);
	post(shop, KUBE_INGRESS, cart_source);
	canary = apiserver_find(shop->server, "canaries", "shop", "cart");
	text_copy(shop->cart.world.uid,
	          json_string_value(json_object_get(json_object_get(canary, "metadata"), "uid")));
}

static void shop_close(struct shop *shop)
{
	apiserver_free(shop->server);
	cart_fini(&shop->cart);
}

/* Carry EFFECT out. */
static struct act_result run(struct shop *shop, const struct effect *effect)
{
	struct act act;
	struct act_result result;
	struct err err;
	struct http_reply reply;
	enum talk_step step;

	act_init(&act, &shop->cart.world, effect, &shop->cart.arena);
	step = act.talk.next(&act.talk, NULL, &err);
	while (step == TALK_SEND) {
		reply = apiserver_serve(shop->server, &act.talk.request, &shop->cart.arena, now);
		step = act.talk.next(&act.talk, &reply, &err);
	}
	result = act.result;
	act_fini(&act);
	result.object = NULL;
	if (result.outcome != ACT_OK)
		print_message("%s: %s\n", effect_kind_name(effect->kind), result.text);
	return result;
}

static const json_t *find(const struct shop *shop, const char *plural, const char *name)
{
	return apiserver_find(shop->server, plural, "shop", name);
}

static const char *uid_of(const json_t *object)
{
	return json_string_value(json_object_get(json_object_get(object, "metadata"), "uid"));
}

static struct service_fact service_of(const struct shop *shop, enum subject subject)
{
	struct service_fact fact = {0};

	kube_service_read(find(shop, "services", kube_service_name(&shop->cart.world, subject)),
	                  &shop->cart.world, subject, &fact);
	return fact;
}

static struct route_fact route_of(const struct shop *shop)
{
	struct route_fact fact = {0};

	shop->cart.world.traffic->read(find(shop, "ingresses", "storefront-canary"),
	                               &shop->cart.world, &fact);
	return fact;
}

static struct effect release_effect(const struct shop *shop, int number)
{
	struct effect effect = {
		.kind = EFFECT_CREATE_RELEASE,
		.subject = SUBJECT_RELEASES,
		.number = number,
		.cause = CAUSE_INIT,
	};
	struct workload_fact target = {0};

	kube_workload_read(find(shop, "deployments", "cart"), &shop->cart.options, true, &target);
	text_copy(effect.digest, target.digest);
	return effect;
}

static void test_services(void **state)
{
	static const struct {
		enum subject subject;
		enum backend backend;
	} rows[] = {
		{SUBJECT_CANARY_SERVICE, BACKEND_CANARY},
		{SUBJECT_PRIMARY_SERVICE, BACKEND_PRIMARY},
		{SUBJECT_APEX, BACKEND_PRIMARY},
	};
	struct shop shop;

	shop_open(&shop);
	for (size_t i = 0; i < array_length(rows); i++) {
		struct effect effect = {
			.kind = EFFECT_WRITE_SERVICE,
			.subject = rows[i].subject,
			.backend = rows[i].backend,
		};
		struct service_fact fact;

		assert_int_equal(run(&shop, &effect).outcome, ACT_OK);
		fact = service_of(&shop, rows[i].subject);
		assert_int_equal(fact.backend, rows[i].backend);
		assert_true(fact.is_exact && fact.is_ours);
		/* done again, it writes nothing */
		apiserver_log_clear(shop.server);
		assert_int_equal(run(&shop, &effect).outcome, ACT_OK);
		assert_int_equal(apiserver_count_writes(shop.server), 0);
		/* a retreat moves it in one request */
		apiserver_log_clear(shop.server);
		effect.is_retreat = true;
		effect.backend =
			rows[i].backend == BACKEND_CANARY ? BACKEND_PRIMARY : BACKEND_CANARY;
		assert_int_equal(run(&shop, &effect).outcome, ACT_OK);
		assert_int_equal(apiserver_count(shop.server), 1);
		assert_int_equal(service_of(&shop, rows[i].subject).backend, effect.backend);
	}
	shop_close(&shop);
}

/* A user's apex is taken over and given back. */
static void test_takeover(void **state)
{
	struct effect effect = {
		.kind = EFFECT_WRITE_SERVICE,
		.subject = SUBJECT_APEX,
		.backend = BACKEND_PRIMARY,
	};
	struct service_fact fact;
	struct shop shop;

	shop_open(&shop);
	post(&shop, KUBE_SERVICE,
	     "{'apiVersion': 'v1', 'kind': 'Service', 'metadata': {'name': 'cart', 'labels': {'a':"
	     " 'b'}}, 'spec': {'selector': {'app': 'cart', 'tier': 'web'}, 'ports': [{'port': 80,"
	     " 'targetPort': 8080}]}}");
	fact = service_of(&shop, SUBJECT_APEX);
	assert_false(fact.is_exact || fact.is_ours);
	text_copy(effect.resource_version, fact.resource_version);
	assert_int_equal(run(&shop, &effect).outcome, ACT_OK);
	fact = service_of(&shop, SUBJECT_APEX);
	assert_true(fact.is_exact && fact.is_ours && fact.backend == BACKEND_PRIMARY);
	/* the version that it was decided on is gone */
	effect.backend = BACKEND_CANARY;
	assert_int_equal(run(&shop, &effect).outcome, ACT_CONFLICT);
	effect = (struct effect){.kind = EFFECT_RESTORE, .subject = SUBJECT_APEX};
	assert_int_equal(run(&shop, &effect).outcome, ACT_OK);
	cart_same(json_deep_copy(json_object_get(
			  json_object_get(find(&shop, "services", "cart"), "spec"), "selector")),
	          "{'app': 'cart', 'tier': 'web'}");
	assert_false(service_of(&shop, SUBJECT_APEX).is_ours);
	shop_close(&shop);
}

static void test_route(void **state)
{
	struct effect effect = {.kind = EFFECT_WRITE_ROUTE, .subject = SUBJECT_ROUTE};
	struct route_fact fact;
	struct shop shop;
	json_t *source;

	shop_open(&shop);
	source = json_deep_copy(find(&shop, "ingresses", "storefront"));
	shop.cart.world.beside[0] = source;
	for (int weight = 0; weight <= 40; weight += 20) {
		effect.weight = weight;
		assert_int_equal(run(&shop, &effect).outcome, ACT_OK);
		fact = route_of(&shop);
		assert_int_equal(fact.weight, weight);
		assert_true(fact.is_exact && fact.is_ours);
		text_copy(effect.resource_version, fact.resource_version);
	}
	/* decided on a version that is gone: not written; the retreat does not ask */
	text_copy(effect.resource_version, "1");
	effect.weight = 60;
	assert_int_equal(run(&shop, &effect).outcome, ACT_CONFLICT);
	effect.is_retreat = true;
	effect.weight = 0;
	apiserver_log_clear(shop.server);
	assert_int_equal(run(&shop, &effect).outcome, ACT_OK);
	assert_int_equal(apiserver_count(shop.server), 1);
	assert_int_equal(route_of(&shop).weight, 0);
	assert_true(route_of(&shop).is_exact);
	effect = (struct effect){
		.kind = EFFECT_REMOVE, .subject = SUBJECT_ROUTE, .release_uid = "x"};
	assert_int_equal(run(&shop, &effect).outcome, ACT_CONFLICT);
	text_copy(effect.release_uid, fact.uid);
	assert_int_equal(run(&shop, &effect).outcome, ACT_OK);
	assert_null(find(&shop, "ingresses", "storefront-canary"));
	json_decref(source);
	shop_close(&shop);
}

static struct release release_of(const struct shop *shop, const char *name)
{
	struct release release;
	struct err err;

	assert_true(kube_release_read(find(shop, "releases", name), &release, &err));
	return release;
}

static void test_releases(void **state)
{
	struct effect create;
	struct effect save = {.kind = EFFECT_SAVE_RELEASE, .release = "cart-1"};
	struct release release;
	struct shop shop;

	shop_open(&shop);
	create = release_effect(&shop, 1);
	assert_int_equal(run(&shop, &create).outcome, ACT_OK);
	assert_int_equal(run(&shop, &create).outcome, ACT_OK); /* the lost reply's second try */
	release = release_of(&shop, "cart-1");
	assert_string_equal(release.digest, create.digest);
	assert_int_equal(release.status.phase, PHASE_NONE);
	text_copy(save.release_uid, release.uid);
	text_copy(save.resource_version, release.resource_version);
	save.status.phase = PHASE_STARTING;
	save.status.seq = 1;
	assert_int_equal(run(&shop, &save).outcome, ACT_OK);
	assert_int_equal(release_of(&shop, "cart-1").status.phase, PHASE_STARTING);
	/* forward: the version moved; retreat: only a save of ours that was not seen matters, and
	 * another UID */
	save.status.phase = PHASE_RETREATING;
	assert_int_equal(run(&shop, &save).outcome, ACT_CONFLICT);
	save.is_retreat = true;
	assert_int_equal(run(&shop, &save).outcome, ACT_CONFLICT);
	save.status.seq = 2;
	assert_int_equal(run(&shop, &save).outcome, ACT_OK);
	assert_int_equal(release_of(&shop, "cart-1").status.phase, PHASE_RETREATING);
	text_copy(save.release_uid, "another");
	assert_int_equal(run(&shop, &save).outcome, ACT_CONFLICT);
	save = (struct effect){.kind = EFFECT_REMOVE_RELEASES};
	assert_int_equal(run(&shop, &save).outcome, ACT_OK);
	assert_null(find(&shop, "releases", "cart-1"));
	shop_close(&shop);
}

static struct workload_fact primary_of(const struct shop *shop)
{
	struct workload_fact fact = {0};

	kube_workload_read(find(shop, "deployments", "cart-primary"), &shop->cart.options, false,
	                   &fact);
	return fact;
}

static void test_primary(void **state)
{
	struct effect create;
	struct effect effect = {.subject = SUBJECT_PRIMARY, .release = "cart-1"};
	struct workload_fact fact;
	struct shop shop;

	shop_open(&shop);
	create = release_effect(&shop, 1);
	assert_int_equal(run(&shop, &create).outcome, ACT_OK);
	create.number = 2;
	assert_int_equal(run(&shop, &create).outcome, ACT_OK);
	effect.kind = EFFECT_CREATE_PRIMARY;
	assert_int_equal(run(&shop, &effect).outcome, ACT_OK);
	fact = primary_of(&shop);
	assert_string_equal(fact.release_uid, uid_of(find(&shop, "releases", "cart-1")));
	assert_int_equal(fact.replicas, 3);
	/* made twice */
	assert_int_equal(run(&shop, &effect).outcome, ACT_CONFLICT);
	/* promoted, then the same write again: its identity moved */
	effect.kind = EFFECT_WRITE_PRIMARY;
	effect.replicas = 5;
	text_copy(effect.release, "cart-2");
	text_copy(effect.old_release_uid, fact.release_uid);
	text_copy(effect.resource_version, fact.resource_version);
	assert_int_equal(run(&shop, &effect).outcome, ACT_OK);
	fact = primary_of(&shop);
	assert_string_equal(fact.release_uid, uid_of(find(&shop, "releases", "cart-2")));
	assert_int_equal(fact.replicas, 5);
	effect.is_retreat = true;
	assert_int_equal(run(&shop, &effect).outcome, ACT_CONFLICT);
	effect = (struct effect){.kind = EFFECT_SCALE, .subject = SUBJECT_PRIMARY, .replicas = 0};
	assert_int_equal(run(&shop, &effect).outcome, ACT_OK);
	assert_int_equal(primary_of(&shop).replicas, 0); /* D-54 */
	shop_close(&shop);
}

static void test_tell(void **state)
{
	struct effect mirror = {
		.kind = EFFECT_WRITE_MIRROR,
		.subject = SUBJECT_CANARY,
		.check = now,
		.mirror = {.phase = "Progressing", .weight = 20},
	};
	struct effect notice = {
		.kind = EFFECT_NOTIFY,
		.subject = SUBJECT_EVENTS,
		.check = now,
		.release_uid = "0123456789",
		.notice = {.id = 60, .text = "x"},
	};
	const json_t *status;
	struct shop shop;

	shop_open(&shop);
	assert_int_equal(run(&shop, &mirror).outcome, ACT_OK);
	status = json_object_get(find(&shop, "canaries", "cart"), "status");
	assert_string_equal(json_string_value(json_object_get(status, "phase")), "Progressing");
	assert_int_equal(run(&shop, &notice).outcome, ACT_OK);
	assert_int_equal(run(&shop, &notice).outcome, ACT_OK);
	assert_non_null(find(&shop, "events", "cart.01234567-60"));
	assert_null(apiserver_at(shop.server, "events", 1));
	shop_close(&shop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_services), cmocka_unit_test(test_takeover),
		cmocka_unit_test(test_route),    cmocka_unit_test(test_releases),
		cmocka_unit_test(test_primary),  cmocka_unit_test(test_tell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
