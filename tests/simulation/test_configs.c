/*
 * Whole agents with a target that refers to a ConfigMap (a volume, envFrom) and a Secret (env):
 * what changes in them is analysed before the primary gets it, from copies that nobody changes
 * (D-10, D-35).
 */
#include "analysis/base/text.h"
#include "providers/kube/tree.h"
#include "tests/simulation/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STEPS       "\"stepWeight\":20,\"maxWeight\":40"
#define CONFIG_MAPS "/api/v1/namespaces/shop/configmaps"
#define SECRETS     "/api/v1/namespaces/shop/secrets"
#define DEPLOYMENT  "/apis/apps/v1/namespaces/shop/deployments/cart"
#define SETTINGS    CONFIG_MAPS "/settings"

#define SECRET_DATA "aHVudGVyMg==" /* of which nothing is to be found elsewhere */

static const char template[] =
	"{\"spec\":{\"template\":{\"spec\":{\"volumes\":[{\"name\":\"v\",\"configMap\":{\"name\":\"settings\"}}],"
	"\"containers\":[{\"name\":\"web\",\"image\":\"web:%s\",\"envFrom\":[{\"configMapRef\":{\"name\":"
	"\"settings\"}},{\"configMapRef\":{\"name\":\"extra\",\"optional\":true}}],\"env\":[{\"name\":\"KEY\","
	"\"valueFrom\":{\"secretKeyRef\":{\"name\":\"keys\",\"key\":\"key\"}}}]}]}}}}";

static void push(struct stage *stage, const char *version)
{
	char body[1024];

	text_format(body, sizeof(body), template, version);
	stage_write(stage, HTTP_PATCH, DEPLOYMENT, body);
}

static void write_settings(struct stage *stage, const char *colour)
{
	char body[256];

	text_format(body, sizeof(body), "{\"data\":{\"colour\":\"%s\"}}", colour);
	stage_write(stage, HTTP_PATCH, SETTINGS, body);
}

static void make_settings(struct stage *stage)
{
	stage_write(
		stage, HTTP_POST, CONFIG_MAPS,
		"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"settings\","
		"\"namespace\":\"shop\"},\"data\":{\"colour\":\"red\"},\"binaryData\":{\"logo\":"
		"\"AAEC\"}}");
}

static void start_without(struct stage *stage)
{
	stage_deploy(stage, "v1");
	push(stage, "v1");
	stage_write(
		stage, HTTP_POST, SECRETS,
		"{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"type\":\"Opaque\",\"metadata\":{\"name\":"
		"\"keys\",\"namespace\":\"shop\"},\"data\":{\"key\":\"" SECRET_DATA "\"}}");
	stage_start(stage, 0);
	stage_run(stage, 3);
}

static void start(struct stage *stage)
{
	make_settings(stage);
	start_without(stage);
}

static void make_canary(struct stage *stage)
{
	stage_canary(stage, "nginx", STEPS);
}

static void initialised(struct stage *stage)
{
	start(stage);
	make_canary(stage);
	assert_true(stage_run_to(stage, "Initialized", 60));
	stage_run(stage, 10);
}

static void turn_blue(struct stage *stage)
{
	write_settings(stage, "blue");
}

static void turn_slow(struct stage *stage)
{
	stage_metrics(stage, 100, 2000);
	write_settings(stage, "grey");
}

