/*
 * Whole agents with a target that refers to a ConfigMap (a volume, envFrom) and a Secret (env):
 * what changes in them is analysed before the primary gets it, from copies that nobody changes
 * (D-10, D-35).
 */
#include "analysis/base/text.h"
#include "tests/simulation/config_stage.h"
#include "tests/simulation/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void turn_slow(struct stage *stage)
{
	stage_metrics(stage, 100, 2000);
	config_stage_paint(stage, "grey");
}

static const struct flow flows[] = {
	{"initialise with configs", config_stage_start, config_stage_make_canary, "Initialized"},
	{"a changed config is promoted", config_stage_initialise, config_stage_paint_blue,
         "Succeeded"},
	{"a changed config is rolled back", config_stage_initialise, turn_slow, "Failed"},
	{"the Canary is deleted", config_stage_initialise, flow_delete_canary, ""},
};

static void test_initialise(void **state)
{
	(void)state;
	flow_perturb(&flows[0]);
}

static void test_D_10_a_changed_config_is_promoted(void **state)
{
	(void)state;
	flow_perturb(&flows[1]);
}

static void test_a_changed_config_is_rolled_back(void **state)
{
	(void)state;
	flow_perturb(&flows[2]);
}

static void test_teardown(void **state)
{
	(void)state;
	flow_perturb(&flows[3]);
}

static size_t count(struct stage *stage, const char *plural)
{
	size_t n = 0;

	while (apiserver_at(stage_server(stage), plural, n))
		n++;
	return n;
}

/* Every template refers to what is there: no pod waits for a config. */
static void check_references(struct stage *stage)
{
	assert_non_null(stage_find(stage, "configmaps", config_stage_mounted(stage)));
}

static void test_copies(void **state)
{
	struct stage *stage = stage_new(1);
	const json_t *copy;
	const json_t *release;
	char first[NAME_MAX_K8S];

	(void)state;
	config_stage_initialise(stage);
	text_copy(first, config_stage_mounted(stage));
	assert_int_equal(strncmp(first, "settings-primary-", 17), 0);
	copy = stage_find(stage, "configmaps", first);
	assert_true(json_is_true(json_object_get(copy, "immutable")));
	assert_string_equal(config_stage_text(json_object_get(copy, "data"), "colour"), "red");
	assert_string_equal(config_stage_text(json_object_get(copy, "binaryData"), "logo"),
	                    "AAEC"); /* D-35 */
	assert_string_equal(
		config_stage_text(json_object_get(config_stage_metadata(copy), "labels"),
	                          "serin.dev/canary-uid"),
		config_stage_text(config_stage_metadata(stage_find(stage, "canaries", "cart")),
	                          "uid"));
	assert_int_equal(count(stage, "configmaps"), 2);
	assert_int_equal(count(stage, "secrets"), 2);
	config_stage_paint(stage, "blue");
	assert_true(stage_run_to(stage, "Progressing", 60));
	release = stage_find(stage, "releases", "cart-2");
	assert_string_equal(config_stage_text(config_stage_spec(release), "cause"), "config");
	assert_string_equal(config_stage_mounted(stage), first);
	assert_true(stage_run_to(stage, "Succeeded", 200));
	assert_string_not_equal(config_stage_mounted(stage), first);
	assert_string_equal(config_stage_colour(stage, config_stage_mounted(stage)), "blue");
	assert_string_equal(config_stage_colour(stage, first), "red"); /* for the way back */
	stage_free(stage);
}

/* Pods that began with the old config are not what is analysed. */
static void test_D_10_pods_begin_anew(void **state)
{
	struct stage *stage = stage_new(1);
	bool was_empty = false;

	(void)state;
	config_stage_initialise(stage);
	/* somebody has scaled it up meanwhile */
	stage_write(stage, HTTP_PATCH, DEPLOYMENT, "{\"spec\":{\"replicas\":2}}");
	stage_run(stage, 5);
	config_stage_paint(stage, "blue");
	for (int i = 0; i < 4000; i++) {
		const json_t *release = stage_find(stage, "releases", "cart-2");
		const json_t *status =
			json_object_get(stage_find(stage, "deployments", "cart"), "status");

		was_empty |= json_integer_value(json_object_get(status, "replicas")) == 0;
		if (strcmp(config_stage_text(json_object_get(release, "status"), "phase"),
		           "Starting") == 0)
			break;
		assert_false(release && i == 3999);
		stage_run_ms(stage, 10);
	}
	assert_non_null(stage_find(stage, "releases", "cart-2"));
	assert_true(was_empty);
	stage_free(stage);
}

