/*
 * Whole agents and what Flagger keeps of ConfigMaps and Secrets: the checksums in
 * status.trackedConfigs, so that it finds no change when it is there again, and the names of its
 * copies (--config-copies=flagger).
 */
#include "analysis/base/text.h"
#include "providers/flagger_hash.h"
#include "tests/simulation/config_stage.h"
#include "tests/simulation/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const json_t *tracked(struct stage *stage)
{
	const json_t *status = json_object_get(stage_find(stage, "canaries", "cart"), "status");

	return json_object_get(status, "trackedConfigs");
}

/* What is tracked is SETTINGS, an object, and the Secret as it is. */
static void check_tracked(struct stage *stage, const json_t *settings)
{
	char of_settings[FLAGGER_CONFIG_MAX];
	char of_keys[FLAGGER_CONFIG_MAX];
	json_t *want;

	flagger_hash_config(settings, of_settings);
	flagger_hash_config(stage_find(stage, "secrets", "keys"), of_keys);
	want = json_pack("{ssss}", "configmap/settings", of_settings, "secret/keys", of_keys);
	if (!json_equal(tracked(stage), want))
		fail_msg("want %s, got %s", json_dumps(want, 0), json_dumps(tracked(stage), 0));
	json_decref(want);
}

static void check_current(struct stage *stage)
{
	check_tracked(stage, stage_find(stage, "configmaps", "settings"));
}

/* The first checksum is SHA-256 of {"colour":"red"}: data alone counts. */
static void test_tracked(void **state)
{
	struct stage *stage = stage_new(1);

	(void)state;
	config_stage_initialise(stage);
	assert_string_equal(config_stage_text(tracked(stage), "configmap/settings"),
	                    "6a7b7f4aa87b539d");
	check_current(stage);
	config_stage_paint_blue(stage);
	assert_true(stage_run_to(stage, "Progressing", 60));
	check_current(stage);
	assert_true(stage_run_to(stage, "Succeeded", 200));
	check_current(stage);
	stage_metrics(stage, 100, 2000);
	config_stage_paint(stage, "grey");
	assert_true(stage_run_to(stage, "Failed", 200));
	check_current(stage);
	stage_free(stage);
}

/* A run of a config that went back: what is promoted is what Flagger is to find. */
static void test_tracked_back(void **state)
{
	struct stage *stage = stage_new(1);

	(void)state;
	config_stage_initialise(stage);
	config_stage_paint_blue(stage);
	assert_true(stage_run_to(stage, "Progressing", 60));
	config_stage_paint(stage, "red");
	stage_run(stage, 60);
	assert_null(stage_find(stage, "releases", "cart-3"));
	check_current(stage);
	/* and a new agent sees it no other way, also before it has read what there is */
	stage_fault(stage, STAGE_FAULT_NONE, 0);
	stage_kill(stage, 0);
	stage_start(stage, 1);
	stage_run(stage, 120);
	assert_int_equal(stage_writes(stage), 0);
	stage_free(stage);
}

/* A target that refers to none any more. */
static void test_tracked_no_more(void **state)
{
	struct stage *stage = stage_new(1);

	(void)state;
	config_stage_initialise(stage);
	stage_write(
		stage, HTTP_PATCH, DEPLOYMENT,
		"{\"spec\":{\"template\":{\"spec\":{\"volumes\":null,\"containers\":[{\"name\":\"web\","
		"\"image\":\"web:v2\"}]}}}}");
	assert_true(stage_run_to(stage, "Progressing", 60));
	assert_null(tracked(stage));
	stage_free(stage);
}

/* --config-copies=flagger ---------------------------------------------------------------------- */

static void named(struct stage *stage)
{
	stage_keep_copy_names(stage);
	config_stage_initialise(stage);
}

static void start_named(struct stage *stage)
{
	stage_keep_copy_names(stage);
	config_stage_start(stage);
}

