/* What is proven of what Flagger left: which template its primary runs, and what it saw last. */
#include "providers/flagger_hash.h"
#include "providers/kube/adoption.h"
#include "providers/kube/config.h"
#include "providers/kube/pod_template.h"
#include "providers/kube/tree.h"
#include "tests/providers/cart.h"
#include "tests/providers/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char target[] =
	"{'metadata': {'labels': {'app': 'cart', 'tier': 'web'}, 'annotations': {'a': 'b',"
	" 'serin.dev/x': 'y'}}, 'spec': {'containers': [{'name': 'web', 'image': 'web:1', 'envFrom':"
	" [{'configMapRef': {'name': 'settings'}}]}], 'affinity': {'podAntiAffinity':"
	" {'requiredDuringSchedulingIgnoredDuringExecution': [{'labelSelector': {'matchExpressions':"
	" [{'key': 'app', 'operator': 'In', 'values': ['cart']}]}}]}}}}";

static const char primary[] =
	"{'metadata': {'creationTimestamp': null, 'labels': {'app': 'cart-primary', 'tier': 'web'},"
	" 'annotations': {'a': 'b', 'flagger-id': 'f'}}, 'spec': {'containers': [{'name': 'web',"
	" 'image': 'web:1', 'envFrom': [{'configMapRef': {'name': 'settings-primary'}}]}],"
	" 'affinity': {'podAntiAffinity': {'requiredDuringSchedulingIgnoredDuringExecution':"
	" [{'labelSelector': {'matchExpressions': [{'key': 'app', 'operator': 'In', 'values':"
	" ['cart-primary']}]}}]}}}}";

static const char entries[] =
	"[{'kind': 'ConfigMap', 'name': 'settings', 'digest': 'd', 'copy': 'settings-primary'}]";

struct desk {
	struct cart cart;
	json_t *target;
	json_t *primary;
	json_t *entries;
};

static void open_desk(struct desk *desk, const char *change_target, const char *change_primary)
{
	cart_init(&desk->cart, "{}");
	desk->target = merge_text(target, change_target);
	desk->primary = merge_text(primary, change_primary);
	desk->entries = merge_parse(entries);
}

static void close_desk(struct desk *desk)
{
	json_decref(desk->target);
	json_decref(desk->primary);
	json_decref(desk->entries);
	cart_fini(&desk->cart);
}

static void test_template(void **state)
{
	static const struct {
		const char *target; /* what is different */
		const char *primary;
		bool is_same;
		bool is_proven;
	} rows[] = {
		{"{}", "{}", true, true},
		/* ours, and what is Flagger's to leave out */
		{"{'metadata': {'annotations': {'serin.dev/z': 'q'}}}", "{}", true, true},
		{"{'metadata': {'annotations': {'kustomize.toolkit.fluxcd.io/x': 'y'}}}", "{}",
	         true, true},
		/* another revision in the target */
		{"{'spec': {'containers': [{'name': 'web', 'image': 'web:2'}]}}", "{}", false,
	         true},
		/* somebody restarted the primary by hand */
		{"{}", "{'metadata': {'annotations': {'kubectl.kubernetes.io/restartedAt': 't'}}}",
	         false, true},
		/* pods of another label are none that Flagger makes */
		{"{}", "{'metadata': {'labels': {'app': 'other'}}}", false, false},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct desk desk;
		struct err err = {0};
		json_t *template = NULL;
		json_t *again;
		bool is_same = false;

		open_desk(&desk, rows[i].target, rows[i].primary);
		assert_int_equal(kube_adoption_template(&desk.cart.world, desk.target, desk.primary,
		                                        desk.entries, &template, &is_same, &err),
		                 rows[i].is_proven);
		assert_int_equal(is_same, rows[i].is_same);
		if (rows[i].is_proven) {
			again = kube_pod_template_primary(&desk.cart.world, template,
			                                  is_same ? desk.entries : NULL, "f");
			assert_true(kube_pod_template_is_same(again, desk.primary));
			json_decref(again);
		} else {
			assert_non_null(
				strstr(err.text, "cart-primary.shop: its template is none"));
		}
		json_decref(template);
		close_desk(&desk);
	}
}

/* The Deployment of the desk's target, which somebody wrote at TIME. */
static json_t *deployment(const struct desk *desk, const char *time)
{
	json_t *object = merge_parse(
		"{'metadata': {'managedFields': [{'manager': 'kubectl', 'fieldsV1': {'f:spec':"
		" {'f:template': {}}}}, {'manager': 'flagger', 'time': '2026-02-01T00:00:00Z',"
		" 'fieldsV1': {'f:spec': {'f:replicas': {}}}}]}, 'spec': {}}");
	json_t *entry = json_array_get(kube_tree_find(object, "metadata/managedFields"), 0);

	kube_tree_set_text(entry, "time", time);
	kube_tree_set(json_object_get(object, "spec"), "template", json_incref(desk->target));
	return object;
}