static void test_changed_in_mid_run(void **state)
{
	struct stage *stage = stage_new(1);
	const json_t *release;

	(void)state;
	config_stage_initialise(stage);
	config_stage_paint_blue(stage);
	assert_true(stage_run_to(stage, "Progressing", 60));
	stage_run(stage, 15);
	config_stage_paint(stage, "green");
	assert_true(stage_run_to(stage, "Succeeded", 300));
	release = stage_find(stage, "releases", "cart-2");
	assert_string_equal(config_stage_text(json_object_get(release, "status"), "outcome"),
	                    "superseded");
	assert_string_equal(config_stage_colour(stage, config_stage_mounted(stage)), "green");
	stage_free(stage);
}

/* And back again before it is promoted: there is nothing to analyse. */
static void test_changed_back(void **state)
{
	struct stage *stage = stage_new(1);
	const json_t *release;

	(void)state;
	config_stage_initialise(stage);
	config_stage_paint_blue(stage);
	assert_true(stage_run_to(stage, "Progressing", 60));
	config_stage_paint(stage, "red");
	stage_run(stage, 60);
	release = stage_find(stage, "releases", "cart-2");
	assert_string_equal(config_stage_text(json_object_get(release, "status"), "outcome"),
	                    "cancelled");
	assert_null(stage_find(stage, "releases", "cart-3"));
	assert_string_equal(config_stage_colour(stage, config_stage_mounted(stage)), "red");
	stage_free(stage);
}

static const char *why(struct stage *stage)
{
	const json_t *status = json_object_get(stage_find(stage, "canaries", "cart"), "status");
	const json_t *condition = json_array_get(json_object_get(status, "conditions"), 0);

	return config_stage_text(condition, "message");
}

/* One that is needed is missing: nothing is made; it comes, and all goes on. */
static void test_missing(void **state)
{
	struct stage *stage = stage_new(1);

	(void)state;
	config_stage_start_without(stage);
	config_stage_make_canary(stage);
	stage_run(stage, 120);
	assert_null(stage_find(stage, "releases", "cart-1"));
	assert_null(stage_find(stage, "deployments", "cart-primary"));
	assert_non_null(strstr(why(stage), "configmap settings.shop not found"));
	config_stage_make_settings(stage);
	assert_true(stage_run_to(stage, "Initialized", 120));
	assert_null(strstr(why(stage), "not found"));
	check_references(stage);
	stage_free(stage);
}

/* One that may be missing comes: that is a change. */
static void test_D_35_optional_one_comes(void **state)
{
	struct stage *stage = stage_new(1);
	const json_t *release;

	(void)state;
	config_stage_initialise(stage);
	stage_write(
		stage, HTTP_POST, CONFIG_MAPS,
		"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"extra\","
		"\"namespace\":\"shop\"},\"data\":{\"a\":\"b\"}}");
	assert_true(stage_run_to(stage, "Succeeded", 200));
	release = stage_find(stage, "releases", "cart-2");
	assert_string_equal(config_stage_text(config_stage_spec(release), "cause"), "config");
	stage_free(stage);
}

/* At rest nothing is asked; a change is told, and acted upon at once. */
static void test_rest(void **state)
{
	struct stage *stage = stage_new(1);

	(void)state;
	config_stage_initialise(stage);
	stage_run(stage, 60);
	flow_expect_rest(stage);
	config_stage_paint_blue(stage);
	stage_run(stage, 2);
	assert_non_null(stage_find(stage, "releases", "cart-2"));
	stage_free(stage);
}

/* Others' ConfigMaps change all the time: that is nothing to look at. */
static void test_others(void **state)
{
	struct stage *stage = stage_new(1);

	(void)state;
	config_stage_initialise(stage);
	stage_write(stage, HTTP_POST, CONFIG_MAPS,
	            "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"lock\","
	            "\"namespace\":\"shop\"},\"data\":{\"holder\":\"a\"}}");
	stage_run(stage, 60);
	apiserver_log_clear(stage_server(stage));
	for (int i = 0; i < 20; i++) {
		stage_write(stage, HTTP_PATCH, CONFIG_MAPS "/lock",
		            "{\"data\":{\"holder\":\"b\"}}");
		stage_write(stage, HTTP_PATCH, CONFIG_MAPS "/lock",
		            "{\"data\":{\"holder\":\"a\"}}");
		stage_run(stage, 2);
	}
	for (size_t i = 0; i < apiserver_count(stage_server(stage)); i++)
		assert_null(strstr(apiserver_entry_find(stage_server(stage), i)->url,
		                   "/configmaps/settings"));
	stage_free(stage);
}