static const char *mark_of(struct stage *stage, const char *plural, const char *name)
{
	const json_t *metadata = config_stage_metadata(stage_find(stage, plural, name));

	return config_stage_text(json_object_get(metadata, "labels"), "serin.dev/canary-uid");
}

static const char *canary_uid(struct stage *stage)
{
	return config_stage_text(config_stage_metadata(stage_find(stage, "canaries", "cart")),
	                         "uid");
}

static void test_names(void **state)
{
	struct stage *stage = stage_new(1);
	const json_t *copy;

	(void)state;
	named(stage);
	copy = stage_find(stage, "configmaps", "settings-primary");
	assert_string_equal(config_stage_mounted(stage), "settings-primary");
	assert_null(json_object_get(copy, "immutable"));
	assert_string_equal(mark_of(stage, "configmaps", "settings-primary"), canary_uid(stage));
	config_stage_paint_blue(stage);
	assert_true(stage_run_to(stage, "Progressing", 60));
	assert_string_equal(config_stage_colour(stage, "settings-primary"), "red");
	assert_true(stage_run_to(stage, "Succeeded", 200));
	assert_string_equal(config_stage_mounted(stage), "settings-primary");
	assert_string_equal(config_stage_colour(stage, "settings-primary"), "blue");
	assert_non_null(stage_find(stage, "secrets", "keys-primary"));
	/* a bad one is never copied */
	stage_metrics(stage, 100, 2000);
	config_stage_paint(stage, "grey");
	assert_true(stage_run_to(stage, "Failed", 200));
	assert_string_equal(config_stage_colour(stage, "settings-primary"), "blue");
	stage_free(stage);
}

/* There is a copy of other contents before, with METADATA; when the Canary is initialised it is
 * overwritten and has MARK, and it STAYS when the Canary goes. */
static void check_taken(struct stage *stage, json_t *metadata, const char *mark, bool stays)
{
	json_t *copy = json_pack("{ss ss so s{ss}}", "apiVersion", "v1", "kind", "ConfigMap",
	                         "metadata", metadata, "data", "colour", "white");
	char *body = json_dumps(copy, 0);

	stage_write(stage, HTTP_POST, CONFIG_MAPS, body);
	assert_true(stage_run_to(stage, "Initialized", 60));
	stage_run(stage, 10);
	assert_string_equal(config_stage_colour(stage, "settings-primary"), "red");
	assert_string_equal(mark_of(stage, "configmaps", "settings-primary"), mark);
	assert_int_equal(
		json_array_size(json_object_get(
			config_stage_metadata(stage_find(stage, "configmaps", "settings-primary")),
			"ownerReferences")),
		0);
	flow_delete_canary(stage);
	stage_run(stage, 120);
	assert_int_equal(stage_find(stage, "configmaps", "settings-primary") != NULL, stays);
	free(body);
	json_decref(copy);
}

/* Flagger's own is this Canary's from now on, and goes with it. */
static void test_taken_over(void **state)
{
	struct stage *stage = stage_new(1);
	char uid[UID_MAX];

	(void)state;
	start_named(stage);
	config_stage_make_canary(stage);
	text_copy(uid, canary_uid(stage));
	check_taken(stage,
	            json_pack("{ss ss s[{ss ss ss ss sb}]}", "name", "settings-primary",
	                      "namespace", "shop", "ownerReferences", "apiVersion",
	                      "flagger.app/v1beta1", "kind", "Canary", "name", "cart", "uid", uid,
	                      "controller", 1),
	            uid, false);
	stage_free(stage);
}

/* One that another Canary uses is nobody's to remove. */
static void test_shared(void **state)
{
	struct stage *stage = stage_new(1);

	(void)state;
	start_named(stage);
	config_stage_make_canary(stage);
	check_taken(stage,
	            json_pack("{ss ss s{ss ss}}", "name", "settings-primary", "namespace", "shop",
	                      "labels", "serin.dev/canary", "other", "serin.dev/canary-uid", "x"),
	            "shared", true);
	stage_free(stage);
}