static void test_seen(void **state)
{
	static const struct {
		const char *phase;
		const char *applied; /* NULL: the right one */
		const char *written;
		bool is_seen;
	} rows[] = {
		{"Succeeded", NULL, "2026-01-01T00:00:05Z", true},
		{"Progressing", NULL, "2026-01-01T00:00:05Z", true},
		{"Succeeded", "4cb74184589", "2026-01-01T00:00:05Z", false},
		{"Succeeded", "", "2026-01-01T00:00:00Z", false},
		/* at each check in Failed Flagger takes in what is there: that nobody wrote since
	           is as good, but only there */
		{"Failed", "4cb74184589", "2026-01-01T00:00:00Z", true},
		{"Succeeded", "4cb74184589", "2026-01-01T00:00:00Z", false},
		/* the same second proves nothing, and neither does nothing */
		{"Failed", "4cb74184589", "2026-01-01T00:00:01Z", false},
		{"Failed", "4cb74184589", "", false},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct desk desk;
		char hash[FLAGGER_HASH_MAX];
		size_t length;
		json_t *object;
		json_t *status;

		open_desk(&desk, "{}", "{}");
		assert_true(flagger_hash_template(desk.target, false, hash, &length));
		object = deployment(&desk, rows[i].written);
		status = json_pack("{ss ss ss}", "phase", rows[i].phase, "lastAppliedSpec",
		                   rows[i].applied ? rows[i].applied : hash, "lastTransitionTime",
		                   "2026-01-01T00:00:01Z");
		assert_int_equal(kube_adoption_is_seen(object, status), rows[i].is_seen);
		json_decref(status);
		json_decref(object);
		close_desk(&desk);
	}
}

static void test_configs(void **state)
{
	static const struct {
		const char *source;
		const char *copy;
		const char *tracked;
		bool is_seen;
		bool is_source; /* the entry's digest is the source's */
	} rows[] = {
		/* binaryData is none that Flagger copies or looks at */
		{"{'data': {'color': 'red'}, 'binaryData': {'b': 'eA=='}}",
	         "{'data': {'color': 'red'}}", "{'configmap/settings': '241889ca0604e333'}", true,
	         true},
		/* it changed, and Flagger did not look yet */
		{"{'data': {'color': 'blue'}}", "{'data': {'color': 'red'}}",
	         "{'configmap/settings': '241889ca0604e333'}", false, false},
		/* it did: the run under way, or the one that failed, is of it */
		{"{'data': {'color': 'red'}}", "{'data': {'color': 'blue'}}",
	         "{'configmap/settings': '241889ca0604e333'}", true, false},
		/* one that it never saw; one that it does not look at */
		{"{'data': {'color': 'red'}}", "{'data': {'color': 'red'}}", "{}", false, true},
		{"{'data': {'color': 'red'}}", "{'data': {'color': 'red'}}", NULL, true, true},
		/* no copy is there: nothing is known of what it held */
		{"{'data': {'color': 'red'}}", NULL, "{'configmap/settings': '241889ca0604e333'}",
	         true, true},
		/* an optional one that went */
		{NULL, NULL, "{}", true, true},
		{NULL, NULL, "{'configmap/settings': '241889ca0604e333'}", false, true},
	};
	json_t *reference =
		merge_parse("{'kind': 'ConfigMap', 'name': 'settings', 'optional': false}");

	for (size_t i = 0; i < array_length(rows); i++) {
		json_t *source = rows[i].source ? merge_parse(rows[i].source) : NULL;
		json_t *copy = rows[i].copy ? merge_parse(rows[i].copy) : NULL;
		json_t *tracked = rows[i].tracked ? merge_parse(rows[i].tracked) : NULL;
		struct kube_adoption_config config = {reference, source, copy, tracked};
		struct desk desk;
		char digest[DIGEST_MAX] = "";
		bool is_seen;
		json_t *entry;

		open_desk(&desk, "{}", "{}");
		entry = kube_adoption_entry(&desk.cart.world, desk.primary, &config, &is_seen);
		if (source)
			kube_config_digest(source, digest);
		assert_int_equal(is_seen, rows[i].is_seen);
		assert_int_equal(strcmp(kube_tree_text(entry, "digest"), digest) == 0,
		                 rows[i].is_source);
		assert_string_equal(kube_tree_text(entry, "copy"), "settings-primary");
		assert_true(kube_config_is_found(entry));
		json_decref(entry);
		json_decref(source);
		json_decref(copy);
		json_decref(tracked);
		close_desk(&desk);
	}
	json_decref(reference);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_template),
		cmocka_unit_test(test_seen),
		cmocka_unit_test(test_configs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