/* The target went, its watch is late, and a config changes: it is not looked for again and again.
 */
static void test_target_is_gone(void **state)
{
	struct stage *stage = stage_new(1);

	(void)state;
	config_stage_initialise(stage);
	stage_run(stage, 60);
	apiserver_log_clear(stage_server(stage));
	stage_slow(stage, "/deployments", 10000);
	stage_write(stage, HTTP_DELETE, DEPLOYMENT, NULL);
	config_stage_paint_blue(stage);
	stage_run(stage, 5);
	assert_in_range(apiserver_count(stage_server(stage)), 1, 20);
	stage_free(stage);
}

/* With flagger.app/config-tracking: disabled, it is shared by both, and no change begins a run. */
static void test_opted_out(void **state)
{
	struct stage *stage = stage_new(1);

	(void)state;
	config_stage_make_settings(stage);
	stage_write(
		stage, HTTP_PATCH, SETTINGS,
		"{\"metadata\":{\"annotations\":{\"flagger.app/config-tracking\":\"disabled\"}}}");
	config_stage_start_without(stage);
	config_stage_make_canary(stage);
	assert_true(stage_run_to(stage, "Initialized", 60));
	assert_string_equal(config_stage_mounted(stage), "settings");
	config_stage_paint_blue(stage);
	stage_run(stage, 60);
	assert_null(stage_find(stage, "releases", "cart-2"));
	stage_free(stage);
}

/* What a Secret holds stands in the Secret and its copy alone. */
static void test_no_secret_is_told(void **state)
{
	static const char *const plurals[] = {"releases", "canaries", "events", "deployments",
	                                      "configmaps"};
	struct stage *stage = stage_new(1);

	(void)state;
	config_stage_initialise(stage);
	config_stage_paint_blue(stage);
	assert_true(stage_run_to(stage, "Succeeded", 200));
	for (size_t k = 0; k < array_length(plurals); k++) {
		const json_t *object;

		for (size_t i = 0;
		     (object = apiserver_at(stage_server(stage), plurals[k], i)) != NULL; i++) {
			char *text = json_dumps(object, 0);

			assert_null(strstr(text, SECRET_DATA));
			free(text);
		}
	}
	stage_free(stage);
}

/* What a promoted Release names is there: it can be undone to. */
static void check_copies(struct stage *stage, const json_t *release)
{
	const json_t *entries = json_object_get(config_stage_spec(release), "configs");

	assert_int_equal(json_array_size(entries), 3);
	for (size_t i = 0; i < json_array_size(entries); i++) {
		const json_t *entry = json_array_get(entries, i);
		bool is_secret = strcmp(config_stage_text(entry, "kind"), "Secret") == 0;

		if (config_stage_text(entry, "digest")[0])
			assert_non_null(stage_find(stage, is_secret ? "secrets" : "configmaps",
			                           config_stage_text(entry, "copy")));
	}
}

/* Runs come and go: copies stay that a kept Release names, others go, and never one in use. */
static void test_garbage(void **state)
{
	struct stage *stage = stage_new(1);
	char colour[16];
	size_t n_most = 0;

	(void)state;
	config_stage_initialise(stage);
	for (int i = 0; i < 16; i++) {
		text_format(colour, sizeof(colour), "shade-%d", i);
		config_stage_paint(stage, colour);
		assert_true(stage_run_to(stage, "Progressing", 60));
		assert_true(stage_run_to(stage, "Succeeded", 200));
		check_references(stage);
		stage_run(stage, 5);
		if (count(stage, "configmaps") > n_most)
			n_most = count(stage, "configmaps");
	}
	stage_run(stage, 60);
	for (size_t i = 0; i < count(stage, "releases"); i++)
		check_copies(stage, apiserver_at(stage_server(stage), "releases", i));
	assert_in_range(count(stage, "releases"), 10, 12);
	assert_in_range(n_most, 1, 1 + 16); /* those of Releases that went just now go next time */
	assert_int_equal(count(stage, "secrets"), 2);
	flow_delete_canary(stage);
	stage_run(stage, 120);
	assert_int_equal(count(stage, "configmaps"), 1);
	assert_int_equal(count(stage, "secrets"), 1);
	stage_free(stage);
}