/* Adoption ------------------------------------------------------------------------------------- */

/* The cast is Flagger's: no Release, no label of ours, all that was made is the Canary's. */
static void give_to_flagger(struct stage *stage)
{
	static const char *const urls[] = {DEPLOYMENT "-primary", SETTINGS "-primary",
	                                   "/api/v1/namespaces/shop/secrets/keys-primary"};
	char body[512];

	stage_kill(stage, 0);
	stage_write(stage, HTTP_DELETE, "/apis/serin.dev/v1alpha1/namespaces/shop/releases/cart-1",
	            "");
	text_format(
		body, sizeof(body),
		"{\"metadata\":{\"labels\":{\"serin.dev/canary-uid\":null,\"serin.dev/canary\":null},"
		"\"ownerReferences\":[{\"apiVersion\":\"flagger.app/v1beta1\",\"kind\":\"Canary\","
		"\"name\":\"cart\",\"uid\":\"%s\",\"controller\":true}]}}",
		canary_uid(stage));
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
		stage_write(stage, HTTP_PATCH, urls[i], body);
}

static void check_copy_is_ours(struct stage *stage, const char *plural, const char *name)
{
	const json_t *metadata = config_stage_metadata(stage_find(stage, plural, name));

	assert_string_equal(mark_of(stage, plural, name), canary_uid(stage));
	assert_int_equal(json_array_size(json_object_get(metadata, "ownerReferences")), 0);
}

static void left_by_flagger(struct stage *stage)
{
	named(stage);
	give_to_flagger(stage);
}

static void start(struct stage *stage)
{
	stage_start(stage, 0);
}

static void adopted(struct stage *stage)
{
	left_by_flagger(stage);
	start(stage);
	stage_run(stage, 60);
}

/* D-5: before any promotion of ours the primary's pods need Flagger's copies. When the Canary is
 * deleted beside a target that was rolled back, they stay with the primary, and go with it. */
static void test_D_5_adopted_copies_stay_with_the_primary(void **state)
{
	struct stage *stage = stage_new(1);

	(void)state;
	adopted(stage);
	assert_string_equal(config_stage_mounted(stage), "settings-primary");
	check_copy_is_ours(stage, "configmaps", "settings-primary");
	check_copy_is_ours(stage, "secrets", "keys-primary");
	stage_metrics(stage, 50, 2000);
	config_stage_push(stage, "v2");
	assert_true(stage_run_to(stage, "Failed", 200));
	stage_run(stage, 30);
	flow_delete_canary(stage);
	stage_run(stage, 120);
	assert_non_null(stage_find(stage, "deployments", "cart-primary"));
	assert_non_null(stage_find(stage, "configmaps", "settings-primary"));
	assert_non_null(stage_find(stage, "secrets", "keys-primary"));
	config_stage_push(stage, "v3");
	stage_run(stage, 120);
	assert_null(stage_find(stage, "deployments", "cart-primary"));
	assert_null(stage_find(stage, "configmaps", "settings-primary"));
	stage_free(stage);
}

static const struct flow flows[] = {
	{"initialise with Flagger's names", start_named, config_stage_make_canary, "Initialized"},
	{"a copy is overwritten", named, config_stage_paint_blue, "Succeeded"},
	{"the Canary is deleted", named, flow_delete_canary, ""},
	{"adoption with copies", left_by_flagger, start, "Initialized"},
	{"the Canary is deleted after adoption", adopted, flow_delete_canary, ""},
};

static void test_perturbed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++)
		flow_perturb(&flows[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tracked),
		cmocka_unit_test(test_tracked_back),
		cmocka_unit_test(test_tracked_no_more),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_taken_over),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_D_5_adopted_copies_stay_with_the_primary),
		cmocka_unit_test(test_perturbed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