static const struct flow flows[] = {
	{"initialise with configs", start, make_canary, "Initialized"},
	{"a changed config is promoted", initialised, turn_blue, "Succeeded"},
	{"a changed config is rolled back", initialised, turn_slow, "Failed"},
	{"the Canary is deleted", initialised, flow_delete_canary, ""},
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

static const json_t *metadata_of(const json_t *object)
{
	return json_object_get(object, "metadata");
}

static const json_t *spec_of(const json_t *object)
{
	return json_object_get(object, "spec");
}

/* The ConfigMap that the primary's pods mount, as its template names it. */
static const char *mounted(struct stage *stage)
{
	const json_t *primary = stage_find(stage, "deployments", "cart-primary");
	const json_t *pods = spec_of(json_object_get(spec_of(primary), "template"));
	const json_t *volume = json_array_get(json_object_get(pods, "volumes"), 0);

	return kube_tree_value(json_object_get(volume, "configMap"), "name");
}

static const char *colour_of(struct stage *stage, const char *name)
{
	return kube_tree_value(json_object_get(stage_find(stage, "configmaps", name), "data"),
	                       "colour");
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
	assert_non_null(stage_find(stage, "configmaps", mounted(stage)));
}

static void test_copies(void **state)
{
	struct stage *stage = stage_new(1);
	const json_t *copy;
	const json_t *release;
	char first[NAME_MAX_K8S];

	(void)state;
	initialised(stage);
	text_copy(first, mounted(stage));
	assert_int_equal(strncmp(first, "settings-primary-", 17), 0);
	copy = stage_find(stage, "configmaps", first);
	assert_true(json_is_true(json_object_get(copy, "immutable")));
	assert_string_equal(kube_tree_value(json_object_get(copy, "data"), "colour"), "red");
	assert_string_equal(kube_tree_value(json_object_get(copy, "binaryData"), "logo"),
	                    "AAEC"); /* D-35 */
	assert_string_equal(kube_tree_value(json_object_get(metadata_of(copy), "labels"),
	                                    "serin.dev/canary-uid"),
	                    kube_tree_value(metadata_of(stage_find(stage, "canaries", "cart")),
	                                    "uid"));
	assert_int_equal(count(stage, "configmaps"), 2);
	assert_int_equal(count(stage, "secrets"), 2);
	write_settings(stage, "blue");
	assert_true(stage_run_to(stage, "Progressing", 60));
	release = stage_find(stage, "releases", "cart-2");
	assert_string_equal(kube_tree_value(spec_of(release), "cause"), "config");
	assert_string_equal(mounted(stage), first);
	assert_true(stage_run_to(stage, "Succeeded", 200));
	assert_string_not_equal(mounted(stage), first);
	assert_string_equal(colour_of(stage, mounted(stage)), "blue");
	assert_string_equal(colour_of(stage, first), "red"); /* for the way back */
	stage_free(stage);
}

/* Pods that began with the old config are not what is analysed. */
static void test_D_10_pods_begin_anew(void **state)
{
	struct stage *stage = stage_new(1);
	bool was_empty = false;

	(void)state;
	initialised(stage);
	/* somebody has scaled it up meanwhile */
	stage_write(stage, HTTP_PATCH, DEPLOYMENT, "{\"spec\":{\"replicas\":2}}");
	stage_run(stage, 5);
	write_settings(stage, "blue");
	for (int i = 0; i < 400; i++) {
		const json_t *release = stage_find(stage, "releases", "cart-2");
		const json_t *status =
			json_object_get(stage_find(stage, "deployments", "cart"), "status");

		was_empty |= json_integer_value(json_object_get(status, "replicas")) == 0;
		if (strcmp(kube_tree_value(json_object_get(release, "status"), "phase"),
		           "Starting") == 0)
			break;
		assert_false(release && i == 399);
		stage_run_ms(stage, 100);
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
	initialised(stage);
	turn_blue(stage);
	assert_true(stage_run_to(stage, "Progressing", 60));
	stage_run(stage, 15);
	write_settings(stage, "green");
	assert_true(stage_run_to(stage, "Succeeded", 300));
	release = stage_find(stage, "releases", "cart-2");
	assert_string_equal(kube_tree_value(json_object_get(release, "status"), "outcome"),
	                    "superseded");
	assert_string_equal(colour_of(stage, mounted(stage)), "green");
	stage_free(stage);
}

/* And back again before it is promoted: there is nothing to analyse. */
static void test_changed_back(void **state)
{
	struct stage *stage = stage_new(1);
	const json_t *release;

	(void)state;
	initialised(stage);
	turn_blue(stage);
	assert_true(stage_run_to(stage, "Progressing", 60));
	write_settings(stage, "red");
	stage_run(stage, 60);
	release = stage_find(stage, "releases", "cart-2");
	assert_string_equal(kube_tree_value(json_object_get(release, "status"), "outcome"),
	                    "cancelled");
	assert_null(stage_find(stage, "releases", "cart-3"));
	assert_string_equal(colour_of(stage, mounted(stage)), "red");
	stage_free(stage);
}

static const char *why(struct stage *stage)
{
	const json_t *status = json_object_get(stage_find(stage, "canaries", "cart"), "status");
	const json_t *condition = json_array_get(json_object_get(status, "conditions"), 0);

	return kube_tree_value(condition, "message");
}

/* One that is needed is missing: nothing is made; it comes, and all goes on. */
static void test_missing(void **state)
{
	struct stage *stage = stage_new(1);

	(void)state;
	start_without(stage);
	make_canary(stage);
	stage_run(stage, 120);
	assert_null(stage_find(stage, "releases", "cart-1"));
	assert_null(stage_find(stage, "deployments", "cart-primary"));
	assert_non_null(strstr(why(stage), "configmap settings.shop not found"));
	make_settings(stage);
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
	initialised(stage);
	stage_write(
		stage, HTTP_POST, CONFIG_MAPS,
		"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"extra\","
		"\"namespace\":\"shop\"},\"data\":{\"a\":\"b\"}}");
	assert_true(stage_run_to(stage, "Succeeded", 200));
	release = stage_find(stage, "releases", "cart-2");
	assert_string_equal(kube_tree_value(spec_of(release), "cause"), "config");
	stage_free(stage);
}

/* With flagger.app/config-tracking: disabled, it is shared by both, and no change begins a run. */
static void test_opted_out(void **state)
{
	struct stage *stage = stage_new(1);

	(void)state;
	make_settings(stage);
	stage_write(
		stage, HTTP_PATCH, SETTINGS,
		"{\"metadata\":{\"annotations\":{\"flagger.app/config-tracking\":\"disabled\"}}}");
	start_without(stage);
	make_canary(stage);
	assert_true(stage_run_to(stage, "Initialized", 60));
	assert_string_equal(mounted(stage), "settings");
	turn_blue(stage);
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
	initialised(stage);
	turn_blue(stage);
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
	const json_t *entries = json_object_get(spec_of(release), "configs");

	assert_int_equal(json_array_size(entries), 3);
	for (size_t i = 0; i < json_array_size(entries); i++) {
		const json_t *entry = json_array_get(entries, i);
		bool is_secret = strcmp(kube_tree_value(entry, "kind"), "Secret") == 0;

		if (kube_tree_value(entry, "digest")[0])
			assert_non_null(stage_find(stage, is_secret ? "secrets" : "configmaps",
			                           kube_tree_value(entry, "copy")));
	}
}

/* Runs come and go: copies stay that a kept Release names, others go, and never one in use. */
static void test_garbage(void **state)
{
	struct stage *stage = stage_new(1);
	char colour[16];
	size_t n_most = 0;

	(void)state;
	initialised(stage);
	for (int i = 0; i < 16; i++) {
		text_format(colour, sizeof(colour), "shade-%d", i);
		write_settings(stage, colour);
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

static void undo(struct stage *stage)
{
	char body[1024];

	text_format(
		body, sizeof(body),
		"{\"apiVersion\":\"serin.dev/v1alpha1\",\"kind\":\"Action\",\"metadata\":{\"name\":"
		"\"cart-undo-1\",\"namespace\":\"shop\",\"labels\":{\"serin.dev/canary\":\"cart\"}},"
		"\"spec\":{\"verb\":\"undo\",\"canary\":{\"name\":\"cart\",\"uid\":\"%s\"},\"release\":{"
		"\"name\":\"cart-2\",\"uid\":\"%s\"},\"requestedBy\":\"alice\"}}",
		kube_tree_value(metadata_of(stage_find(stage, "canaries", "cart")), "uid"),
		kube_tree_value(metadata_of(stage_find(stage, "releases", "cart-2")), "uid"));
	stage_write(stage, HTTP_POST, "/apis/serin.dev/v1alpha1/namespaces/shop/actions", body);
}

/* The copies go with the primary that uses them, and back to the one before by an undo. */
static void test_undo(void **state)
{
	struct stage *stage = stage_new(1);

	(void)state;
	initialised(stage);
	turn_blue(stage);
	assert_true(stage_run_to(stage, "Succeeded", 200));
	stage_run(stage, 10);
	undo(stage);
	stage_run(stage, 120);
	assert_string_equal(colour_of(stage, mounted(stage)), "red");
	assert_string_equal(colour_of(stage, "settings"), "blue");
	assert_null(stage_find(stage, "releases", "cart-4")); /* blue counts as handled */
	write_settings(stage, "green");
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
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_D_10_pods_begin_anew),
		cmocka_unit_test(test_changed_in_mid_run),
		cmocka_unit_test(test_changed_back),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_D_35_optional_one_comes),
		cmocka_unit_test(test_opted_out),
		cmocka_unit_test(test_no_secret_is_told),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_undo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