/* A Canary made anew goes on with the copies of the one before, and takes them away in the end. */
static void test_made_anew(void **state)
{
	struct stage *stage = stage_new(1);

	(void)state;
	config_stage_initialise(stage);
	stage_kill(stage, 0);
	flow_delete_canary(stage);
	config_stage_make_canary(stage);
	stage_start(stage, 0);
	stage_run(stage, 60);
	check_references(stage);
	flow_delete_canary(stage);
	stage_run(stage, 120);
	assert_int_equal(count(stage, "configmaps"), 1);
	assert_int_equal(count(stage, "secrets"), 1);
	stage_free(stage);
}

/* The agent dies after that write of a teardown; the config changes, and the Canary is made anew.
 * False: the teardown has fewer. */
static bool made_anew_after(size_t nth)
{
	struct stage *stage = stage_new(1);
	bool is_reached;

	config_stage_initialise(stage);
	stage_fault(stage, STAGE_FAULT_CRASH, nth);
	flow_delete_canary(stage);
	for (int i = 0; i < 6000 && stage_writes(stage) < nth; i++)
		stage_run_ms(stage, 10);
	is_reached = stage_writes(stage) >= nth;
	config_stage_paint_blue(stage);
	config_stage_make_canary(stage);
	if (!stage_run_to(stage, "Succeeded", 300))
		assert_string_equal(stage_phase(stage), "Initialized");
	stage_run(stage, 10);
	assert_non_null(stage_find(stage, "deployments", "cart-primary"));
	check_references(stage);
	assert_string_equal(config_stage_colour(stage, config_stage_mounted(stage)), "blue");
	flow_delete_canary(stage);
	stage_run(stage, 120);
	assert_int_equal(count(stage, "configmaps"), 1);
	assert_int_equal(count(stage, "secrets"), 1);
	assert_int_equal(count(stage, "releases"), 0);
	stage_free(stage);
	return is_reached;
}

/* Wherever a teardown is cut short, the Canary that comes next has a primary in the end: made from
 * what was promoted, or, when the copies of its configs went, from the target that has the clients.
 */
static void test_made_anew_after_each_removal(void **state)
{
	size_t nth = 1;

	(void)state;
	while (made_anew_after(nth))
		nth++;
	assert_in_range(nth, 10, 40);
}

static void undo(struct stage *stage)
{
	char body[1024];

	text_format(
		body, sizeof(body),
		"{\"apiVersion\":\"serin.dev/v1alpha1\",\"kind\":\"Action\",\"metadata\":{\"name\":"
		"\"cart-undo-1\",\"namespace\":\"shop\",\"labels\":{\"serin.dev/canary\":\"cart\"}},"
		"\"spec\":{\"verb\":\"undo\",\"canary\":{\"name\":\"cart\",\"uid\":\"%s\"},\"release\":{"
		"\"name\":\"cart-2\",\"uid\":\"%s\"},\"requestedBy\":\"alice\"}}",
		config_stage_text(config_stage_metadata(stage_find(stage, "canaries", "cart")),
	                          "uid"),
		config_stage_text(config_stage_metadata(stage_find(stage, "releases", "cart-2")),
	                          "uid"));
	stage_write(stage, HTTP_POST, "/apis/serin.dev/v1alpha1/namespaces/shop/actions", body);
}

/* The copies go with the primary that uses them, and back to the one before by an undo. */
static void test_undo(void **state)
{
	struct stage *stage = stage_new(1);

	(void)state;
	config_stage_initialise(stage);
	config_stage_paint_blue(stage);
	assert_true(stage_run_to(stage, "Succeeded", 200));
	stage_run(stage, 10);
	undo(stage);
	stage_run(stage, 120);
	assert_string_equal(config_stage_colour(stage, config_stage_mounted(stage)), "red");
	assert_string_equal(config_stage_colour(stage, "settings"), "blue");
	assert_null(stage_find(stage, "releases", "cart-4")); /* blue counts as handled */
	config_stage_paint(stage, "green");
	assert_true(stage_run_to(stage, "Progressing", 60));
	assert_non_null(stage_find(stage, "releases", "cart-4"));
	stage_free(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_initialise),
		cmocka_unit_test(test_D_10_a_changed_config_is_promoted),
		cmocka_unit_test(test_a_changed_config_is_rolled_back),
		cmocka_unit_test(test_teardown),
		cmocka_unit_test(test_made_anew),
		cmocka_unit_test(test_made_anew_after_each_removal),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_D_10_pods_begin_anew),
		cmocka_unit_test(test_changed_in_mid_run),
		cmocka_unit_test(test_changed_back),
		cmocka_unit_test(test_rest),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_D_35_optional_one_comes),
		cmocka_unit_test(test_target_is_gone),
		cmocka_unit_test(test_opted_out),
		cmocka_unit_test(test_no_secret_is_told),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_undo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
